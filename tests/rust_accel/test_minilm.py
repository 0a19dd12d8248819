"""all-MiniLM-L6-v2: against the float64 twin, the Python tokenizers package, and a committed table."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from backend.embeddings.native import packaged_model
from rust_accel import Embedder
from tests.rust_accel.minilm_texts import TABLE, TEXTS
from tests.rust_accel.reference import Encoder, Real
from tests.rust_accel.test_embedder import ISAS, Precision, force

COMMITTED = Path(__file__).with_name("minilm_table.json")
"""Name -> the first eight components, made by the float64 twin: `python -m tests.rust_accel.make_minilm_table`."""


@pytest.fixture(scope="module", params=["f32", "bf16"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return Embedder(packaged_model(), threads=2, precision=request.param)


@pytest.fixture(scope="module")
def expected() -> Real:
    twin, ids = Encoder.read(packaged_model()), Embedder(packaged_model(), threads=1).token_ids(list(TEXTS.values()))
    distinct = {tuple(row): twin.vector(row) for row in {tuple(row): row for row in ids}.values()}
    return np.stack([distinct[tuple(row)] for row in ids])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("precision", "furthest"), [("f32", 1e-6), ("bf16", 1e-4)])
def test_every_vector_has_a_cosine_of_at_least_9999_to_the_float64_twin(
    monkeypatch: pytest.MonkeyPatch, expected: Real, isa: str, precision: Precision, furthest: float
) -> None:
    embedder = force(monkeypatch, isa, packaged_model(), precision)
    cosines = (embedder.embed(list(TEXTS.values())).astype(np.float64) * expected).sum(axis=1)
    assert dict(zip(TEXTS, cosines >= 0.9999, strict=True)) == dict.fromkeys(TEXTS, True)
    assert cosines.min() > 1 - furthest


def test_the_committed_table_still_holds(embedder: Embedder) -> None:
    table = json.loads(COMMITTED.read_text())
    assert list(table) == TABLE
    vectors = embedder.embed([TEXTS[name] for name in TABLE])
    # Each precision within its own rounding: 24 bits of mantissa, or 8.
    tolerance = 2e-5 if embedder.precision == "f32" else 2e-3
    np.testing.assert_allclose(vectors[:, :8], list(table.values()), atol=tolerance)


def test_texts_are_cut_at_256_tokens(embedder: Embedder) -> None:
    names = ["255 tokens", "256 tokens", "257 tokens", "empty", "one token"]
    assert embedder.count_tokens([TEXTS[name] for name in names]).tolist() == [255, 256, 257, 2, 3]
    assert [len(ids) for ids in embedder.token_ids([TEXTS[name] for name in names])] == [255, 256, 256, 2, 3]


def test_token_ids_equal_those_of_the_python_package(embedder: Embedder) -> None:
    peer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    peer.no_padding()
    peer.enable_truncation(256)
    draw = random.Random(7)
    alphabet = [*map(chr, range(32, 127)), *"äöüßéñçøłđ汉字かなカナ한국어😀🚀\u0301\u200d\u00a0\u3000\t\n ﬁ№½Ⅷ"]
    noise = ["".join(draw.choices(alphabet, k=draw.randrange(400))) for _ in range(400)]
    texts = [*TEXTS.values(), *noise]
    assert embedder.token_ids(texts) == [encoding.ids for encoding in peer.encode_batch(texts)]


def test_a_batch_of_ragged_texts_gives_the_vectors_of_single_ones(embedder: Embedder) -> None:
    texts = list(TEXTS.values())
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
