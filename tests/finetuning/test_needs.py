"""What a training needs, said before it begins."""

import pytest

from backend.errors import StorageFull, TrainingOutOfMemory
from backend.finetuning.machine import MIB, free_memory, require_disk, require_memory
from backend.finetuning.model_folder import Tensor
from backend.finetuning.needs import RUNTIME, Plan, Shape, disk_needed, memory_needed

LAYER = [
    Tensor("q", (576, 576)),
    Tensor("k", (192, 576)),
    Tensor("v", (192, 576)),
    Tensor("o", (576, 576)),
    Tensor("gate", (1536, 576)),
    Tensor("up", (1536, 576)),
    Tensor("down", (576, 1536)),
    Tensor("norm", (576,)),
    Tensor("norm", (576,)),
]
SMOLLM2 = Shape.of([Tensor("embed", (49152, 576)), *LAYER * 30, Tensor("norm", (576,))], 30, 576, 49152)


def test_the_numbers_of_a_known_model() -> None:
    assert SMOLLM2.parameters == 134_515_008
    assert SMOLLM2.adapted * 8 == 2_442_240  # what peft says for rank 8


def test_the_estimate_is_near_what_was_measured_and_not_below_it() -> None:
    """float32, 4 conversations of about 70 tokens: 2,459 MB resident with rank 8, 3,454 MB for all of the model."""
    lora, full = (memory_needed(SMOLLM2, Plan(rank, batch=4, longest=70)) // MIB for rank in (8, None))
    assert 0.7 * 2_459 < lora < 1.5 * 2_459
    assert 0.7 * 3_454 < full < 1.5 * 3_454


def test_longer_conversations_larger_batches_and_all_of_the_model_need_more() -> None:
    small = memory_needed(SMOLLM2, Plan(8, batch=1, longest=64))
    assert small > RUNTIME
    assert memory_needed(SMOLLM2, Plan(8, batch=2, longest=64)) > small
    assert memory_needed(SMOLLM2, Plan(8, batch=1, longest=128)) > small
    assert memory_needed(SMOLLM2, Plan(64, batch=1, longest=64)) > small
    assert memory_needed(SMOLLM2, Plan(None, batch=1, longest=64)) > small
    assert memory_needed(SMOLLM2, Plan(8, batch=1, longest=64, weight_bytes=2)) < small
    assert disk_needed(SMOLLM2, Plan(None, batch=1, longest=64)) > disk_needed(SMOLLM2, Plan(8, batch=1, longest=64))


def test_what_is_too_much_is_said_with_both_numbers_and_what_to_do() -> None:
    with pytest.raises(TrainingOutOfMemory, match=r"about 3000 MB .* 2000 MB are free; lower batch"):
        require_memory(3000 * MIB, 2000 * MIB)
    with pytest.raises(StorageFull, match=r"about 3000 MB of disk .* 2000 MB are free; free some"):
        require_disk(3000 * MIB, 2000 * MIB)


def test_what_fits_or_cannot_be_known_is_tried() -> None:
    require_memory(2000 * MIB, 2000 * MIB)
    require_memory(3000 * MIB, None)
    require_disk(2000 * MIB, 2000 * MIB)


def test_this_machine_says_what_is_free() -> None:
    free = free_memory()
    assert free is None or free > 100 * MIB
