"""Embeddings of any server that speaks OpenAI's API."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import httpx2
import numpy as np

from backend.agents.providers.config import HttpClientFactory, ProviderConfig
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader
from backend.agents.providers.retry import RetryPolicy
from backend.agents.providers.vendors import Vendor
from backend.embeddings.base import EmbeddingKind, EmbeddingSpec, Vectors
from backend.errors import InvalidRequest, ProviderBadAnswer, ProviderError, SpecMismatch

if TYPE_CHECKING:
    from pydantic_ai.embeddings.result import EmbeddingResult

    Ask = Callable[[Endpoint, httpx2.AsyncClient, str, Sequence[str], EmbeddingKind], Awaitable[EmbeddingResult]]

TEXTS: Final = 64
CHARACTERS: Final = 100_000
"""Of one request. OpenAI takes 2,048 texts and 300,000 tokens; other servers less."""
LONGEST: Final = 24_000
"""Characters of one text: about 6,000 tokens of English, where the models take 8,191. Longer ones are cut."""


class OpenAIEmbedder:
    """One model at one server. Belongs to the event loop that it is used in; `aclose` it there."""

    def __init__(
        self,
        vendor: Vendor,
        config: ProviderConfig,
        model: str,
        http: HttpClientFactory,
        *,
        dimension: int = 0,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._endpoint = Endpoint.of(vendor, config)
        self._timeout = httpx2.Timeout(config.timeouts.total, connect=config.timeouts.connect)
        self._client: httpx2.AsyncClient | None = None
        self._http = http
        self._model = model
        self._policy = policy or RetryPolicy()
        self._spec = spec_of(vendor.name, self._endpoint.base_url, model, dimension)
        self.last_failure = ""
        """When it was asked last, with the time; "" after a success."""

    @property
    def spec(self) -> EmbeddingSpec:
        return self._spec

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Raises the `ProviderError` family, `InvalidRequest` for text that is not Unicode."""
        vectors = [np.zeros((0, self._spec.dimension), dtype=np.float32)]
        for batch in _batches([_usable(text, number) for number, text in enumerate(texts)]):
            try:
                vectors.append(self._checked(await self._ask(batch, kind), len(batch)))
            except (ProviderError, SpecMismatch) as exc:
                self.last_failure = f"at {datetime.now(UTC):%H:%M} UTC, {exc}, or switch the collection's model"
                raise
        self.last_failure = ""
        return np.concatenate(vectors)

    async def count_tokens(self, texts: Sequence[str]) -> int:
        """An estimate, four characters of English a token: only the server knows its tokens."""
        return sum(1 + len(text[:LONGEST]) // 4 for text in texts)

    async def measure(self) -> EmbeddingSpec:
        """The spec with the dimension that the server's vectors have. Raises as `embed`."""
        result = await self._ask(["ready"], "query")
        dimension = len(result.embeddings[0]) if result.embeddings else 0
        self._spec = spec_of(self._endpoint.vendor.name, self._endpoint.base_url, self._model, dimension)
        self._checked(result, 1)
        return self._spec

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, texts: Sequence[str], kind: EmbeddingKind) -> "EmbeddingResult":
        attempt, waited = 1, 0.0
        while True:
            try:
                return await self._once(texts, kind)
            except ProviderError as exc:
                delay = self._policy.delay(exc, attempt, waited, random.random())
                if delay is None:
                    raise
                await asyncio.sleep(delay)
                attempt, waited = attempt + 1, waited + delay

    async def _once(self, texts: Sequence[str], kind: EmbeddingKind) -> "EmbeddingResult":
        # The SDKs take seconds to import; the loop has other people to serve meanwhile.
        ask = await asyncio.to_thread(_load)
        if self._client is None:
            self._client = self._endpoint.client(self._http, self._timeout, KeyHeader())
        return await ask(self._endpoint, self._client, self._model, texts, kind)

    def _checked(self, result: "EmbeddingResult", count: int) -> Vectors:
        where = f"{self._endpoint.vendor.name!r} (model {self._model!r})"
        try:
            vectors = np.array(result.embeddings, dtype=np.float32)
        except (ValueError, TypeError) as exc:
            raise ProviderBadAnswer(f"{where} sent vectors of unequal lengths; choose an embedding model") from exc
        if vectors.ndim != 2 or len(vectors) != count:
            raise ProviderBadAnswer(f"{where} sent {vectors.shape} numbers for {count} texts; choose another model")
        if vectors.shape[1] != self._spec.dimension:
            raise SpecMismatch(
                f"{where} sends {vectors.shape[1]} dimensions now, {self._spec.dimension} when it was chosen; choose "
                "it anew for the collection, which then embeds all of it again, or let it serve the model of before"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise ProviderBadAnswer(f"{where} sent a vector that is zero or not finite; choose another model")
        return np.asarray(vectors / lengths, dtype=np.float32)


def _load() -> "Ask":
    from backend.embeddings.openai_request import ask

    return ask


def spec_of(vendor: str, base_url: str, model: str, dimension: int) -> EmbeddingSpec:
    """Vectors of another server are others, even under the same name."""
    return EmbeddingSpec(f"{vendor}:{model}", base_url.rstrip("/"), dimension, pooling="none")


def _usable(text: str, number: int) -> str:
    """The API refuses the empty text; a blank stands for it."""
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidRequest(f"the text {number} has a lone surrogate at {exc.start}; it cannot be embedded") from exc
    return text[:LONGEST] if text.strip() else " "


def _batches(texts: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    size = 0
    for text in texts:
        if not batches or len(batches[-1]) == TEXTS or size + len(text) > CHARACTERS:
            batches.append([])
            size = 0
        batches[-1].append(text)
        size += len(text)
    return batches
