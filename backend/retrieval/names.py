"""Documents by the names that questions give them, and the names by which a model knows collections."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from backend.repositories.contents import titles_in
from backend.repositories.uow import UnitOfWork
from backend.retrieval.base import Scope
from backend.retrieval.planner import NamedDocument

SAMPLES: Final = 5
FEW: Final = 2
"""More than one is as good as many: the name does not tell which."""


class DocumentNames:
    """Implements `FindDocuments` over a workspace's documents."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def __call__(self, scope: Scope, text: str) -> Sequence[NamedDocument]:
        async with self._uow.read(scope.workspace_id) as tx:
            found = await tx.documents.named(text, limit=FEW)
        return [NamedDocument(document.id, document.title or document.name) for document in found]


class CollectionContents:
    """Implements `Contents` over a workspace's collections."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def __call__(self, scope: Scope) -> Mapping[UUID, Sequence[str]]:
        async with self._uow.read(scope.workspace_id) as tx:
            return {id: await titles_in(tx, id, limit=SAMPLES) for id in scope.collections}
