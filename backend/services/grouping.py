"""Near-duplicate questions of a workspace get one group, across its documents."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from backend.embeddings.base import Embedder
from backend.errors import JobCancelled
from backend.faqs.dedup import Question, group_duplicates
from backend.repositories.uow import UnitOfWork
from backend.tracing.track import track

KEYS: Final = 100
"""Wordings compared in one transaction; each has at least two questions."""


Decide = Callable[[Sequence[Question]], Awaitable[dict[UUID, UUID]]]
"""The groups of those questions that get one now, by FAQ id."""


async def place(uow: UnitOfWork, workspace_id: UUID, alike: Sequence[Question], decide: Decide) -> int:
    """Writes the groups of some questions; says how many got one."""
    while True:
        groups = await decide(alike)
        async with uow(workspace_id) as tx:
            # Another process may have compared meanwhile; then this comparison is out of date.
            now = await tx.faqs.groups_of([one.id for one in alike])
            if now == {one.id: one.group for one in alike}:
                await tx.faqs.set_groups(groups)
                return len(groups)
        alike = [replace(one, group=now[one.id]) for one in alike if one.id in now]


class Compared(BaseModel):
    grouped: int


class Grouping:
    """Only questions with the same words are compared, and those are found by their key: what one document costs does
    not grow with the workspace."""

    def __init__(self, uow: UnitOfWork, embedder: Embedder) -> None:
        self._uow = uow
        self._embedder = embedder
        self._comparing = asyncio.Lock()

    @track("extraction.compare")
    async def compare(self, workspace_id: UUID, document_id: UUID) -> Compared:
        """Groups the document's questions with the near-duplicates of the whole workspace.

        Documents are compared one after the other: two at once would each start a group for the same question.
        Raises `JobCancelled` when the document was deleted.
        """
        async with self._comparing:
            alike = self._alike(workspace_id, document_id)
            return Compared(
                grouped=sum([await place(self._uow, workspace_id, some, self._grouped) async for some in alike])
            )

    async def _alike(self, workspace_id: UUID, document_id: UUID) -> AsyncIterator[list[Question]]:
        """The document's questions with those of the workspace that have the same words, some wordings at a time."""
        last = ""
        while True:
            async with self._uow.read(workspace_id) as tx:
                if await tx.documents.find(document_id) is None:
                    raise JobCancelled("the document was deleted")
                keys = await tx.faqs.shared_keys(document_id, after=last, limit=KEYS)
                questions = [Question(*row) for row in await tx.faqs.questions_with(keys)]
            if not keys:
                return
            yield questions
            last = keys[-1]

    async def _grouped(self, alike: Sequence[Question]) -> dict[UUID, UUID]:
        """FAQ id -> group, for those that get one.

        Also another document's question that has none yet is placed: its document may have been compared when it was
        the only one, and the group must not depend on who came first.
        """
        new = [row for row, question in enumerate(alike) if question.group is None]
        if not new:
            return {}
        texts = list(dict.fromkeys(question.text for question in alike))
        place = {text: row for row, text in enumerate(texts)}
        made = await self._embedder.embed(texts, kind="query")
        vectors = made[[place[question.text] for question in alike]]
        old = [row for row, question in enumerate(alike) if question.group is not None]
        existing = [([alike[row] for row in old], vectors[old])] if old else []
        return await asyncio.to_thread(group_duplicates, [alike[row] for row in new], vectors[new], existing)
