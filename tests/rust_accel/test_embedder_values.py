"""The embedder where sizes and values are odd: heads and layers of any width, overflow, values that count as zero."""

from pathlib import Path

import numpy as np
import pytest

from rust_accel import Embedder
from tests.rust_accel import tiny_model
from tests.rust_accel.reference import Encoder
from tests.rust_accel.test_embedder import ISAS, PRECISIONS, Precision, force

# Hidden, heads, intermediate: one column, heads of odd and single columns, inputs of every rest by four.
SIZES = [(1, 1, 1), (3, 3, 5), (5, 1, 6), (6, 2, 7), (15, 3, 10), (49, 7, 50), (66, 1, 35), (72, 8, 101), (96, 96, 97)]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("isa", ISAS)
def test_models_of_any_sizes_equal_their_float64_twins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isa: str, precision: Precision
) -> None:
    tolerance = {"f32": 2e-5, "bf16": 1e-2, "int8": 2e-2, "int8-mixed": 2e-2}[precision]
    texts = ["", "a", "a b c", "x y z " * 10, "k l m n o p " * 9]
    for hidden, heads, wide in SIZES:
        for name, size in (("HIDDEN", hidden), ("HEADS", heads), ("WIDE", wide)):
            monkeypatch.setattr(tiny_model, name, size)
        embedder = force(monkeypatch, isa, tiny_model.write(tmp_path), precision)
        twin = Encoder.read(tmp_path)
        expected = [twin.vector(ids) for ids in embedder.token_ids(texts)]
        np.testing.assert_allclose(embedder.embed(texts), expected, atol=tolerance, err_msg=f"{hidden} {heads} {wide}")


def test_a_layer_whose_sums_of_bytes_could_overflow_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("HIDDEN", 2), ("HEADS", 1), ("WIDE", 66_001), ("LAYERS", 1)):
        monkeypatch.setattr(tiny_model, name, size)
    tiny_model.write(tmp_path)
    assert Embedder(tmp_path, precision="bf16").embed(["a"]).shape == (1, 2)
    with pytest.raises(ValueError, match=r'at most 66000 inputs; "encoder.layer.0.output.dense.weight" has 66001'):
        Embedder(tmp_path, precision="int8")


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ["encoder.layer.0.intermediate.dense.weight", "encoder.layer.1.output.dense.weight"])
def test_values_that_overflow_are_an_error_and_no_vector(
    folder: Path, monkeypatch: pytest.MonkeyPatch, isa: str, precision: Precision, name: str
) -> None:
    tensors = tiny_model.tensors()
    tensors[name] *= np.float32(1e21)
    (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
    with pytest.raises(ValueError, match="not a finite vector"):
        force(monkeypatch, isa, folder, precision).embed(["a b c"])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_weights_too_small_for_a_type_count_as_zero(
    folder: Path, monkeypatch: pytest.MonkeyPatch, isa: str, precision: Precision
) -> None:
    tensors = tiny_model.tensors()
    for name in ("encoder.layer.0.intermediate.dense.weight", "encoder.layer.1.attention.self.query.weight"):
        tensors[name] *= np.float32(1e-40)
    (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
    embedder = force(monkeypatch, isa, folder, precision)
    expected = Encoder.read(folder).vector(embedder.token_ids(["a b c"])[0])
    np.testing.assert_allclose(embedder.embed(["a b c"])[0], expected, atol=2e-5 if precision == "f32" else 3e-2)
