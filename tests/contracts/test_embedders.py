from collections.abc import AsyncIterator

import pytest

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.embeddings import EMBEDDERS
from backend.embeddings.base import Embedder
from backend.embeddings.openai import OpenAIEmbedder
from backend.security.outbound import Outbound, OutboundPolicy
from tests.contracts.embedder import EmbedderContract, SharedEmbedderContract
from tests.mock_openai import MockServer


@pytest.fixture(scope="module")
def native() -> Embedder:
    return EMBEDDERS.get("native")()


class TestNative(SharedEmbedderContract):
    @pytest.fixture
    def embedder(self, native: Embedder) -> Embedder:
        return native


class TestOpenAI(EmbedderContract):
    @pytest.fixture
    async def embedder(self, mock: MockServer) -> AsyncIterator[Embedder]:
        vendor = PROVIDERS.vendors["openai-compatible"]
        config = ProviderConfig(vendor.name, base_url=mock.base_url)
        outbound = Outbound(OutboundPolicy("local"))
        embedder = OpenAIEmbedder(vendor, config, "embed-768", outbound.provider_client, dimension=768)
        yield embedder
        await embedder.aclose()


class TestHashing(SharedEmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return EMBEDDERS.get("hashing")()
