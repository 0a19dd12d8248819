"""A provider that follows a script: each stream takes the next entry."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from backend.agents.providers.base import Capabilities, Done, Event, GenerationRequest, TextDelta, Usage
from backend.errors import ProviderError

Step = Event | ProviderError
ANSWER: tuple[Step, ...] = (TextDelta("It is "), TextDelta("so [1]."), Done(Usage(3, 2), "stop", "scripted-1"))


class ScriptedProvider:
    """Yields the events of the next entry and raises its errors. Keeps the requests; counts closed streams."""

    def __init__(self, *script: Sequence[Step], capabilities: Capabilities | None = None) -> None:
        self._script = iter(script)
        self._capabilities = capabilities or Capabilities()
        self.requests: list[GenerationRequest] = []
        self.closed = 0
        self.is_closed = False

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        self.requests.append(request)
        try:
            for step in next(self._script):
                if isinstance(step, ProviderError):
                    raise step
                yield step
        finally:
            self.closed += 1

    async def aclose(self) -> None:
        self.is_closed = True


class SilentProvider(ScriptedProvider):
    """Never says anything."""

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        self.requests.append(request)
        await asyncio.Event().wait()
        yield TextDelta("")
