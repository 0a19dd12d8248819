"""What is told of a folder of a model is read once, and anew when one of its files is another."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import UnusableModel
from backend.finetuning import folder_state
from backend.finetuning.folder_state import remembered
from backend.finetuning.gguf_fit import NotExported
from tests.finetuning import bases


class Counting:
    """Says the names of what is in a folder, and how often it looked."""

    def __init__(self, refuses: Exception | None = None) -> None:
        self.reads = 0
        self._refuses = refuses

    def __call__(self, folder: Path) -> list[str]:
        self.reads += 1
        if self._refuses is not None:
            raise self._refuses
        return sorted(path.name for path in folder.iterdir())


def test_a_folder_that_stays_as_it_is_is_read_once(tmp_path: Path) -> None:
    first, second, read = bases.write(tmp_path / "a"), bases.write(tmp_path / "b"), Counting()
    told = remembered(read)
    for folder in (first, second, first, second):
        assert told(folder) == sorted(path.name for path in folder.iterdir())
    assert read.reads == 2


def _longer(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "another"}')


def _touched(folder: Path) -> None:
    os.utime(folder / "model.safetensors", ns=(1, 1))


def _more(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "model.py").write_text("")


def _fewer(folder: Path) -> None:
    (folder / "tokenizer_config.json").unlink()


def _renamed(folder: Path) -> None:
    (folder / "tokenizer_config.json").rename(folder / "generation_config.json")


def _linked_to_nothing(folder: Path) -> None:
    (folder / "more.json").symlink_to(folder / "nowhere")


@pytest.mark.parametrize("change", [_longer, _touched, _more, _fewer, _renamed, _linked_to_nothing])
def test_a_folder_that_changed_is_read_anew(tmp_path: Path, change: Callable[[Path], None]) -> None:
    folder, read = bases.write(tmp_path / "a"), Counting()
    told = remembered(read)
    told(folder)
    change(folder)
    told(folder)
    told(folder)
    assert read.reads == 2


@pytest.mark.parametrize("refusal", [UnusableModel("it is cut"), NotExported("it is of another kind")])
def test_a_refusal_is_remembered_too(tmp_path: Path, refusal: Exception) -> None:
    folder, read = bases.write(tmp_path / "a"), Counting(refusal)
    told = remembered(read)
    for _ in range(2):
        with pytest.raises(type(refusal), match=str(refusal)):
            told(folder)
    assert read.reads == 1


def test_a_failure_that_may_pass_is_not_remembered(tmp_path: Path) -> None:
    folder, read = bases.write(tmp_path / "a"), Counting(PermissionError("not now"))
    told = remembered(read)
    for _ in range(2):
        with pytest.raises(PermissionError):
            told(folder)
    assert read.reads == 2


def test_what_lies_in_a_folder_without_a_model_is_not_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Counting()

    def swept(_folder: Path, _pattern: str) -> list[Path]:
        raise AssertionError("it was looked through")

    monkeypatch.setattr(Path, "rglob", swept)
    assert remembered(read)(tmp_path) == []


def test_only_so_many_folders_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_state, "KEPT", 2)
    read = Counting()
    told = remembered(read)
    a, b, c = (bases.write(tmp_path / name) for name in "abc")
    for folder in (a, b, a, c, a, b):
        told(folder)
    assert read.reads == 4, "the one that was asked for longest ago goes first"
