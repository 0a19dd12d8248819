import numpy as np
import pytest

from backend.embeddings.hashing import HashingEmbedder


async def test_the_dimension_is_the_one_asked_for() -> None:
    vectors = await HashingEmbedder(16).embed(["one two", "three"], kind="query")
    assert vectors.shape == (2, 16)


async def test_case_and_order_of_words_do_not_matter() -> None:
    first, second = await HashingEmbedder().embed(["Reset my PASSWORD", "password: my reset!"], kind="query")
    np.testing.assert_allclose(first, second, atol=1e-6)


async def test_words_that_cancel_out_still_give_a_direction() -> None:
    texts = [f"w{i} w{j}" for i in range(20) for j in range(20)]
    vectors = await HashingEmbedder(2).embed(texts, kind="query")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


async def test_a_lone_surrogate_is_hashed_like_any_character() -> None:
    vectors = await HashingEmbedder().embed(["\ud800abc"], kind="query")
    assert np.isfinite(vectors).all()


def test_a_dimension_that_cannot_tell_texts_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="dimension is 1"):
        HashingEmbedder(1)
