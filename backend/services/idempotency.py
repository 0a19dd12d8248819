"""Idempotency-Key: the second request with the same key gets the first one's answer."""

from datetime import timedelta
from typing import Final

from backend.db.models import utc_now
from backend.errors import IdempotencyMismatch, IdempotencyRunning
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal

KEPT: Final = timedelta(hours=24)
ABANDONED: Final = timedelta(minutes=10)
"""After this a request that never ended is taken to have died with its process."""


class IdempotencyService:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def claim(self, principal: Principal, route: str, key: str, fingerprint: str) -> tuple[int, str] | None:
        """The answer (status, body) to repeat, or None: the caller now does the work and must `settle` or `release`.

        Raises `IdempotencyMismatch` when the key was used for another request, `IdempotencyRunning` while that runs.
        """
        now = utc_now()
        async with self._uow(principal.workspace_id) as tx:
            await tx.access.forget_before(now - KEPT)
            known = await tx.access.remembered(route, key)
            if known is not None and known.status is None and known.created_at < now - ABANDONED:
                await tx.access.forget(route, key)
                known = None
            if known is None:
                await tx.access.remember(route, key, fingerprint=fingerprint)
                return None
        if known.fingerprint != fingerprint:
            raise IdempotencyMismatch(f"the Idempotency-Key {key!r} was used for another request; take a new one")
        if known.status is None:
            raise IdempotencyRunning(f"the first request with the Idempotency-Key {key!r} still runs; try again soon")
        return known.status, known.body or ""

    async def settle(self, principal: Principal, route: str, key: str, *, status: int, body: str) -> None:
        async with self._uow(principal.workspace_id) as tx:
            await tx.access.settle(route, key, status=status, body=body)

    async def release(self, principal: Principal, route: str, key: str) -> None:
        """The request failed without effect: the key may be used again."""
        async with self._uow(principal.workspace_id) as tx:
            await tx.access.forget(route, key)
