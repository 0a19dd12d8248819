from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from backend.db.models import Conversation, Message, utc_now
from backend.errors import NotFound
from backend.repositories.paging import Keyset, Slice, page_of
from backend.repositories.rows import table_of, values_of


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """`owner` None: everybody's. `with_ownerless`: also those from before owners were kept. `text` is in the title.

    `sources` are all when there is none; "unknown" is that of those from before it was kept.
    """

    owner: str | None = None
    with_ownerless: bool = False
    text: str = ""
    sources: Sequence[str] = ()


EVERYBODYS: Final = ConversationFilter()

_CONVERSATION: Final = table_of(Conversation)
_BEGIN = sa.insert(_CONVERSATION)
_SAY = sa.insert(table_of(Message))
_EXISTS = sa.select(_CONVERSATION.c.id).where(
    _CONVERSATION.c.workspace_id == sa.bindparam("workspace"), _CONVERSATION.c.id == sa.bindparam("conversation")
)
_TOUCH = (
    sa.update(_CONVERSATION)
    .where(_CONVERSATION.c.id == sa.bindparam("conversation"))
    .values(updated_at=sa.bindparam("now"))
)


class ConversationRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> sa.Select[Conversation]:
        """Without those whose time is over."""
        is_alive = sa.or_(Conversation.expires_at.is_(None), Conversation.expires_at > utc_now())
        return sa.select(Conversation).where(Conversation.workspace_id == self._workspace_id, is_alive)

    async def begin(self, conversation: Conversation, message: Message) -> None:
        """A new conversation with what is said first."""
        await self._session.execute(_BEGIN, values_of(conversation))
        await self._session.execute(_SAY, values_of(message))

    async def get(self, conversation_id: UUID, where: ConversationFilter = EVERYBODYS) -> Conversation:
        """Raises `NotFound`, also for one that `where` leaves out."""
        query = self._mine().where(Conversation.id == conversation_id, *_conditions(where))
        found = (await self._session.scalars(query)).one_or_none()
        if found is None:
            raise NotFound(f"no conversation {str(conversation_id)!r}")
        return found

    async def exists(self, conversation_id: UUID) -> bool:
        asked = {"workspace": self._workspace_id, "conversation": conversation_id}
        return await self._session.scalar(_EXISTS, asked) is not None

    async def page(self, where: ConversationFilter, slice_: Slice) -> tuple[Sequence[Conversation], str | None]:
        """The last used first."""
        keyset = Keyset.by(Conversation.updated_at, Conversation.id, descending=True)
        return await page_of(self._session, self._mine().where(*_conditions(where)), keyset, slice_)

    async def message_counts(self, conversation_ids: Sequence[UUID]) -> dict[UUID, int]:
        query = (
            sa.select(Message.conversation_id, sa.func.count())
            .where(Message.conversation_id.in_(conversation_ids))
            .group_by(Message.conversation_id)
        )
        return dict((await self._session.execute(query)).all())

    async def turns(self, conversation_id: UUID) -> int:
        """How many questions it has."""
        query = sa.select(sa.func.count()).where(Message.conversation_id == conversation_id, Message.role == "user")
        return await self._session.scalar(query) or 0

    async def documents(self, conversation_id: UUID, where: ConversationFilter = EVERYBODYS) -> bool | None:
        """What its last question says of documents; None also for a conversation that `where` leaves out."""
        query = (
            sa.select(Message.documents)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.workspace_id == self._workspace_id, Message.conversation_id == conversation_id)
            .where(Message.role == "user", *_conditions(where))
            .order_by(Message.created_at.desc(), Message.id.desc())
        )
        return await self._session.scalar(query.limit(1))

    async def add_message(self, message: Message) -> None:
        await self._session.execute(_SAY, values_of(message))
        await self._session.execute(_TOUCH, {"conversation": message.conversation_id, "now": utc_now()})

    async def messages(self, conversation_id: UUID, *, last: int | None = None) -> list[Message]:
        """Oldest first; with `last`, only that many of the newest."""
        query = sa.select(Message).where(
            Message.workspace_id == self._workspace_id, Message.conversation_id == conversation_id
        )
        query = query.order_by(Message.created_at.desc(), Message.role, Message.id.desc())
        rows = (await self._session.scalars(query if last is None else query.limit(last))).all()
        return list(reversed(rows))

    async def said_at(self, message_ids: Sequence[UUID]) -> dict[UUID, datetime]:
        """When each of these messages was said; what is not there any more is left out."""
        query = sa.select(Message.id, Message.created_at).where(
            Message.workspace_id == self._workspace_id, Message.id.in_(message_ids)
        )
        return dict((await self._session.execute(query)).all())

    async def those_of(self, conversation_ids: Sequence[UUID], where: ConversationFilter) -> set[UUID]:
        query = sa.select(Conversation.id).where(
            Conversation.workspace_id == self._workspace_id, Conversation.id.in_(conversation_ids), *_conditions(where)
        )
        return set((await self._session.scalars(query)).all())

    async def sources(self, conversation_ids: Sequence[UUID]) -> dict[UUID, str | None]:
        query = sa.select(Conversation.id, Conversation.source).where(
            Conversation.workspace_id == self._workspace_id, Conversation.id.in_(conversation_ids)
        )
        return dict((await self._session.execute(query)).all())

    async def unanswered(
        self, slice_: Slice, where: ConversationFilter = EVERYBODYS
    ) -> tuple[list[tuple[Message, str]], str | None]:
        """(answer, its question as it stands alone) of the questions that had no answer, newest first."""
        missed = (
            sa.select(Message)
            .where(Message.workspace_id == self._workspace_id, Message.role == "assistant")
            .where(Message.answered.is_(False))
        )
        conditions = _conditions(where)
        if conditions:
            begun = sa.select(Conversation.id).where(Conversation.workspace_id == self._workspace_id, *conditions)
            missed = missed.where(Message.conversation_id.in_(begun))
        keyset = Keyset.by(Message.created_at, Message.id, descending=True)
        answers, cursor = await page_of(self._session, missed, keyset, slice_)
        questions = await self._questions_of([answer.id for answer in answers])
        return [(answer, _alone(answer) or questions[answer.id]) for answer in answers], cursor

    async def _questions_of(self, answer_ids: Sequence[UUID]) -> dict[UUID, str]:
        """Answer id -> the last question before it, "" without one."""
        asked = aliased(Message)
        question = (
            sa.select(asked.content)
            .where(
                asked.conversation_id == Message.conversation_id,
                asked.role == "user",
                asked.created_at <= Message.created_at,
            )
            .order_by(asked.created_at.desc(), asked.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        rows = await self._session.execute(sa.select(Message.id, question).where(Message.id.in_(answer_ids)))
        return {answer_id: text or "" for answer_id, text in rows}

    async def delete(self, conversation: Conversation) -> None:
        await self._session.delete(conversation)
        await self._session.flush()


def _alone(answer: Message) -> str:
    """The question that was looked up; "" of an answer from before it was kept."""
    return str((answer.answer or {}).get("question") or "")


def _conditions(where: ConversationFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if where.owner is not None:
        theirs: sa.ColumnElement[bool] = Conversation.owner == where.owner
        found.append(sa.or_(theirs, Conversation.owner.is_(None)) if where.with_ownerless else theirs)
    if where.sources:
        is_known = Conversation.source.in_([source for source in where.sources if source != "unknown"])
        found.append(sa.or_(is_known, Conversation.source.is_(None)) if "unknown" in where.sources else is_known)
    if where.text:
        found.append(Conversation.title.icontains(where.text, autoescape=True))
    return found
