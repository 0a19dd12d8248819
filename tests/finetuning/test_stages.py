"""What a training is said to do, by what its child told."""

import pytest

from backend.finetuning.child_trainer import Heard, learning
from backend.jobs.children import ChildProgress


@pytest.mark.parametrize(
    ("told", "stage"),
    [
        ([], "waiting"),
        ([(0, None)], "loading"),
        ([(0, None), (0, 0)], "measuring"),
        ([(0, None), (0, 0), (0, 120)], "learning"),
        ([(0, None), (0, 0), (0, 120), (1, 120)], "learning"),
        ([(0, None), (0, 0), (40, 120)], "resuming"),
        ([(0, None), (0, 0), (40, 120), (41, 120)], "learning"),
    ],
)
def test_a_training_says_what_it_does_before_its_first_step_and_after_a_restart(
    told: list[tuple[int, int | None]], stage: str
) -> None:
    heard = Heard()
    for done, total in told:
        heard.hear(ChildProgress(done, total))
    assert learning(heard) == stage
    assert heard.done == (told[-1][0] if told else 0)
