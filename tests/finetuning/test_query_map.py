"""The map of tuned retrieval: what it does to a query, and which files it is read from."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from backend.embeddings.base import EmbeddingSpec, Vectors
from backend.errors import UnusableModel
from backend.finetuning.adapter import Reals
from backend.finetuning.query_map import FORMAT, WEIGHT, QueryMap

SPEC = EmbeddingSpec("some-model", "r1", 3)


def units(*rows: tuple[float, ...]) -> Vectors:
    made = np.array(rows, dtype=np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def test_a_map_of_zeros_leaves_every_query_as_it_is() -> None:
    queries = units((1, 2, 3), (-1, 0, 0.5))
    np.testing.assert_allclose(QueryMap(np.zeros((3, 3), np.float32), SPEC.key)(queries), queries, atol=1e-7)


def test_the_weight_is_added_to_the_query_and_the_length_is_one_again() -> None:
    weight = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=np.float32)
    moved = QueryMap(weight, SPEC.key)(units((0, 1, 0)))
    np.testing.assert_allclose(moved, [[2**-0.5, 2**-0.5, 0]], atol=1e-6)


def test_a_query_that_the_map_would_make_nothing_of_stays() -> None:
    queries = units((0, 1, 0))
    np.testing.assert_array_equal(QueryMap(-np.eye(3, dtype=np.float32), SPEC.key)(queries), queries)


def test_a_saved_map_is_the_same_when_it_is_read(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    QueryMap(weight, SPEC.key).save(tmp_path / "map.safetensors")
    found = QueryMap.load(tmp_path / "map.safetensors")
    np.testing.assert_array_equal(found.weight, weight)
    assert found.spec_key == SPEC.key


def test_a_map_belongs_to_the_embedding_model_it_was_trained_on() -> None:
    made = QueryMap(np.zeros((3, 3), np.float32), SPEC.key)
    assert made.fits(SPEC.key)
    assert not made.fits(replace(SPEC, revision="r2").key)


class Canary:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self._path,))


@pytest.mark.fault("B9")
def test_a_pickle_is_refused_and_nothing_in_it_is_run(tmp_path: Path) -> None:
    canary, model = tmp_path / "canary", tmp_path / "map.safetensors"
    model.write_bytes(pickle.dumps({WEIGHT: Canary(canary)}))
    with pytest.raises(UnusableModel, match="is no safetensors file"):
        QueryMap.load(model)
    assert not canary.exists()


@pytest.mark.fault("B9")
@pytest.mark.parametrize(
    ("name", "tensor", "form"),
    [
        (WEIGHT, np.zeros((3, 3), np.float32), "of-another"),
        ("other", np.zeros((3, 3), np.float32), FORMAT),
        (WEIGHT, np.zeros((3, 4), np.float32), FORMAT),
        (WEIGHT, np.zeros((3, 3), np.float64), FORMAT),
        (WEIGHT, np.full((3, 3), np.nan, np.float32), FORMAT),
    ],
    ids=["of another program", "other tensors", "not square", "float64", "not finite"],
)
def test_safetensors_that_hold_no_map_are_refused(tmp_path: Path, name: str, tensor: Reals, form: str) -> None:
    safetensors.numpy.save_file({name: tensor}, tmp_path / "map.safetensors", metadata={"format": form})
    with pytest.raises(UnusableModel, match="holds no map"):
        QueryMap.load(tmp_path / "map.safetensors")


@pytest.mark.fault("B8")
def test_a_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.safetensors"
    QueryMap(np.zeros((3, 3), np.float32), SPEC.key).save(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UnusableModel, match="is no safetensors file"):
        QueryMap.load(path)


def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"'map\.safetensors'"):
        QueryMap.load(tmp_path / "map.safetensors")
