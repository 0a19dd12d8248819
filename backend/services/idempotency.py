"""Idempotency-Key: the second request with the same key gets the first one's answer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from backend.db.models import utc_now
from backend.errors import IdempotencyMismatch, IdempotencyRunning
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal

KEPT: Final = timedelta(hours=24)
ABANDONED: Final = timedelta(minutes=10)
"""After this a request that never ended is taken to have died with its process, which others may outlive."""
UNKNOWN: Final = ""
"""The fingerprint of a request whose body is still to be read."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer to repeat, to a request with the same fingerprint."""

    status: int
    body: str
    fingerprint: str


class IdempotencyService:
    """A fingerprint stands for all that a request says. Answers that hold a secret are not for `settle`."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def claim(self, principal: Principal, route: str, key: str, fingerprint: str) -> Remembered | None:
        """The answer to repeat, or None: the caller now does the work and must `settle` or `release`.

        With `UNKNOWN` the caller itself compares fingerprints, by `require_same`. Raises `IdempotencyMismatch` when
        the key was used for another request, `IdempotencyRunning` while that runs.
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
        if fingerprint != UNKNOWN:
            require_same(key, known.fingerprint, fingerprint)
        if known.status is None:
            raise IdempotencyRunning(f"the first request with the Idempotency-Key {key!r} still runs; try again soon")
        return Remembered(known.status, known.body or "", known.fingerprint)

    async def settle(self, principal: Principal, route: str, key: str, answer: Remembered) -> None:
        async with self._uow(principal.workspace_id) as tx:
            await tx.access.settle(route, key, status=answer.status, body=answer.body, fingerprint=answer.fingerprint)

    async def release(self, principal: Principal, route: str, key: str) -> None:
        """The request failed without effect: the key may be used again."""
        async with self._uow(principal.workspace_id) as tx:
            await tx.access.forget(route, key)

    async def release_all(self) -> None:
        """At a start that finds nobody else running: what never settled died with its process."""
        async with self._uow.all_workspaces() as all_workspaces:
            await all_workspaces.forget_unsettled_requests()


def require_same(key: str, first: str, fingerprint: str) -> None:
    """Raises `IdempotencyMismatch` unless both requests say the same."""
    if fingerprint != first:
        raise IdempotencyMismatch(f"the Idempotency-Key {key!r} was used for another request; take a new one")
