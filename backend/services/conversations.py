"""Saved conversations, and whose they are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from backend.db import models
from backend.db.models import utc_now
from backend.errors import Forbidden, NexusError
from backend.problems import problem_of
from backend.repositories.conversations import EVERYBODYS, ConversationFilter
from backend.repositories.paging import Slice
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal, Role
from contracts import chat as wire
from contracts.page import Page
from contracts.problem import Problem

OPEN: Final = timedelta(days=1)
"""How old a question without its answer is at most that a start looks for."""


class BrokenOff(NexusError):
    """The process ended while it answered."""

    code, title, retryable = "broken_off", "The answer was broken off", True


class ConversationService:
    """A conversation belongs to the API key that began it, or to the local user; others do not learn that it exists.

    An admin sees and deletes all of them, and owns those from before owners were kept. What a revoked key began stays,
    with the admins: the key that replaces it begins with none.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def page(
        self,
        principal: Principal,
        slice_: Slice,
        *,
        text: str = "",
        everybody: bool = False,
        sources: Sequence[wire.ConversationSource] = (),
    ) -> Page[wire.ConversationSummary]:
        """One's own, or `everybody`'s, which raises `Forbidden` for whom is no admin. `text` is part of the title.
        Of no `sources`: of all."""
        if everybody and principal.role is not Role.ADMIN:
            raise Forbidden("only an admin may list everybody's conversations; leave out 'all'")
        where = replace(EVERYBODYS if everybody else owned_by(principal), text=text, sources=sources)
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.conversations.page(where, slice_)
            counts = await tx.conversations.message_counts([row.id for row in rows])
        return Page(items=[_summary(row, counts.get(row.id, 0), principal) for row in rows], next_cursor=cursor)

    async def get(self, principal: Principal, conversation_id: UUID) -> wire.Conversation:
        async with self._uow.read(principal.workspace_id) as tx:
            row = await tx.conversations.get(conversation_id, readable_by(principal))
            turns = await tx.conversations.messages(conversation_id)
        return shown(row, turns, principal)

    async def unanswered(
        self, principal: Principal, slice_: Slice, *, sources: Sequence[wire.ConversationSource] = ()
    ) -> Page[wire.UnansweredQuestion]:
        """Everybody's, newest first, for those who write the answers; those that a FAQ answers since name it."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.conversations.unanswered(slice_, ConversationFilter(sources=sources))
            ids = list({answer.conversation_id for answer, _ in rows})
            begun = await tx.conversations.sources(ids)
            readable = await tx.conversations.those_of(ids, readable_by(principal))
            written = await tx.faqs.approved_with_question(list({question for _, question in rows}))
        items = [
            wire.UnansweredQuestion(
                message_id=answer.id,
                conversation_id=answer.conversation_id if answer.conversation_id in readable else None,
                question=question,
                asked_at=answer.created_at,
                faq_id=written.get(question),
                source=_source(begun.get(answer.conversation_id)),
            )
            for answer, question in rows
        ]
        return Page(items=items, next_cursor=cursor)

    async def end_open(self) -> None:
        """At a start that finds nobody else running: the answers that were under way died with their process."""
        broken = BrokenOff("AI Nexus ended before this answer did; ask again")
        error = problem_of(broken).model_dump(mode="json")
        async with self._uow.all_workspaces() as all_workspaces:
            await all_workspaces.end_open_questions(error, since=utc_now() - OPEN)

    async def delete(self, principal: Principal, conversation_id: UUID) -> None:
        async with self._uow(principal.workspace_id) as tx:
            await tx.conversations.delete(await tx.conversations.get(conversation_id, readable_by(principal)))


def owner_of(principal: Principal) -> str:
    """What stands in `Conversation.owner` for this caller."""
    return "local" if principal.key_id is None else str(principal.key_id)


def owned_by(principal: Principal) -> ConversationFilter:
    return ConversationFilter(owner_of(principal), with_ownerless=principal.role is Role.ADMIN)


def readable_by(principal: Principal) -> ConversationFilter:
    return EVERYBODYS if principal.role is Role.ADMIN else owned_by(principal)


def is_owner(principal: Principal, row: models.Conversation) -> bool:
    return row.owner == owner_of(principal) or (row.owner is None and principal.role is Role.ADMIN)


def shown(row: models.Conversation, turns: Sequence[models.Message], principal: Principal) -> wire.Conversation:
    summary = _summary(row, len(turns), principal)
    return wire.Conversation(**summary.model_dump(), turns=[_turn(message) for message in turns])


def _source(stored: str | None) -> wire.ConversationSource:
    return "pages" if stored == "pages" else "program" if stored == "program" else "unknown"


def _summary(row: models.Conversation, messages: int, principal: Principal) -> wire.ConversationSummary:
    return wire.ConversationSummary(
        id=row.id,
        title=row.title,
        is_mine=is_owner(principal, row),
        source=_source(row.source),
        collection_id=row.collection_id,
        agent_id=row.agent_id,
        model=row.model,
        messages=messages,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _turn(row: models.Message) -> wire.ConversationMessage:
    return wire.ConversationMessage(
        id=row.id,
        role="user" if row.role == "user" else "assistant",
        content=row.content,
        documents=row.documents,
        answer=wire.ChatAnswer.model_validate(row.answer) if row.answer else None,
        error=Problem.model_validate(row.error) if row.error else None,
        created_at=row.created_at,
    )
