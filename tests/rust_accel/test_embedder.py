"""The encoder against a float64 twin, and what it refuses."""

import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rust_accel import Embedder
from tests.rust_accel import tiny_model
from tests.rust_accel.reference import Encoder

ISAS = ("scalar", "avx2", "avx512", "avx512vnni", "avx512bf16")
Precision = Literal["f32", "bf16", "int8", "int8-mixed"]
PRECISIONS: tuple[Precision, ...] = ("f32", "bf16", "int8", "int8-mixed")
TEXTS = ["", "a", "a b c", "x y z " * 10, "q", "k l m n o p " * 9, "unknown words", "z " * 200]


def force(monkeypatch: pytest.MonkeyPatch, isa: str, folder: Path, precision: Precision = "f32") -> Embedder:
    """An embedder on one instruction set; skips where this CPU lacks it."""
    monkeypatch.setenv("NEXUS_ISA", isa)
    try:
        return Embedder(folder, threads=2, precision=precision)
    except ValueError as exc:
        if "this CPU has" not in str(exc):
            raise
        pytest.skip(str(exc))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("precision", "tolerance"), [("f32", 2e-5), ("bf16", 2e-2), ("int8", 4e-2), ("int8-mixed", 4e-2)]
)
@pytest.mark.parametrize("cls_pooling", [False, True])
def test_a_model_of_odd_sizes_equals_its_float64_twin(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    isa: str,
    precision: Precision,
    tolerance: float,
    cls_pooling: bool,
) -> None:
    embedder = force(monkeypatch, isa, tiny_model.write(tmp_path, cls_pooling=cls_pooling), precision)
    assert (embedder.isa, embedder.precision) == (isa, precision)
    twin = Encoder.read(tmp_path)
    expected = [twin.vector(ids) for ids in embedder.token_ids(TEXTS)]
    np.testing.assert_allclose(embedder.embed(TEXTS), expected, atol=tolerance)


def test_texts_are_cut_at_the_models_limit_whatever_the_tokenizers_file_says(folder: Path) -> None:
    embedder = Embedder(folder)
    assert embedder.max_tokens == 32
    assert [len(ids) for ids in embedder.token_ids(["a " * 100, "a b"])] == [32, 4]
    np.testing.assert_array_equal(embedder.count_tokens(["a " * 100, "", "a b"]), [102, 2, 4])
    np.testing.assert_array_equal(embedder.embed(["a " * 30]), embedder.embed(["a " * 100]))


def test_the_limit_can_be_lowered_and_raised_to_the_models_positions(folder: Path) -> None:
    assert len(Embedder(folder, max_tokens=3).token_ids(["a b c d"])[0]) == 3
    assert Embedder(folder, max_tokens=tiny_model.POSITIONS).embed(["a " * 99]).shape == (1, tiny_model.HIDDEN)
    for wrong in (0, 2, tiny_model.POSITIONS + 1):
        with pytest.raises(ValueError, match=f"max_tokens is {wrong}"):
            Embedder(folder, max_tokens=wrong)


def test_a_model_without_its_own_limit_uses_its_positions(tmp_path: Path) -> None:
    assert Embedder(tiny_model.write(tmp_path, max_tokens=None)).max_tokens == tiny_model.POSITIONS


def test_its_properties_say_what_runs(folder: Path) -> None:
    embedder = Embedder(folder, threads=3, precision="f32")
    assert (embedder.dimension, embedder.precision, embedder.threads) == (tiny_model.HIDDEN, "f32", 3)
    assert Embedder(folder).threads >= 1


def test_what_does_not_exist_is_refused_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r'no precision "fp8"; known: \["f32", "bf16", "int8", "int8-mixed"\]'):
        Embedder(folder, precision="fp8")  # type: ignore[arg-type]  # the refusal is what is tested
    with pytest.raises(ValueError, match="threads must be at least 1"):
        Embedder(folder, threads=0)
    monkeypatch.setenv("NEXUS_ISA", "mmx")
    with pytest.raises(ValueError, match='NEXUS_ISA="mmx" is not possible here'):
        Embedder(folder)


def test_a_lone_surrogate_is_refused_with_its_place(folder: Path) -> None:
    embedder = Embedder(folder)
    for call in (embedder.embed, embedder.count_tokens, embedder.token_ids):
        with pytest.raises(ValueError, match="text 1 has a lone surrogate"):
            call(["a", "b \udfff"])


def test_only_sequences_of_text_are_taken(folder: Path) -> None:
    wrong: Any = [b"bytes"]
    with pytest.raises(TypeError, match="text 0 is not a str"):
        Embedder(folder).embed(wrong)
    with pytest.raises(TypeError, match="not one str"):
        Embedder(folder).embed("a b c")


def test_no_text_gives_an_empty_table(folder: Path) -> None:
    embedder = Embedder(folder)
    assert embedder.embed([]).shape == (0, tiny_model.HIDDEN)
    assert embedder.count_tokens(()).shape == (0,)


