from uuid import UUID

from backend.db import models
from backend.repositories.paging import Slice
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from contracts import chat as wire
from contracts.page import Page
from contracts.problem import Problem


class ConversationService:
    """Saved conversations of a workspace."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def page(self, principal: Principal, slice_: Slice) -> Page[wire.ConversationSummary]:
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.conversations.page(slice_)
            counts = await tx.conversations.message_counts([row.id for row in rows])
        return Page(items=[_summary(row, counts.get(row.id, 0)) for row in rows], next_cursor=cursor)

    async def get(self, principal: Principal, conversation_id: UUID) -> wire.Conversation:
        async with self._uow.read(principal.workspace_id) as tx:
            row = await tx.conversations.get(conversation_id)
            turns = await tx.conversations.messages(conversation_id)
        summary = _summary(row, len(turns))
        return wire.Conversation(**summary.model_dump(), turns=[_turn(message) for message in turns])

    async def delete(self, principal: Principal, conversation_id: UUID) -> None:
        async with self._uow(principal.workspace_id) as tx:
            await tx.conversations.delete(await tx.conversations.get(conversation_id))


def _summary(row: models.Conversation, messages: int) -> wire.ConversationSummary:
    return wire.ConversationSummary(
        id=row.id,
        title=row.title,
        collection_id=row.collection_id,
        messages=messages,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _turn(row: models.Message) -> wire.ConversationMessage:
    return wire.ConversationMessage(
        id=row.id,
        role="user" if row.role == "user" else "assistant",
        content=row.content,
        answer=wire.ChatAnswer.model_validate(row.answer) if row.answer else None,
        error=Problem.model_validate(row.error) if row.error else None,
        created_at=row.created_at,
    )
