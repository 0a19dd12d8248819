"""What a training of a model is given, and what is known of it while it runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from backend.finetuning.base import Point
from backend.finetuning.lora_conversations import Fitting
from backend.finetuning.torch_run import RunArguments, TorchRun

VALIDATION_LOSS: Final = "validation_loss"
HELD_OUT_LOSS: Final = "held_out_loss"


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


class Arguments(RunArguments):
    """`models` is where the sample is made, `hub` the Hugging Face cache; `base_model` as in `lora_base.folder_of`."""

    base_model: str
    models: Path
    hub: Path
    parameters: LoraParameters


@dataclass(slots=True, kw_only=True)
class Run(TorchRun[Arguments]):
    """What is known of a training of a model that answers while it runs."""

    base: Path
    tokenizer: Any
    train: Fitting
    validation: Fitting
    held_out: Fitting
    kept: Point | None = None
    """The validation of the state that is kept; None without validation."""

    @property
    def parameters(self) -> LoraParameters:
        return self.arguments.parameters

    def validations(self) -> list[Point]:
        """The loss of each, the first before training."""
        return [point for point in self.points.read() if point.name == VALIDATION_LOSS]