def test_python_runs_on_while_texts_are_embedded(folder: Path) -> None:
    embedder = Embedder(folder, threads=1)
    go, ran = threading.Event(), threading.Event()

    def other() -> None:
        go.wait()
        ran.set()

    thread = threading.Thread(target=other)
    thread.start()
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e6)  # seconds: no thread runs unless the one that runs steps aside
    try:
        go.set()
        for _ in range(10_000):
            embedder.embed(["a b c d e f g h"] * 50)
            if ran.is_set():
                break
        assert ran.is_set()
    finally:
        sys.setswitchinterval(switching)
        thread.join()


def test_one_embedder_serves_several_threads(folder: Path) -> None:
    embedder = Embedder(folder, threads=2)
    expected = embedder.embed(TEXTS)
    wrong: list[int] = []

    def run() -> None:
        wrong.extend(i for i in range(50) if not np.array_equal(embedder.embed(TEXTS), expected))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def without(name: str) -> Callable[[tiny_model.Tensors], None]:
    def change(tensors: tiny_model.Tensors) -> None:
        del tensors[name]

    return change


def reshaped(name: str) -> Callable[[tiny_model.Tensors], None]:
    def change(tensors: tiny_model.Tensors) -> None:
        tensors[name] = tensors[name].T[:-1]

    return change


def poisoned(name: str, value: float) -> Callable[[tiny_model.Tensors], None]:
    def change(tensors: tiny_model.Tensors) -> None:
        tensors[name].flat[3] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("embeddings.LayerNorm.bias"), '"embeddings.LayerNorm.bias" is missing'),
        (without("encoder.layer.1.output.dense.weight"), '"encoder.layer.1.output.dense.weight" is missing'),
        (reshaped("embeddings.word_embeddings.weight"), '"embeddings.word_embeddings.weight" is F32 '),
        (reshaped("encoder.layer.0.intermediate.dense.weight"), r"needs F32 \[100, 72\]"),
        (poisoned("encoder.layer.0.attention.self.key.weight", np.nan), "self.key.weight.* not finite"),
        (poisoned("embeddings.position_embeddings.weight", np.inf), "position_embeddings.weight.* not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    folder: Path, change: Callable[[tiny_model.Tensors], None], message: str
) -> None:
    tensors = tiny_model.tensors()
    change(tensors)
    (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
    with pytest.raises(ValueError, match=message):
        Embedder(folder)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_truncated_weights_file_is_refused(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises((ValueError, OSError), match=r"model\.safetensors"):
        Embedder(folder)


@pytest.mark.parametrize(
    ("file", "field", "value", "message"),
    [
        ("config.json", "hidden_act", "relu", 'hidden_act is "relu"'),
        ("config.json", "model_type", "roberta", 'model_type is "roberta"'),
        ("config.json", "position_embedding_type", "relative_key", "position_embedding_type"),
        ("config.json", "num_attention_heads", 5, "cannot be split over 5 heads"),
        ("config.json", "num_hidden_layers", 0, "num_hidden_layers is 0"),
        ("config.json", "hidden_size", 1 << 40, "hidden_size is"),
        ("config.json", "layer_norm_eps", -1.0, "layer_norm_eps"),
        ("config.json", "vocab_size", 10, "token id 29 is beyond"),
        ("1_Pooling/config.json", "pooling_mode_max_tokens", True, "only mean or CLS pooling"),
        ("sentence_bert_config.json", "do_lower_case", True, "do_lower_case"),
        ("sentence_bert_config.json", "max_seq_length", 1000, "max_tokens is 1000"),
    ],
)
def test_a_configuration_that_is_not_implemented_is_refused(
    folder: Path, file: str, field: str, value: object, message: str
) -> None:
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(ValueError, match=message):
        Embedder(folder)


def test_a_module_that_is_not_implemented_is_refused(folder: Path) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"path": "3_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match=r"models\.Dense"):
        Embedder(folder)


@pytest.mark.parametrize("file", ["config.json", "modules.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_an_os_error_with_its_name(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(FileNotFoundError, match=file.replace(".", r"\.")):
        Embedder(folder)


@pytest.mark.parametrize("file", ["config.json", "modules.json", "tokenizer.json", "model.safetensors"])
def test_noise_instead_of_a_file_is_refused(folder: Path, file: str) -> None:
    (folder / file).write_bytes(np.random.default_rng(1).bytes(300))
    with pytest.raises(ValueError, match=file.replace(".", r"\.")):
        Embedder(folder)


FILES = ("config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json", "model.safetensors")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_model_is_refused_or_still_gives_unit_vectors(folder: Path, data: st.DataObject) -> None:
    tiny_model.write(folder)
    path = folder / data.draw(st.sampled_from(FILES))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, min(len(content) - 1, 4_000)))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.just(None) | st.integers(0, len(content)))])
    with suppress(ValueError, OSError, MemoryError):  # what it says is tested file by file
        vectors = Embedder(folder, threads=1).embed(["a b c", ""])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


@pytest.mark.parametrize("isa", ISAS)
def test_unless_told_it_takes_the_precision_that_is_faster_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch, folder: Path, isa: str
) -> None:
    force(monkeypatch, isa, folder)
    assert Embedder(folder).precision == ("bf16" if isa == "avx512bf16" else "f32")
