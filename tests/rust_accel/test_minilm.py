"""all-MiniLM-L6-v2: against the float64 twin, the Python tokenizers package, and a committed table."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture(scope="module", params=["f32", "bf16", "int8", "int8-mixed"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return Embedder(packaged_model(), threads=2, precision=request.param)


@pytest.fixture(scope="module")
def expected() -> Real:
    twin, ids = Encoder.read(packaged_model()), Embedder(packaged_model(), threads=1).token_ids(list(TEXTS.values()))
    distinct = {tuple(row): twin.vector(row) for row in {tuple(row): row for row in ids}.values()}
    return np.stack([distinct[tuple(row)] for row in ids])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("precision", "least", "longer"),
    [("f32", 1 - 1e-6, 1 - 1e-6), ("bf16", 0.9999, 0.9999), ("int8", 0.985, 0.992), ("int8-mixed", 0.997, 0.998)],
)
def test_every_vector_is_as_close_to_the_float64_twin_as_its_precision_allows(
    monkeypatch: pytest.MonkeyPatch, expected: Real, isa: str, precision: Precision, least: float, longer: float
) -> None:
    """Cosines; a longer text is one of more than 20 characters."""
    embedder = force(monkeypatch, isa, packaged_model(), precision)
    cosines = (embedder.embed(list(TEXTS.values())).astype(np.float64) * expected).sum(axis=1)
    floors = np.array([longer if len(text) > 20 else least for text in TEXTS.values()])
    assert dict(zip(TEXTS, cosines >= floors, strict=True)) == dict.fromkeys(TEXTS, True)


TOLERANCE = {"f32": 2e-5, "bf16": 2e-3, "int8": 2e-2, "int8-mixed": 8e-3}
"""Of a component of the committed table."""


def test_the_committed_table_still_holds(embedder: Embedder) -> None:
    table = json.loads(COMMITTED.read_text())
    assert list(table) == TABLE
    vectors = embedder.embed([TEXTS[name] for name in TABLE])
    np.testing.assert_allclose(vectors[:, :8], list(table.values()), atol=TOLERANCE[embedder.precision])


def test_texts_are_cut_at_256_tokens(embedder: Embedder) -> None:
    names = ["255 tokens", "256 tokens", "257 tokens", "empty", "one token"]
    assert embedder.count_tokens([TEXTS[name] for name in names]).tolist() == [255, 256, 257, 2, 3]
    assert [len(ids) for ids in embedder.token_ids([TEXTS[name] for name in names])] == [255, 256, 256, 2, 3]


def test_token_ids_equal_those_of_the_python_package(embedder: Embedder) -> None:
    draw = random.Random(7)
    alphabet = [*map(chr, range(32, 127)), *"äöüßéñçøłđ汉字かなカナ한국어😀🚀\u0301\u200d\u00a0\u3000\t\n ﬁ№½Ⅷ"]
    noise = ["".join(draw.choices(alphabet, k=draw.randrange(400))) for _ in range(400)]
    assert_peer_agrees(embedder, [*TEXTS.values(), *noise])


def test_token_ids_of_plain_text_equal_those_of_the_python_package(embedder: Embedder) -> None:
    """Text of ASCII takes a way of its own: words, half words, every control character, reserved words, long ones."""
    draw = random.Random(8)
    ascii = [chr(code) for code in range(128)]
    words = ["Unaffable", "e-mail", "don't", "[SEP]", "[CLS]x", "[MASK", "3.14", "x" * 100, "x" * 101, "A" * 300, "the"]
    noise = ["".join(draw.choices(ascii, k=draw.randrange(300))) for _ in range(300)]
    spoken = [draw.choice([" ", "\n", "\t ", ""]).join(draw.choices(words, k=draw.randrange(200))) for _ in range(100)]
    assert_peer_agrees(embedder, [*ascii, *noise, *spoken, "a\x0bb", "a\x00b\x7fc", " \r\n "])


def assert_peer_agrees(embedder: Embedder, texts: list[str]) -> None:
    peer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    peer.no_padding()
    peer.no_truncation()
    assert embedder.count_tokens(texts).tolist() == [len(encoding) for encoding in peer.encode_batch(texts)]
    peer.enable_truncation(256)
    assert embedder.token_ids(texts) == [encoding.ids for encoding in peer.encode_batch(texts)]


def test_a_batch_of_ragged_texts_gives_the_vectors_of_single_ones(embedder: Embedder) -> None:
    texts = list(TEXTS.values())
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    # Rows are quantised and multiplied one by one, so company changes nothing but the order of f32 sums.
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("precision", ["f32", "bf16", "int8", "int8-mixed"])
def test_a_text_that_several_threads_share_has_the_vector_of_one_thread(precision: Precision) -> None:
    texts = [TEXTS[name] for name in ("255 tokens", "one token", "empty")] + ["How do I reset my password?"]
    alone = Embedder(packaged_model(), threads=1, precision=precision)
    shared = Embedder(packaged_model(), threads=4, precision=precision)
    expected = [alone.embed([text]) for text in texts]
    # From many callers at once, so that a thread that waits for its other half is given another text meanwhile.
    with ThreadPoolExecutor(8) as callers:
        found = list(callers.map(lambda text: shared.embed([text]), texts * 20))
    np.testing.assert_array_equal(found, expected * 20)
