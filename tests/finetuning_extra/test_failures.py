"""What the libraries raise themselves, as errors that say what to do."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from backend.errors import StorageFull, TrainingDiverged, TrainingOutOfMemory, UnusableModel
from backend.finetuning.failures import explained, loading
from tests.finetuning_extra.running import small_volume

pytestmark = [pytest.mark.finetune, pytest.mark.fault("B8")]
TENSORS = {"a": np.ones((512, 512), np.float32)}


def test_memory_that_torch_does_not_get() -> None:
    import torch

    with pytest.raises(TrainingOutOfMemory, match="lower batch"), explained("lower batch"):
        torch.empty(2**60, dtype=torch.uint8)


def test_memory_that_loading_does_not_get_is_no_fault_of_the_model() -> None:
    import torch

    with pytest.raises(TrainingOutOfMemory), explained("lower batch"), loading("weights"):
        torch.empty(2**60, dtype=torch.uint8)


def test_a_disk_that_is_full_for_safetensors_and_for_python(tmp_path: Path) -> None:
    """On a volume of its own: safetensors puts a new file in the place of whatever it is told to write."""
    volume = tmp_path / "volume"
    with small_volume(volume, megabytes=1):
        with pytest.raises(StorageFull, match="free some"), explained("lower batch"):
            safetensors.numpy.save_file(TENSORS, volume / "a.safetensors")
        with pytest.raises(StorageFull), explained("lower batch"):
            (volume / "b").write_bytes(bytes(2**21))


def test_what_a_library_cannot_read_is_the_models_fault() -> None:
    reason = r"tokenizer of the base model cannot be read \(ValueError: no such class"
    with pytest.raises(UnusableModel, match=reason), explained("lower batch"), loading("tokenizer"):
        raise ValueError("no such class")


def test_other_errors_stay_what_they_are() -> None:
    for error in (TrainingDiverged("the loss became nan"), ZeroDivisionError("ours"), RuntimeError("shapes differ")):
        with pytest.raises(type(error)), explained("lower batch"):
            raise error
