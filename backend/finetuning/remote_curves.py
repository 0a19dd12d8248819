"""The figures of a remote training's steps, read from the events of its job."""

import math
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from backend.finetuning.base import Point, PointLog
from backend.finetuning.remote_wire import FineTuningApi, RemoteEvent, RemoteJob

NAMES: Final = {
    "train_loss": "train_loss",
    "training_loss": "train_loss",
    "valid_loss": "validation_loss",
    "full_valid_loss": "validation_loss",
    "validation_loss": "validation_loss",
    "eval_loss": "validation_loss",
}
"""What servers call the figures, and what they are called here; of two names the later one counts."""
Figures = Mapping[str, object]


@dataclass
class Curves:
    """Appends what is new to the points of `folder`. `done` of `total` steps are known by the last look, or `percent`.

    `epochs` is how often the rows are gone through, where that is known: else a point's epoch is its share, 0..1.
    """

    folder: Path
    epochs: int | None
    done: int = 0
    total: int = 0
    percent: int = 0
    _seen: set[str] = field(default_factory=set)

    def hear(self, job: RemoteJob) -> None:
        """What the job itself says of its steps and epochs."""
        self.epochs = job.epochs or self.epochs
        self.done, self.total = max(self.done, job.done), max(self.total, job.total)
        self.percent = max(self.percent, min(job.percent, 100))

    async def read(self, api: FineTuningApi, job_id: str) -> None:
        """Back to the newest event that was seen before. Raises what the server raises."""
        new: list[RemoteEvent] = []
        async with aclosing(api.events(job_id)) as events:
            async for event in events:
                if event.id in self._seen:
                    break
                new.append(event)
        self._seen.update(event.id for event in new)
        self._add(sorted((event.data for event in new if event.data and _step(event.data) >= 0), key=_step))

    def _add(self, steps: Sequence[Figures]) -> None:
        if not steps:
            return
        points = PointLog(self.folder)
        known = {(point.name, point.step) for point in points.read()}
        for one in steps:
            step, total = _step(one), _whole(one.get("total_steps")) or self.total
            self.done, self.total = max(self.done, step), max(self.total, total)
            epoch = step / total * (self.epochs or 1) if total else 0.0
            values = {ours: _number(one[theirs]) for theirs, ours in NAMES.items() if theirs in one}
            new = {name: value for name, value in values.items() if value is not None and (name, step) not in known}
            points.add(*(Point(name=name, step=step, epoch=epoch, value=value) for name, value in new.items()))


def _step(figures: Figures) -> int:
    return _whole(figures.get("step"), -1)


def _whole(value: object, missing: int = 0) -> int:
    return value if isinstance(value, int) and value >= 0 else missing


def _number(value: object) -> float | None:
    """A point of a curve; None for what is none."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
