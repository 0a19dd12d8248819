"""What a training of a model is given, and what is known of it while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from backend.finetuning.base import PointLog
from backend.finetuning.lora_conversations import Fitting
from backend.jobs.child_main import Report

TRAIN_LOSS: Final = "train_loss"
VALIDATION_LOSS: Final = "validation_loss"


class LoraParameters(BaseModel):
    """`rank`, `alpha` and `dropout` are of LoRA (Hu and others, 2021), on all linear layers. `max_steps` of 0 leaves
    the end to `epochs`. The validation loss is taken, and a checkpoint written, `evaluations` times."""

    kind: Literal["lora", "full"] = "lora"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    epochs: int = 3
    max_steps: int = 0
    learning_rate: float = 2e-4
    warmup: float = 0.03
    batch: int = 4
    accumulation: int = 1
    max_length: int = 1024
    evaluations: int = 10
    seed: int = 0


class Arguments(BaseModel):
    """`models` is where the sample is made, `hub` the Hugging Face cache; `base_model` as in `lora_base.folder_of`.

    `memory` is what the training may take, bytes; None: what is free.
    """

    folder: Path
    base_model: str
    models: Path
    hub: Path
    parameters: LoraParameters
    memory: int | None = None


@dataclass(slots=True)
class Run:
    """What is known of a training while it runs."""

    arguments: Arguments
    base: Path
    tokenizer: Any
    train: Fitting
    validation: Fitting
    points: PointLog
    report: Report
    seconds: Sequence[float] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.arguments.folder

    @property
    def parameters(self) -> LoraParameters:
        return self.arguments.parameters

    def last(self, name: str) -> int:
        """The step of the last point of this name; -1 without one."""
        return max((point.step for point in self.points.read() if point.name == name), default=-1)
