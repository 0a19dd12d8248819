"""What a training of a search model is given, and what is known of it while it runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel

from backend.finetuning.base import Point
from backend.finetuning.retriever_rows import Knowledge, Pair
from backend.finetuning.torch_run import RunArguments, TorchRun

MRR: Final = "mrr"
HIT_AT_1: Final = "hit_at_1"
MODEL: Final = "model"
"""The folder of the finished model, in the run's."""


class RetrieverParameters(BaseModel):
    """`temperature` divides cosines in the loss. Texts are cut at `max_length` tokens while training alone.

    Validation is asked, and a checkpoint written, `evaluations` times; training ends after `patience` of them that
    found nothing better.
    """

    epochs: int = 4
    learning_rate: float = 2e-5
    temperature: float = 0.05
    warmup: float = 0.1
    batch: int = 32
    max_length: int = 128
    evaluations: int = 8
    patience: int = 3
    seed: int = 0


class Base(BaseModel):
    """A model that is trained on: where it is, and how texts become vectors by it."""

    folder: Path
    pooling: Literal["mean", "cls"]
    query_prefix: str = ""
    document_prefix: str = ""


class Arguments(RunArguments):
    base: Base
    parameters: RetrieverParameters


@dataclass(frozen=True, slots=True)
class Lengths:
    """In tokens: `whole` is what the model reads at most, `longest` the longest text of the pairs, `most` what training
    may read."""

    whole: int
    longest: int
    most: int

    @property
    def trained(self) -> int:
        """Of the texts of training, at most."""
        return min(self.whole, self.longest, self.most)


@dataclass(slots=True, kw_only=True)
class Run(TorchRun[Arguments]):
    """What is known of a training of a search model while it runs."""

    knowledge: Knowledge
    pairs: list[Pair]
    lengths: Lengths

    @property
    def base(self) -> Base:
        return self.arguments.base

    @property
    def parameters(self) -> RetrieverParameters:
        return self.arguments.parameters

    @property
    def is_validated(self) -> bool:
        return bool(self.knowledge.questions["validation"])

    def validations(self) -> list[Point]:
        """The MRR of each, the first before training."""
        return [point for point in self.points.read() if point.name == MRR]

    def best(self) -> Point | None:
        """The first of the best validations; None where there was none."""
        return max(self.validations(), key=lambda point: point.value, default=None)

    @property
    def is_over(self) -> bool:
        """Whether `patience` validations brought nothing better."""
        best = self.best()
        later = [point for point in self.validations() if best is not None and point.step > best.step]
        return len(later) >= self.parameters.patience
