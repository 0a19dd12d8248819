from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import Conversation, Message, utc_now
from backend.errors import NotFound
from backend.repositories.paging import Keyset, Slice, page_of


class ConversationRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> sa.Select[Conversation]:
        return sa.select(Conversation).where(Conversation.workspace_id == self._workspace_id)

    async def add(self, conversation: Conversation) -> None:
        self._session.add(conversation)
        await self._session.flush()

    async def get(self, conversation_id: UUID) -> Conversation:
        found = (await self._session.scalars(self._mine().where(Conversation.id == conversation_id))).one_or_none()
        if found is None:
            raise NotFound(f"no conversation {str(conversation_id)!r}")
        return found

    async def exists(self, conversation_id: UUID) -> bool:
        return await self._session.scalar(self._mine().where(Conversation.id == conversation_id)) is not None

    async def page(self, slice_: Slice) -> tuple[Sequence[Conversation], str | None]:
        keyset = Keyset(Conversation.updated_at, Conversation.id, descending=True)
        return await page_of(self._session, self._mine(), keyset, slice_)

    async def message_counts(self, conversation_ids: Sequence[UUID]) -> dict[UUID, int]:
        query = (
            sa.select(Message.conversation_id, sa.func.count())
            .where(Message.conversation_id.in_(conversation_ids))
            .group_by(Message.conversation_id)
        )
        return dict((await self._session.execute(query)).all())

    async def add_message(self, message: Message) -> None:
        self._session.add(message)
        await self._session.execute(
            sa.update(Conversation).where(Conversation.id == message.conversation_id).values(updated_at=utc_now())
        )
        await self._session.flush()

    async def messages(self, conversation_id: UUID, *, last: int | None = None) -> list[Message]:
        """Oldest first; with `last`, only that many of the newest."""
        query = sa.select(Message).where(
            Message.workspace_id == self._workspace_id, Message.conversation_id == conversation_id
        )
        query = query.order_by(Message.created_at.desc(), Message.role, Message.id.desc())
        rows = (await self._session.scalars(query if last is None else query.limit(last))).all()
        return list(reversed(rows))

    async def delete(self, conversation: Conversation) -> None:
        await self._session.delete(conversation)
        await self._session.flush()
