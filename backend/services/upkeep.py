"""What is done from time to time: conversations and leads whose time is over are removed."""

import asyncio
import logging
from typing import Final

from backend.db.models import utc_now
from backend.errors import NexusError
from backend.repositories.uow import UnitOfWork

EVERY: Final = 600.0
"""Seconds between two looks. Until then what is over is there, but not found."""

log = logging.getLogger("nexus.upkeep")


class Upkeep:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def remove_expired(self) -> int:
        """How many conversations were removed, each with its lead; what was said in them is overwritten on the disk,
        and what an erasure could not overwrite."""
        async with self._uow.all_workspaces() as all_workspaces:
            removed = await all_workspaces.remove_expired(utc_now())
        await self._uow.database.settle()
        return removed

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                removed = await self.remove_expired()
                if removed:
                    log.info("%s conversations whose time was over were removed", removed)
            except NexusError as exc:
                log.warning("what is over could not be removed: %s", exc, extra={"code": exc.code})
            await asyncio.sleep(EVERY)
