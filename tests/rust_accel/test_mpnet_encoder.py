"""MPNet against its float64 twin with small random weights, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from rust_accel import Embedder
from tests.rust_accel import tiny_model, tiny_mpnet
from tests.rust_accel.contract import assert_same_tokens
from tests.rust_accel.reference import Encoder, bucket
from tests.rust_accel.test_embedder import ISAS, Precision, force
from tests.rust_accel.texts import TEXTS, around, hostile

SAMPLE = [
    *("", "a", "word", "a b <mask> c", "x y z " * 10, "A-b, c! " * 12, "中é 1 2 3 " * 30),
    *(around(tiny_mpnet.POSITIONS - 2).values()),
    *("<pad>", "a <pad> b", "<s> a </s><pad><pad>word", "a<pad>" * 200),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_mpnet.write(tmp_path)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("precision", "tolerance"), [("f32", 2e-5), ("bf16", 2e-2), ("int8", 4e-2), ("int8-mixed", 4e-2)]
)
@pytest.mark.parametrize("cls_pooling", [False, True])
def test_a_small_model_equals_its_float64_twin(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    isa: str,
    precision: Precision,
    tolerance: float,
    cls_pooling: bool,
) -> None:
    embedder = force(monkeypatch, isa, tiny_mpnet.write(tmp_path, cls_pooling=cls_pooling), precision)
    assert (embedder.isa, embedder.precision, embedder.max_tokens) == (isa, precision, 384)
    twin = Encoder.read(tmp_path)
    expected = [twin.vector(ids) for ids in embedder.token_ids(SAMPLE)]
    np.testing.assert_allclose(embedder.embed(SAMPLE), expected, atol=tolerance)


def test_biases_decide_about_the_vectors_of_the_twin(folder: Path) -> None:
    """Else the comparison with it would show nothing."""
    twin, ids = Encoder.read(folder), [0, 5, 6, 7, 2]
    tensors = twin.tensors | {"encoder.relative_attention_bias.weight": np.zeros((32, tiny_mpnet.HEADS))}
    without = Encoder(tensors, twin.layers, twin.heads, twin.epsilon, twin.cls_pooling, twin.kind)
    assert np.abs(twin.vector(ids) - without.vector(ids)).max() > 0.05


def test_distances_are_in_the_buckets_of_the_original_implementation() -> None:
    """Borders of its 32 buckets, as its logarithms have them in f32."""
    far = np.arange(8, 500, dtype=np.float32)
    steps = np.log(far / np.float32(8)) / np.float32(np.log(16)) * np.float32(8)
    original = [*range(8), *np.minimum(8 + steps.astype(int), 15).tolist()]
    assert [bucket(-n, 32) for n in range(500)] == original
    assert [bucket(n, 32) for n in range(1, 500)] == [16 + row for row in original[1:]]


def test_token_ids_equal_those_of_the_python_package(folder: Path) -> None:
    for limit in (384, 7):
        assert_same_tokens(Embedder(folder, max_tokens=limit), folder, [*TEXTS.values(), *hostile(), *SAMPLE])


def test_texts_are_cut_at_the_positions_that_are_left(folder: Path) -> None:
    """Two positions come before the first token's."""
    most = tiny_mpnet.POSITIONS - 2
    assert [len(ids) for ids in Embedder(folder, max_tokens=most).token_ids(["a " * 500])] == [most]
    with pytest.raises(ValueError, match=f"max_tokens is {most + 1}, not in 3..={most}"):
        Embedder(folder, max_tokens=most + 1)


@pytest.mark.parametrize(
    ("sentence", "tokenizer", "limit"),
    [(100, 300, 100), (None, 300, 300), (None, 512, 384), (None, 10**30, 384), (None, None, 384)],
)
def test_the_limit_is_the_models_own_then_the_tokenizers_then_its_positions(
    folder: Path, sentence: int | None, tokenizer: int | None, limit: int
) -> None:
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": sentence}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": tokenizer}))
    assert Embedder(folder).max_tokens == limit


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("model_type", "deberta", r'model_type is "deberta"; known: \["bert", "mpnet"\]'),
        ("pad_token_id", 0, "pad_token_id is 0; only 1 is implemented"),
        ("pad_token_id", None, "pad_token_id|invalid type: null"),
        ("relative_attention_num_buckets", 3, r"relative_attention_num_buckets is 3, not in 4\.\.=511"),
        ("relative_attention_num_buckets", 512, "relative_attention_num_buckets is 512"),
        ("relative_attention_num_buckets", 16, r"relative_attention_bias.weight\" is F32 \[32, 2\].* F32 \[16, 2\]"),
        ("num_attention_heads", 4, r"relative_attention_bias.weight\" is F32 \[32, 2\].* F32 \[32, 4\]"),
        ("max_position_embeddings", 4, r"max_tokens is 384, not in 3\.\.=2"),
        ("max_position_embeddings", 400, r"position_embeddings.weight\" is F32"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder: Path, field: str, value: object, message: str) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(ValueError, match=message):
        Embedder(folder)


@pytest.mark.parametrize("field", ["pad_token_id", "relative_attention_num_buckets"])
def test_a_missing_field_is_named(folder: Path, field: str) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    del config[field]
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=rf"config\.json: missing field `{field}`"):
        Embedder(folder)


@pytest.mark.parametrize(
    "name",
    [
        "encoder.relative_attention_bias.weight",
        "encoder.layer.1.attention.attn.q.weight",
        "encoder.layer.0.attention.attn.o.bias",
        "encoder.layer.1.attention.LayerNorm.weight",
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(folder: Path, name: str) -> None:
    for change in ("missing", "not finite"):
        tensors = tiny_mpnet.tensors()
        tensors[name].flat[1] = np.nan
        if change == "missing":
            del tensors[name]
        (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
        with pytest.raises(ValueError, match=f'"{name}".* {change}'):
            Embedder(folder)


def test_the_weights_of_another_architecture_are_refused(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": "bert", "type_vocab_size": 2}))
    with pytest.raises(ValueError, match=r'"embeddings.token_type_embeddings.weight" is missing'):
        Embedder(folder)
