import pytest

from backend.embeddings import EMBEDDERS
from backend.embeddings.base import Embedder
from tests.contracts.embedder import EmbedderContract


@pytest.fixture(scope="module")
def native() -> Embedder:
    return EMBEDDERS.get("native")()


class TestNative(EmbedderContract):
    @pytest.fixture
    def embedder(self, native: Embedder) -> Embedder:
        return native


class TestHashing(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return EMBEDDERS.get("hashing")()
