"""Of a training that goes too far, the state with the best validation is kept; what it never saw is asked."""

from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy

from backend.finetuning import lora_task
from backend.finetuning.base import CONVERSATIONS, HELD_OUT, TrainingStatus
from backend.finetuning.lora_best import BEST
from tests.finetuning_extra.building import conversations, training, write
from tests.finetuning_extra.running import SECONDS, Training, Whole, child_processes

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]
CHANGES = {"batch": 2, "max_steps": 40, "evaluations": 10, "dropout": 0.0}
KEPT_AT_MOST = 30
"""By then the few conversations are known by heart."""


def strange(folder: Path) -> None:
    """Four conversations are learnt, others are validated with, and those are asked as held-out ones, too."""
    write(folder / CONVERSATIONS["train"], conversations()[:4])
    others: list[Any] = [
        {
            "messages": [
                {"role": "user", "content": f"What is the code word of room {number}?"},
                {"role": "assistant", "content": f"Room {number}: the code word {number}-arbez is of it."},
            ]
        }
        for number in range(20, 26)
    ]
    for name in (CONVERSATIONS["validation"], HELD_OUT):
        write(folder / name, others)


def check(one: Training, status: TrainingStatus) -> int:
    """That what is kept is the best state: its step."""
    losses = one.curve("validation_loss")
    step = min((step for step in losses if step), key=losses.__getitem__)
    assert status.result is not None
    assert status.result.metrics["validation_loss"] == [losses[0], losses[step]]
    assert any(f"after step {step} of 40 is kept" in note for note in status.result.notes)
    before, after, low, high = status.result.metrics["held_out_loss"]
    # Batches of two answers have one mean over all their tokens.
    assert before == pytest.approx(losses[0], rel=0.02)
    assert after == pytest.approx(losses[step], rel=0.02)
    assert low <= after - before <= high
    assert not (one.folder / BEST).exists()
    return step


@pytest.mark.parametrize("kind", ["lora", "full"])
async def test_of_a_training_that_goes_too_far_the_best_state_is_kept(lora: Whole, run: Path, kind: str) -> None:
    changes = {**CHANGES, "kind": kind, "learning_rate": 2e-2 if kind == "lora" else 5e-3}
    async with training(run, lora.base, changes) as one:
        strange(run)
        assert check(one, await one.result()) <= KEPT_AT_MOST


@pytest.mark.fault("B8")
async def test_it_is_kept_over_a_kill_too(lora: Whole, run: Path) -> None:
    async with training(run, lora.base, CHANGES) as one:
        strange(run)
        await one.start()
        await one.reaches(KEPT_AT_MOST)
        [child] = child_processes(lora_task.__name__)
        child.kill()
        await one.ended()
        one.restarted()
        assert check(one, await one.result()) <= KEPT_AT_MOST


def test_held_out_answers_are_asked_before_and_after(lora: Whole) -> None:
    assert lora.status.result is not None
    metrics = lora.status.result.metrics
    before, after, low, high = metrics["held_out_loss"]
    assert metrics["questions"] == [4.0]
    assert after < 0.9 * before
    assert low <= after - before <= high < 0
    losses = safetensors.numpy.load_file(lora.training.folder / "held_out.safetensors")
    assert (losses["before"].mean(), losses["after"].mean()) == (before, after)
    assert "held_out.safetensors" in {file.path for file in lora.status.result.files}


async def test_without_held_out_rows_there_is_no_such_figure_and_cut_answers_are_told(lora: Whole, run: Path) -> None:
    async with training(run, lora.base, {"max_steps": 2, "max_length": 40}) as one:
        (run / HELD_OUT).unlink()
        status = await one.result()
    assert status.result is not None
    assert not {"held_out_loss", "questions"} & set(status.result.metrics)
    assert any("answers reach beyond max_length (40 tokens) and were cut" in note for note in status.result.notes)
