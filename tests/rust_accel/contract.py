"""What holds for every model that is supported, with its real weights: a test class names the model and inherits it."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from tokenizers import Tokenizer

from rust_accel import Embedder
from tests.rust_accel.reference import Encoder, Real
from tests.rust_accel.test_embedder import ISAS, PRECISIONS, Precision, force
from tests.rust_accel.texts import TABLE, TEXTS, around, hostile

PAIRS = [
    pytest.param(precision, isa, marks=() if precision == "f32" or isa in ("avx2", "avx512bf16") else pytest.mark.slow)
    for precision in PRECISIONS
    for isa in ISAS
]
"""Each precision and each instruction set; the slow ones are compared with another set in every run all the same."""


class ModelContract:
    """Against the float64 twin, the Python tokenizers package, and a committed table."""

    LIMIT: ClassVar[int]
    """Where texts are cut."""
    COMMITTED: ClassVar[Path]
    """Name -> the first eight components, made by the float64 twin: `python -m tests.rust_accel.make_table`."""
    LEAST: ClassVar[Mapping[Precision, tuple[float, float]]]
    """Cosines, of any text and of one of more than 20 characters."""
    REPEATED: ClassVar[Mapping[Precision, float]] = {}
    """Cosines of hundreds of times one word, where they are lower: its roundings are all the same, and add up."""
    ACROSS: ClassVar[Mapping[Precision, float]]
    """Cosines between two instruction sets, a little below the figures of the README."""
    TOLERANCE: ClassVar[Mapping[Precision, float]]
    """Of a component of the committed table."""

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls) -> Path:
        raise NotImplementedError

    @pytest.fixture(scope="class", params=PRECISIONS)
    @classmethod
    def embedder(cls, request: pytest.FixtureRequest, folder: Path) -> Embedder:
        return Embedder(folder, threads=2, precision=request.param)

    @pytest.fixture(scope="class")
    @classmethod
    def any_precision(cls, folder: Path) -> Embedder:
        """For what happens before the first product."""
        return Embedder(folder, threads=2)

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, folder: Path) -> Real:
        twin, ids = Encoder.read(folder), Embedder(folder, threads=1).token_ids(list(cls.texts().values()))
        distinct = {tuple(row): twin.vector(row) for row in {tuple(row): row for row in ids}.values()}
        return np.stack([distinct[tuple(row)] for row in ids])

    @classmethod
    def texts(cls) -> dict[str, str]:
        return TEXTS | around(cls.LIMIT)

    @pytest.mark.parametrize(("precision", "isa"), PAIRS)
    def test_every_vector_is_as_close_to_the_float64_twin_as_its_precision_allows(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path, expected: Real, isa: str, precision: Precision
    ) -> None:
        texts, (least, longer) = self.texts(), self.LEAST[precision]
        embedder = force(monkeypatch, isa, folder, precision)
        cosines = (embedder.embed(list(texts.values())).astype(np.float64) * expected).sum(axis=1)
        repeated = dict.fromkeys(around(self.LIMIT), self.REPEATED.get(precision, longer))
        floors = np.array([repeated.get(name, longer if len(text) > 20 else least) for name, text in texts.items()])
        assert dict(zip(texts, cosines >= floors, strict=True)) == dict.fromkeys(texts, True)

    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_instruction_sets_differ_by_no_more_than_the_readme_says(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path, precision: Precision
    ) -> None:
        texts = [TEXTS[name] for name in TABLE]
        narrow, wide = (
            [force(monkeypatch, isa, folder, precision).embed(texts).astype(np.float64) for isa in isas]
            for isas in (("scalar", "avx2"), ("avx512vnni", "avx512bf16"))
        )
        cosines = [(one * other).sum(axis=1).min() for one in narrow for other in wide]
        assert min(cosines) >= self.ACROSS[precision]

    def test_the_committed_table_still_holds(self, embedder: Embedder) -> None:
        table = json.loads(self.COMMITTED.read_text())
        assert list(table) == TABLE
        vectors = embedder.embed([TEXTS[name] for name in TABLE])
        tolerance = {str(name): most for name, most in self.TOLERANCE.items()}[embedder.precision]
        np.testing.assert_allclose(vectors[:, :8], list(table.values()), atol=tolerance)

    def test_texts_are_cut_at_the_limit(self, any_precision: Embedder) -> None:
        embedder, limit, texts = any_precision, self.LIMIT, [*around(self.LIMIT).values(), "", "hello"]
        assert embedder.max_tokens == limit
        assert embedder.count_tokens(texts).tolist() == [limit - 1, limit, limit + 1, 2, 3]
        assert [len(ids) for ids in embedder.token_ids(texts)] == [limit - 1, limit, limit, 2, 3]

    def test_token_ids_equal_those_of_the_python_package(self, any_precision: Embedder, folder: Path) -> None:
        assert_same_tokens(any_precision, folder, [*self.texts().values(), *hostile()])

    def test_a_batch_of_ragged_texts_gives_the_vectors_of_single_ones(self, embedder: Embedder) -> None:
        texts = list(self.texts().values())
        together = embedder.embed(texts)
        alone = np.concatenate([embedder.embed([text]) for text in texts])
        # Rows are quantised and multiplied one by one, so company changes nothing but the order of f32 sums.
        np.testing.assert_allclose(together, alone, atol=1e-6)

    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_a_text_that_several_threads_share_has_the_vector_of_one_thread(
        self, folder: Path, precision: Precision
    ) -> None:
        texts = ["word " * 60, "hello", "", "How do I reset my password?"]
        alone = Embedder(folder, threads=1, precision=precision)
        shared = Embedder(folder, threads=4, precision=precision)
        expected = [alone.embed([text]) for text in texts]
        # From many callers at once, so that a thread that waits for its other half is given another text meanwhile.
        with ThreadPoolExecutor(8) as callers:
            found = list(callers.map(lambda text: shared.embed([text]), texts * 20))
        np.testing.assert_array_equal(found, expected * 20)


def assert_same_tokens(embedder: Embedder, folder: Path, texts: list[str]) -> None:
    """As the Python package makes them, whole and cut at the embedder's limit."""
    peer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    peer.no_padding()
    peer.no_truncation()
    assert embedder.count_tokens(texts).tolist() == [len(encoding) for encoding in peer.encode_batch(texts)]
    peer.enable_truncation(embedder.max_tokens)
    assert embedder.token_ids(texts) == [encoding.ids for encoding in peer.encode_batch(texts)]
