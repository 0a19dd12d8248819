"""Workspaces, API keys, provider credentials and remembered answers of idempotent requests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from backend.db.leads import Lead
from backend.db.models import ApiKey, Collection, Conversation, Credential, Idempotency, Message, Workspace, utc_now
from backend.errors import NotFound
from backend.repositories.upsert import upsert


class WorkspaceRepository:
    """Sees every workspace: for start-up, the command line and sign-in only."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def all(self) -> Sequence[Workspace]:
        return (await self.session.scalars(sa.select(Workspace).order_by(Workspace.created_at, Workspace.id))).all()

    async def get(self, workspace_id: UUID) -> Workspace:
        return (await self.session.scalars(sa.select(Workspace).where(Workspace.id == workspace_id))).one()

    async def find_by_name(self, name: str) -> Workspace | None:
        return (await self.session.scalars(sa.select(Workspace).where(Workspace.name == name))).one_or_none()

    async def add(self, workspace: Workspace) -> None:
        self.session.add(workspace)
        await self.session.flush()

    async def key_by_hash(self, hashed: str) -> ApiKey | None:
        return (await self.session.scalars(sa.select(ApiKey).where(ApiKey.hash == hashed))).one_or_none()

    async def note_key_use(self, key_id: UUID, when: datetime) -> None:
        await self.session.execute(sa.update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=when))

    async def forget_unsettled_requests(self) -> None:
        """The Idempotency-Keys of requests that have no answer."""
        await self.session.execute(sa.delete(Idempotency).where(Idempotency.status.is_(None)))

    async def remove_expired(self, now: datetime) -> int:
        """Conversations whose time is over, and those of leads that are kept no longer, with all that hangs on them;
        how many."""
        of_leads = sa.select(Lead.conversation_id).where(Lead.expires_at <= now)
        over = sa.or_(Conversation.expires_at <= now, Conversation.id.in_(of_leads))
        gone = await self.session.scalars(sa.delete(Conversation).where(over).returning(Conversation.id))
        return len(gone.all())

    async def end_open_questions(self, error: dict[str, Any], *, since: datetime) -> int:
        """Each last question of a conversation that was asked `since` then and has no answer gets `error` for one; how
        many there were."""
        later = aliased(Message)
        is_last = ~sa.exists().where(
            later.conversation_id == Message.conversation_id,
            later.role == "assistant",
            later.created_at >= Message.created_at,
        )
        query = sa.select(Message).where(Message.role == "user", Message.created_at >= since, is_last)
        asked = (await self.session.scalars(query)).all()
        self.session.add_all(
            Message(
                id=uuid4(),
                workspace_id=one.workspace_id,
                conversation_id=one.conversation_id,
                role="assistant",
                content="",
                error=error,
            )
            for one in asked
        )
        return len(asked)

    async def vector_stores(self) -> Sequence[str]:
        """The names of the stores that collections are kept in, sorted."""
        return (await self.session.scalars(sa.select(Collection.store).distinct().order_by(Collection.store))).all()


_CREDENTIAL = (
    sa.select(Credential)
    .where(Credential.workspace_id == sa.bindparam("workspace"), Credential.provider == sa.bindparam("provider"))
    # `put_credential` writes past the session, which would otherwise repeat what it read before.
    .execution_options(populate_existing=True)
)


class AccessRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    # --- keys -----------------------------------------------------------------
    async def add_key(self, key: ApiKey) -> None:
        self._session.add(key)
        await self._session.flush()

    async def keys(self) -> Sequence[ApiKey]:
        query = sa.select(ApiKey).where(ApiKey.workspace_id == self._workspace_id)
        return (await self._session.scalars(query.order_by(ApiKey.created_at, ApiKey.id))).all()

    async def delete_key(self, key_id: UUID) -> str:
        """Returns the key's hash. Raises `NotFound`."""
        statement = sa.delete(ApiKey).where(ApiKey.workspace_id == self._workspace_id, ApiKey.id == key_id)
        hashed = await self._session.scalar(statement.returning(ApiKey.hash))
        if hashed is None:
            raise NotFound(f"no key {str(key_id)!r}")
        return str(hashed)

    # --- credentials ----------------------------------------------------------
    async def credentials(self) -> Sequence[Credential]:
        return (
            await self._session.scalars(sa.select(Credential).where(Credential.workspace_id == self._workspace_id))
        ).all()

    async def credential(self, provider: str) -> Credential | None:
        asked = {"workspace": self._workspace_id, "provider": provider}
        return (await self._session.scalars(_CREDENTIAL, asked)).one_or_none()

    async def put_credential(self, provider: str, **values: str | None) -> None:
        row = {"workspace_id": self._workspace_id, "provider": provider, "updated_at": utc_now(), **values}
        await upsert(self._session, Credential, [row])

    async def delete_credential(self, provider: str) -> None:
        await self._session.execute(
            sa.delete(Credential).where(Credential.workspace_id == self._workspace_id, Credential.provider == provider)
        )

    # --- idempotency ----------------------------------------------------------
    async def remembered(self, route: str, key: str) -> Idempotency | None:
        return (await self._session.scalars(sa.select(Idempotency).where(*self._is(route, key)))).one_or_none()

    async def remember(self, route: str, key: str, *, fingerprint: str) -> None:
        self._session.add(Idempotency(workspace_id=self._workspace_id, route=route, key=key, fingerprint=fingerprint))
        await self._session.flush()

    async def settle(self, route: str, key: str, *, status: int, body: str, fingerprint: str) -> None:
        answer = {"status": status, "body": body, "fingerprint": fingerprint}
        await self._session.execute(sa.update(Idempotency).where(*self._is(route, key)).values(**answer))

    async def forget(self, route: str, key: str) -> None:
        await self._session.execute(sa.delete(Idempotency).where(*self._is(route, key)))

    async def forget_before(self, when: datetime) -> None:
        old = (Idempotency.workspace_id == self._workspace_id, Idempotency.created_at < when)
        await self._session.execute(sa.delete(Idempotency).where(*old))

    async def forget_naming(self, ids: Sequence[UUID]) -> None:
        """The answers in which one of these ids stands."""
        for one in ids:
            named = (Idempotency.workspace_id == self._workspace_id, Idempotency.body.contains(str(one)))
            await self._session.execute(sa.delete(Idempotency).where(*named))

    def _is(self, route: str, key: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (Idempotency.workspace_id == self._workspace_id, Idempotency.route == route, Idempotency.key == key)
