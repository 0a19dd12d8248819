"""What a training of a model that answers needs, and what keeps it from beginning, by the files that there are."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors

from backend.errors import InvalidRequest, TrainingOutOfMemory, UnusableModel
from backend.finetuning import lora_base, lora_outlook
from backend.finetuning.base import LOOKED_AT, Intent, Machine
from backend.finetuning.lora_outlook import outlook
from backend.finetuning.lora_run import LoraParameters
from backend.finetuning.machine import MIB, all_memory, free_memory
from tests.finetuning import bases

LARGE = Machine(memory=2**50, free_memory=2**50, free_disk=2**50)


def intent(folder: Path, base: Path | str = "", *, longest: tuple[int, ...] = (700, 60), **more: Any) -> Intent:
    parameters = {**LoraParameters().model_dump(), "learning_rate": None, **more}
    return Intent(str(base), parameters, folder / "runs" / "none yet", folder / "models", longest)


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, LARGE)
    monkeypatch.setattr(lora_outlook, "SAMPLE_PACKAGE", "json")


def there(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> None:
    monkeypatch.setattr(lora_outlook, "_machine", lambda _root: machine)


def test_what_the_sample_needs_is_near_what_was_measured(tmp_path: Path) -> None:
    """7,370 MB, with 4 rows of up to 1,024 tokens a step: benchmarks/results/lora.json."""
    found = outlook(intent(tmp_path, longest=(2000,)))
    assert found.memory is not None
    assert 7_370 < found.memory / MIB < 1.25 * 7_370
    assert found.obstacle is None


def test_shorter_rows_need_less_and_all_of_the_model_needs_more(tmp_path: Path) -> None:
    usual, short, full = (
        outlook(one) for one in (intent(tmp_path), intent(tmp_path, longest=(60,)), intent(tmp_path, kind="full"))
    )
    assert all((short.memory, usual.memory, full.memory, usual.disk, full.disk))
    assert (short.memory or 0) < (usual.memory or 0) < (full.memory or 0)
    assert (usual.disk or 0) < (full.disk or 0)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("HuggingFaceTB/SmolLM2-360M-Instruct", "fetch it with `hf download HuggingFaceTB/SmolLM2-360M-Instruct`"),
        ("/nowhere/at/all", "no folder of this machine"),
        ("no id: this", "neither"),
    ],
)
def test_a_model_that_is_not_here_keeps_a_training_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    monkeypatch.setattr(lora_outlook, "HF_HUB_CACHE", str(tmp_path))
    found = outlook(intent(tmp_path, name))
    assert isinstance(found.obstacle, UnusableModel)
    assert str(found.obstacle).startswith("base_model: ")
    assert says in str(found.obstacle)
    assert (found.memory, found.disk) == (None, None)


def test_a_sample_whose_package_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lora_outlook, "SAMPLE_PACKAGE", "no_such_package")
    assert "run `make finetune`" in str(outlook(intent(tmp_path)).obstacle)
    bases.write(tmp_path / "models" / lora_base.SAMPLE)
    assert outlook(intent(tmp_path)).obstacle is None


@pytest.mark.fault("B9")
def test_a_model_with_code_or_without_a_chat_template_keeps_it_from_beginning(tmp_path: Path) -> None:
    base = bases.write(tmp_path / "base")
    assert outlook(intent(tmp_path, base)).obstacle is None
    (base / "tokenizer_config.json").unlink()
    assert "no chat template" in str(outlook(intent(tmp_path, base)).obstacle)
    (base / "chat_template.jinja").write_text("{{ messages }}")
    assert outlook(intent(tmp_path, base)).obstacle is None
    (base / "model.py").write_text("")
    assert "can run code" in str(outlook(intent(tmp_path, base)).obstacle)


def test_a_model_that_is_asked_by_transformers_afterwards_is_told_before(tmp_path: Path) -> None:
    assert outlook(intent(tmp_path, bases.write(tmp_path / "llama"))).warnings == ()
    other = outlook(intent(tmp_path, bases.write(tmp_path / "other", config={"model_type": "qwen2"})))
    assert other.obstacle is None
    assert [
        "is asked by transformers, not by llama.cpp" in text and "one of 'qwen2'" in text for text in other.warnings
    ] == [True]


@pytest.mark.parametrize(
    ("longest", "says"),
    [
        ((1024, 1000), ""),
        ((1025, 1000), "1 row seems longer than max_length (1024 tokens)"),
        ((1025, 1025, 7), "2 rows seem longer"),
        ((2000,) * LOOKED_AT, f"{LOOKED_AT} or more rows seem longer"),
    ],
)
def test_rows_that_are_cut_are_counted(tmp_path: Path, longest: tuple[int, ...], says: str) -> None:
    assert says in " ".join(outlook(intent(tmp_path, longest=longest)).warnings)
    assert bool(outlook(intent(tmp_path, longest=longest)).warnings) is bool(says)


@pytest.mark.fault("B8")
def test_what_this_machine_cannot_have_keeps_it_from_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, replace(LARGE, memory=2000 * MIB, free_memory=1000 * MIB))
    found = outlook(intent(tmp_path, kind="full"))
    assert isinstance(found.obstacle, TrainingOutOfMemory)
    assert "and this machine has 2000 MB; train with LoRA (kind 'lora'), lower batch" in str(found.obstacle)
    there(monkeypatch, replace(LARGE, free_disk=300 * MIB))
    found = outlook(intent(tmp_path))
    assert isinstance(found.obstacle, InvalidRequest)
    assert "MB of disk" in str(found.obstacle)
    assert "300 MB are free; free some" in str(found.obstacle)


def test_what_other_programs_have_now_or_a_gpu_may_have_keeps_nothing_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for machine in (replace(LARGE, free_memory=MIB), replace(LARGE, memory=None, free_memory=None)):
        there(monkeypatch, machine)
        assert outlook(intent(tmp_path)).obstacle is None


def test_this_machine_has_at_least_what_is_free() -> None:
    whole, free = all_memory(), free_memory()
    assert whole is None or free is None or whole >= free


def test_the_files_of_a_base_model_are_opened_again_only_once_they_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    read, whole = Path.read_text, safetensors.safe_open

    def reading(path: Path, *given: Any, **more: Any) -> str:
        opened.append(path.name)
        return read(path, *given, **more)

    def weighing(path: Path, **more: Any) -> Any:
        opened.append(path.name)
        return whole(path, **more)

    monkeypatch.setattr(Path, "read_text", reading)
    monkeypatch.setattr(safetensors, "safe_open", weighing)
    base = bases.write(tmp_path / "base")
    first = outlook(intent(tmp_path, base))
    assert {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"} == set(opened)
    opened.clear()
    assert outlook(intent(tmp_path, base)) == first
    assert opened == []
    (base / "config.json").write_text(json.dumps({**bases.LLAMA, "model_type": "qwen2", "hidden_size": 4096}))
    second = outlook(intent(tmp_path, base))
    assert ["one of 'qwen2'" in text for text in second.warnings] == [True]
    assert (second.memory or 0) > (first.memory or 0)
