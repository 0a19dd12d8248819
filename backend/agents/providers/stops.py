"""Stop sequences: what is said ends before the first of them."""

from collections.abc import AsyncIterator, Sequence

from backend.agents.providers.base import NOTHING, Capabilities, Done, Event, GenerationRequest, Provider, TextDelta
from backend.agents.providers.streams import closing


class StopFilter:
    """A text up to the sequence that begins first, the same however the text is cut into deltas.

    Feed deltas, then `finish` once; `has_stopped` tells whether a sequence came. What may be the beginning of one is
    held back. Without sequences everything passes.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(stop)
        self._longest = max(map(len, self._stop), default=0)
        self._held = ""
        self.has_stopped = False

    def feed(self, delta: str) -> str:
        """What can be said now."""
        if self.has_stopped:
            return ""
        self._held += delta
        begun = self._begun()
        if self._first() <= begun:
            return self.finish()
        said, self._held = self._held[:begun], self._held[begun:]
        return said

    def finish(self) -> str:
        """What was held back, up to a sequence in it."""
        end = self._first()
        self.has_stopped = self.has_stopped or end < len(self._held)
        said, self._held = self._held[:end], ""
        return said

    def _first(self) -> int:
        """Where the first whole sequence begins; one past the end without one."""
        found = (at for one in self._stop if (at := self._held.find(one)) >= 0)
        return min(found, default=len(self._held) + 1)

    def _begun(self) -> int:
        """Where the text's end begins that may become a sequence; its length without one."""
        size = len(self._held)
        places = range(max(0, size - self._longest + 1), size)
        return next((at for at in places if any(one.startswith(self._held[at:]) for one in self._stop)), size)


class StoppingProvider:
    """Leaves the provider once it has said a stop sequence, which cancels the request upstream, and ends as if by
    itself. Whoever shows the text cuts it.

    For every provider alike: few vendors take the sequences, and not for all of their models.
    """

    def __init__(self, inner: Provider) -> None:
        self._inner = inner

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        watched = StopFilter(request.sampling.stop)
        async with closing(self._inner.stream(request)) as events:
            async for event in events:
                yield event
                if isinstance(event, TextDelta):
                    watched.feed(event.text)
                if watched.has_stopped:
                    break
        if watched.has_stopped:
            yield Done(NOTHING, "stop", request.model)

    async def aclose(self) -> None:
        await self._inner.aclose()
