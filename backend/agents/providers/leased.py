"""A provider whose settings were changed while it answers: the answers end first."""

from collections.abc import AsyncIterator

from backend.agents.providers.base import Capabilities, Event, GenerationRequest, Provider
from backend.agents.providers.streams import closing


class LeasedProvider:
    """`retire` closes it once no answer is under way, `aclose` at once."""

    def __init__(self, inner: Provider) -> None:
        self._inner = inner
        self._answers = 0
        self._is_retired = False

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        self._answers += 1
        try:
            async with closing(self._inner.stream(request)) as events:
                async for event in events:
                    yield event
        finally:
            self._answers -= 1
            await self._close_unused()

    async def retire(self) -> None:
        """Nobody asks it from here on."""
        self._is_retired = True
        await self._close_unused()

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _close_unused(self) -> None:
        if self._is_retired and not self._answers:
            await self._inner.aclose()
