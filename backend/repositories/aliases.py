"""Aliases, their moves, and who did what."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.comparing import Alias, AliasMove, AuditEvent
from backend.errors import NotFound
from backend.repositories.paging import Keyset, Slice, page_of

EVENTS: Final = Keyset.by(AuditEvent.at, AuditEvent.id, descending=True)
_MEANT: Final = (
    sa.select(AliasMove)
    .join(Alias, Alias.move_id == AliasMove.id)
    .where(
        Alias.workspace_id == sa.bindparam("workspace"),
        Alias.name == sa.bindparam("name"),
        AliasMove.workspace_id == sa.bindparam("workspace"),
    )
)
"""Built once: every question to a name asks what it means."""


class AliasRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def meant(self, name: str) -> AliasMove | None:
        """The move that holds for a name; None for what is no alias."""
        given = {"workspace": self._workspace_id, "name": name}
        return (await self._session.scalars(_MEANT, given)).one_or_none()

    async def get(self, name: str) -> Alias:
        """Raises `NotFound`, which names those that exist."""
        found = await self._session.get(Alias, (self._workspace_id, name))
        if found is None:
            known = [one.name for one in await self.all()]
            raise NotFound(f"no alias {name!r}; known: {known}")
        return found

    async def all(self) -> Sequence[Alias]:
        query = sa.select(Alias).where(Alias.workspace_id == self._workspace_id)
        return (await self._session.scalars(query.order_by(Alias.name))).all()

    async def meaning(self, kind: Literal["agent_id", "model_id"], id_: UUID) -> str | None:
        """The name of one that means this agent, or this model, now."""
        for alias in await self.all():
            move = await self.meant(alias.name)
            if move is not None and move.contestant.get(kind) == str(id_):
                return alias.name
        return None

    async def moves(self, name: str) -> dict[UUID, AliasMove]:
        query = sa.select(AliasMove).where(AliasMove.workspace_id == self._workspace_id, AliasMove.alias == name)
        return {move.id: move for move in (await self._session.scalars(query)).all()}

    async def put(self, move: AliasMove) -> None:
        """The move holds from now on; its `before_id` is the one that held."""
        alias = await self._session.get(Alias, (self._workspace_id, move.alias))
        move.before_id = alias.move_id if alias is not None else None
        self._session.add(move)
        if alias is None:
            self._session.add(Alias(workspace_id=self._workspace_id, name=move.alias, move_id=move.id))
        else:
            alias.move_id = move.id
        await self._session.flush()

    async def remove(self, alias: Alias) -> None:
        """With its moves."""
        await self._session.execute(
            sa.delete(AliasMove).where(AliasMove.workspace_id == self._workspace_id, AliasMove.alias == alias.name)
        )
        await self._session.delete(alias)
        await self._session.flush()

    # --- who did what ----------------------------------------------------------
    async def note(self, event: AuditEvent) -> None:
        self._session.add(event)
        await self._session.flush()

    async def events(self, slice_: Slice) -> tuple[Sequence[AuditEvent], str | None]:
        """Newest first."""
        query = sa.select(AuditEvent).where(AuditEvent.workspace_id == self._workspace_id)
        return await page_of(self._session, query, EVENTS, slice_)
