"""What every embedder does. An implementation inherits the class and gives one fixture."""

import asyncio
import threading

import numpy as np
import pytest

from backend.embeddings.base import Embedder, Vectors

TEXTS = ["How do I reset my password?", "Opening hours", "", "密码重置 😀", "naïve café\n\ttabs", "a" * 10_000]


class EmbedderContract:
    @pytest.fixture
    def embedder(self) -> Embedder:
        raise NotImplementedError("give the embedder under test")

    async def test_vectors_are_float32_of_the_spec_and_unit_length(self, embedder: Embedder) -> None:
        vectors = await embedder.embed(TEXTS, kind="document")
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(TEXTS), embedder.spec.dimension)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    async def test_no_text_gives_no_vector(self, embedder: Embedder) -> None:
        vectors = await embedder.embed([], kind="query")
        assert vectors.shape == (0, embedder.spec.dimension)
        assert vectors.dtype == np.float32

    async def test_the_order_of_the_texts_is_kept_whatever_their_lengths(self, embedder: Embedder) -> None:
        texts = [" ".join(["word", str(i)] * (1 + i * 7 % 40)) for i in range(150)]
        together = await embedder.embed(texts, kind="document")
        for i in (0, 1, 63, 64, 149):
            alone = await embedder.embed([texts[i]], kind="document")
            np.testing.assert_allclose(together[i], alone[0], atol=1e-5)

    async def test_the_tokens_that_it_reads_are_counted_after_the_texts_are_cut(self, embedder: Embedder) -> None:
        assert await embedder.count_tokens([]) == 0
        few, many = [await embedder.count_tokens(["reset my password"] * n) for n in (1, 70)]
        assert 3 <= few <= 5
        assert many == 70 * few
        assert await embedder.count_tokens(["a" * 1_000_000]) <= 8_192

    async def test_the_same_text_gives_the_same_vector(self, embedder: Embedder) -> None:
        first, second = [await embedder.embed(TEXTS, kind="document") for _ in range(2)]
        np.testing.assert_array_equal(first, second)

    async def test_texts_that_share_words_are_nearer_than_texts_that_do_not(self, embedder: Embedder) -> None:
        query, same, other = await embedder.embed(
            ["reset my password", "How can I reset a password?", "The office opens at nine"], kind="query"
        )
        assert query @ same > query @ other + 0.2

    async def test_calls_at_the_same_time_do_not_disturb_each_other(self, embedder: Embedder) -> None:
        alone = [(await embedder.embed([text], kind="query"))[0] for text in TEXTS]
        many = await asyncio.gather(*(embedder.embed([text], kind="query") for text in TEXTS * 3))
        for i, vectors in enumerate(many):
            np.testing.assert_array_equal(vectors[0], alone[i % len(TEXTS)])

    def test_the_spec_is_stable_and_names_its_dimension(self, embedder: Embedder) -> None:
        assert embedder.spec == embedder.spec
        assert embedder.spec.key == embedder.spec.key
        assert embedder.spec.dimension > 0


class SharedEmbedderContract(EmbedderContract):
    """One that lives as long as the process."""

    def test_one_embedder_serves_several_event_loops(self, embedder: Embedder) -> None:
        results: list[Vectors] = []

        def run() -> None:
            results.append(asyncio.run(embedder.embed(TEXTS, kind="document")))

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == 3
        for vectors in results[1:]:
            np.testing.assert_array_equal(vectors, results[0])
