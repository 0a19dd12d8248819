"""What a question takes of models: every call counts, whichever way it ends."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal

from backend.agents.prices import cost_usd
from backend.agents.prompts.passages import with_passages
from backend.agents.providers.base import (
    NOTHING,
    Capabilities,
    Done,
    Event,
    GenerationRequest,
    Provider,
    Structured,
    TextDelta,
    Usage,
)
from backend.agents.providers.streams import closing
from backend.agents.tokens import tokens_in, tokens_of
from backend.errors import ProviderBadAnswer, ProviderError


@dataclass(slots=True)
class Spending:
    """Adds up calls, those of the pipeline's steps with that of the answer."""

    usage: Usage = NOTHING
    _costs: list[Decimal | None] = field(default_factory=list)

    def add(self, provider: str, model: str, usage: Usage) -> None:
        if usage == NOTHING:
            return
        self.usage += usage
        self._costs.append(cost_usd(provider, model, usage))

    @property
    def cost_usd(self) -> Decimal | None:
        """None as soon as one of the calls has no known price."""
        known = [cost for cost in self._costs if cost is not None]
        return sum(known, Decimal(0)) if known and len(known) == len(self._costs) else None


class CountedProvider:
    """Adds what each call took to a spending.

    What the vendor does not tell is estimated: servers that count nothing, a call that was left before its end, one
    that broke after its first words. A call that failed before them counts as nothing.
    """

    def __init__(self, name: str, inner: Provider, spending: Spending) -> None:
        self._name = name
        self._inner = inner
        self._spending = spending

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        said = ""
        used: Usage | None = None
        try:
            async with closing(self._inner.stream(request)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        said += event.text
                    elif isinstance(event, Structured):
                        said += event.value.model_dump_json()
                    elif isinstance(event, Done):
                        used = _filled(event.usage, request, said)
                        self._spending.add(self._name, event.model, used)
                    yield event
        except ProviderError as exc:
            if not said:
                used = Usage(*exc.tokens) if isinstance(exc, ProviderBadAnswer) else NOTHING
                self._spending.add(self._name, request.model, used)
            raise
        finally:
            if used is None:
                self._spending.add(self._name, request.model, _filled(NOTHING, request, said))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _filled(told: Usage, request: GenerationRequest, said: str) -> Usage:
    given = told.input_tokens or tokens_of(with_passages(request.messages, request.passages))
    return Usage(given, told.output_tokens or tokens_in(said))
