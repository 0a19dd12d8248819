"""Measures and traces any provider, and keeps it out of transactions."""

from collections.abc import AsyncIterator

from backend.agents.prices import cost_usd
from backend.agents.providers.base import Capabilities, Done, Event, GenerationRequest, Provider
from backend.agents.providers.streams import closing
from backend.db.guard import forbid_in_transaction
from backend.errors import ProviderError
from backend.tracing.metrics import Metrics
from backend.tracing.track import set_attribute, track


class MeteredProvider:
    """`name` labels the metrics."""

    def __init__(self, name: str, inner: Provider, metrics: Metrics) -> None:
        self._name = name
        self._inner = inner
        self._metrics = metrics

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    @track("provider.stream", kind="llm")
    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        forbid_in_transaction("Provider.stream")
        set_attribute("gen_ai.request.model", request.model)
        try:
            async with closing(self._inner.stream(request)) as events:
                async for event in events:
                    if isinstance(event, Done):
                        self._count(event)
                    yield event
        except ProviderError as exc:
            self._metrics.provider_errors.labels(self._name, exc.code).inc()
            raise

    def _count(self, done: Done) -> None:
        usage = done.usage
        self._metrics.tokens.labels(self._name, done.model, "input").inc(usage.input_tokens)
        self._metrics.tokens.labels(self._name, done.model, "output").inc(usage.output_tokens)
        set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
        set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
        cost = cost_usd(self._name, done.model, usage)
        if cost is not None:
            self._metrics.cost_usd.labels(self._name, done.model).inc(float(cost))

    async def aclose(self) -> None:
        await self._inner.aclose()
