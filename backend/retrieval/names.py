"""Documents by the names that questions give them."""

from collections.abc import Sequence
from typing import Final

from backend.repositories.uow import UnitOfWork
from backend.retrieval.base import Scope
from backend.retrieval.planner import NamedDocument

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
