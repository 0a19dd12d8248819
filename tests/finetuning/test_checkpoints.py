"""Checkpoints are whole or not there; what was not written so is passed over."""

import pickle
from pathlib import Path

import pytest

from backend.errors import UnusableModel
from backend.finetuning.checkpoints import KEPT, MANIFEST, at, begin, newest, seal, steps


def saved(root: Path, step: int) -> Path:
    draft = begin(root)
    (draft / "model.safetensors").write_bytes(b"weights" * step)
    (draft / "state.json").write_text("{}")
    return seal(draft, step)


def test_the_newest_is_found_and_old_ones_are_removed(tmp_path: Path) -> None:
    made = [saved(tmp_path, step) for step in (2, 4, 100)]
    assert newest(tmp_path) == (made[-1], 100)
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in made[-KEPT:]]


def test_the_steps_that_are_there_are_told_in_their_order(tmp_path: Path) -> None:
    for step in (100, 2):
        assert saved(tmp_path, step) == at(tmp_path, step)
    assert steps(tmp_path) == [2, 100]
    assert steps(tmp_path / "nothing") == []


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    assert newest(tmp_path / "nothing") is None


def test_one_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    whole = saved(tmp_path, 2)
    (begin(tmp_path) / "model.safetensors").write_bytes(b"half")
    assert newest(tmp_path) == (whole, 2)
    assert list(begin(tmp_path).iterdir()) == []


@pytest.mark.fault("B8")
@pytest.mark.parametrize("damage", ["cut", "changed", "missing", "no list", "no JSON"])
def test_a_damaged_one_is_passed_over_for_the_one_before(tmp_path: Path, damage: str) -> None:
    before, last = saved(tmp_path, 2), saved(tmp_path, 4)
    weights = last / "model.safetensors"
    match damage:
        case "cut":
            weights.write_bytes(weights.read_bytes()[:-1])
        case "changed":
            weights.write_bytes(b"X" + weights.read_bytes()[1:])
        case "missing":
            weights.unlink()
        case "no list":
            (last / MANIFEST).unlink()
        case _:
            (last / MANIFEST).write_text("{")
    assert newest(tmp_path) == (before, 2)
    assert not last.exists()


@pytest.mark.fault("B9")
def test_one_with_a_file_that_training_did_not_write_is_not_opened(tmp_path: Path) -> None:
    before, last = saved(tmp_path, 2), saved(tmp_path, 4)
    (last / "pytorch_model.bin").write_bytes(pickle.dumps("planted"))
    assert newest(tmp_path) == (before, 2)


@pytest.mark.fault("B9")
def test_a_pickle_is_never_part_of_one(tmp_path: Path) -> None:
    draft = begin(tmp_path)
    (draft / "optimizer.pt").write_bytes(pickle.dumps("ours"))
    with pytest.raises(UnusableModel, match="other forms can run code"):
        seal(draft, 2)
    assert newest(tmp_path) is None


def test_a_step_that_is_done_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    saved(tmp_path, 2)
    assert newest(tmp_path) == (saved(tmp_path, 2), 2)
