"""What trainings by torch have in common, whatever they make: what is known of one while it runs, what it needs of the
machine, and the settings of transformers' trainers."""

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel

from backend.errors import TrainingDiverged
from backend.finetuning import checkpoints, machine, needs, reservations
from backend.finetuning.base import Point, PointLog
from backend.finetuning.needs import Plan, Shape
from backend.finetuning.reservations import Reservation
from backend.jobs.child_main import Report

TRAIN_LOSS: Final = "train_loss"


class Parameters(Protocol):
    """Those that every method by torch has."""

    @property
    def epochs(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warmup(self) -> float: ...
    @property
    def batch(self) -> int: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def seed(self) -> int: ...


class RunArguments(BaseModel):
    """`memory` is what the training may take, bytes; None: what is free. `reservations` is where the trainings of this
    machine say what they need."""

    folder: Path
    memory: int | None = None
    reservations: Path = Path()


A = TypeVar("A", bound=RunArguments)


@dataclass(slots=True, kw_only=True)
class TorchRun(Generic[A]):
    """What is known of a training while it runs."""

    arguments: A
    points: PointLog
    report: Report
    reservation: Reservation | None = None
    seconds: Sequence[float] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.arguments.folder

    def advance(self, done: int, total: int) -> None:
        """Tells how many steps of all are done. With a `total` of 0 it is loaded, and has not begun to learn."""
        if self.reservation is not None:
            self.reservation.took(int(machine.peak_memory() * machine.MIB))
        self.report(done, total)

    def log(self, state: Any, logs: Mapping[str, float], names: Mapping[str, str], *, remedy: str) -> None:
        """Keeps what a trainer of transformers logs under our `names`, and says how far it is.

        Raises `TrainingDiverged`, with the `remedy`, for what is no number any more.
        """
        for theirs, ours in names.items():
            value = logs.get(theirs)
            if value is None:
                continue
            if not value - value == 0:
                raise TrainingDiverged(f"the loss became {value} in step {state.global_step}; {remedy}")
            self.points.add(Point(name=ours, step=state.global_step, epoch=state.epoch or 0.0, value=value))
        self.advance(state.global_step, state.max_steps)


def require_resources(run: TorchRun[Any], shape: Shape, plan: Plan) -> None:
    """Reserves the memory. Raises as `reservations.reserve`, and `StorageFull`."""
    import torch

    on_gpu = torch.cuda.is_available()
    given = run.arguments

    def free() -> int | None:
        return given.memory or (torch.cuda.mem_get_info()[0] if on_gpu else machine.free_memory())

    run.reservation = reservations.reserve(given.reservations, needs.memory_needed(shape, plan), free=free)
    machine.require_disk(needs.disk_needed(shape, plan), shutil.disk_usage(run.folder).free)
    if not on_gpu and sys.platform == "linux":
        machine.limit_memory(run.reservation.room)


def settings(run: TorchRun[Any], parameters: Parameters, *, is_validated: bool) -> dict[str, Any]:
    """Of `transformers.TrainingArguments`: validation and checkpoints come together, and nothing is sent or drawn."""
    import torch

    on_gpu = torch.cuda.is_available()
    rounds = min(1 / parameters.evaluations, math.nextafter(1, 0))  # a share of the steps: 1.0 would mean each of them
    return {
        "output_dir": str(run.folder / checkpoints.FOLDER),
        "num_train_epochs": parameters.epochs,
        "per_device_train_batch_size": parameters.batch,
        "learning_rate": parameters.learning_rate,
        "warmup_steps": parameters.warmup,
        "seed": parameters.seed,
        "bf16": has_bf16(),
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "eval_strategy": "steps" if is_validated else "no",
        "eval_steps": rounds,
        "save_strategy": "steps",
        "save_steps": rounds,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
    }


def has_bf16() -> bool:
    """On a GPU alone. On a processor that multiplies bf16 (AVX512-BF16), float32 took 20 % longer a step on one thread,
    but after six steps of SmolLM2 its loss was 2.42 and that of bf16 2.59: per second they learnt about the same."""
    import torch

    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
