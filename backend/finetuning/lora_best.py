"""The best state of a training is kept: the one whose validation loss is lowest, also over a restart.

Its weights are those of its checkpoint, by another name: while that is there, they take no room of their own.
"""

import os
import shutil
from pathlib import Path
from typing import Any, Final

from transformers import TrainerCallback

from backend.finetuning import checkpoints
from backend.finetuning.base import Point
from backend.finetuning.checkpoints import MANIFEST
from backend.finetuning.lora_run import Run
from backend.finetuning.trainer_checkpoints import CHANCE, OPTIMIZER, STATE, TRAINER_STATE

BEST: Final = "best"
_OF_TRAINING: Final = frozenset({OPTIMIZER, CHANCE, STATE, TRAINER_STATE, MANIFEST})
"""What only going on needs."""


class BestKept(TrainerCallback):  # type: ignore[misc]  # torch's family is not installed where types are checked
    """Validation comes before the checkpoint of a step: what was best by then is in it."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_save(self, args: object, state: Any, control: object, **_: object) -> None:  # noqa: ARG002 - theirs
        root = self._run.folder / checkpoints.FOLDER
        keep(self._run, checkpoints.at(root, state.global_step), state.global_step)


def keep(run: Run, checkpoint: Path, step: int) -> None:
    """Keeps the state of a checkpoint where it is the best, once; and forgets what no checkpoint can lead back to."""
    root = run.folder / BEST
    best = best_of(run)
    if best is not None and best.step == step and not (root / checkpoint.name).exists():
        draft = checkpoints.begin(root)
        for path in checkpoint.iterdir():
            if path.name not in _OF_TRAINING:
                _link(path, draft / path.name)
        checkpoints.seal(draft, step)
    oldest = checkpoints.steps(checkpoint.parent)[0]
    for old in [one for one in checkpoints.steps(root) if one <= oldest][:-1]:
        shutil.rmtree(checkpoints.at(root, old))


def best_of(run: Run) -> Point | None:
    """The first of the lowest validation losses after the start; None where nothing was validated by then."""
    learnt = [point for point in run.validations() if point.step > 0]
    return min(learnt, key=lambda point: point.value, default=None)


def go_back(run: Run, found: tuple[Path, int] | None) -> None:
    """To the checkpoint from which training goes on: best states behind it come again."""
    root, step = run.folder / BEST, found[1] if found else -1
    for later in [one for one in checkpoints.steps(root) if one > step]:
        shutil.rmtree(checkpoints.at(root, later))
    if found is not None:
        keep(run, *found)


def kept(run: Run) -> tuple[Path, int] | None:
    """The folder with the best state, and its step. None where nothing was validated, or it is damaged."""
    best = best_of(run)
    found = checkpoints.newest(run.folder / BEST)
    return found if found is not None and best is not None and found[1] == best.step else None


def _link(path: Path, other: Path) -> None:
    try:
        os.link(path, other)
    except OSError:  # a file system without links
        shutil.copyfile(path, other)
