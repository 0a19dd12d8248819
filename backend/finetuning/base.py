"""The trainer seam: what every way of training a model takes and gives."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from pydantic import BaseModel, JsonValue

from backend.errors import JobCancelled, NexusError

State = Literal["running", "succeeded", "failed", "cancelled", "lost"]
"""`lost`: it was started, is not finished, and nobody works on it: its process died. `start` goes on with it."""

SPEC_KEY: Final = "spec_key"
"""The parameter of retrieval that preparation adds: the embedding model whose vectors were prepared."""
BASE: Final = "base"
"""The parameter of embeddings that preparation adds: where the base model is, and how texts become vectors by it."""
MODELS: Final = "models"
"""The parameter of models that answer that preparation adds: the folder where base models are made."""
WORKSPACE: Final = "workspace"
"""The parameter of models that answer that preparation adds: the id of the workspace, whose providers may train."""
NOTICE: Final = "notice"
"""The parameter of models that answer that preparation adds: what to know of the model while it is trained."""
CONVERSATIONS: Final[Mapping[str, str]] = {"train": "train.jsonl", "validation": "validation.jsonl"}
"""What a model that answers is trained on, in the folder: OpenAI's chat format, a conversation a line."""
HELD_OUT: Final = "held_out.jsonl"
"""What a model that is trained on this machine is asked before and after: as those, in no training."""
POINTS: Final = "points.jsonl"
RESULT: Final = "result.json"
ENDED: Final = "ended.json"
"""Why training ended without a result, where the method keeps that; the next attempt of the job removes it."""


class Point(BaseModel):
    """A value of a curve after so many steps and epochs: `train_loss`, `validation_loss`, `mrr` (0..1) and the like."""

    name: str
    step: int
    epoch: float
    value: float


class ModelFile(BaseModel):
    """A file of a trained model: its path below the run's folder."""

    path: str
    size: int
    sha256: str


class TrainingResult(BaseModel):
    """What training ended with. `remote_id` names a model that another server keeps; it has no `files`.

    `metrics` are numbers before and after by their name: {"mrr": [0.61, 0.72]}.
    """

    files: list[ModelFile] = []
    remote_id: str | None = None
    metrics: dict[str, list[float]] = {}
    notes: list[str] = []


LOOKED_AT: Final = 500
"""Rows of a dataset, the longest, that are looked at before a training begins."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A training that somebody means to begin. `root` is where its folder would be, `models` where base models are
    made; `longest` are the tokens of the dataset's longest rows, `LOOKED_AT` at most, rather too many each."""

    base_model: str
    parameters: Mapping[str, JsonValue]
    root: Path
    models: Path
    longest: Sequence[int]


@dataclass(frozen=True, slots=True)
class Machine:
    """What is there for a training, bytes. Memory is None where it is not known, or where a GPU may train."""

    memory: int | None
    free_memory: int | None
    free_disk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is known of a training before it begins. `memory` and `disk` are what it needs, bytes, None where the base
    model is not known; `obstacle` is why it cannot begin, `warnings` are what to know before it does."""

    machine: Machine
    memory: int | None = None
    disk: int | None = None
    obstacle: NexusError | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """What to train. `folder` is the run's own: what the method reads lies in it, checkpoints and results go there.

    `parameters` are the method's, already validated. `base_model` names a model or its folder; empty where the method
    has none.
    """

    folder: Path
    base_model: str
    parameters: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class TrainingStatus:
    """`done` of `total` steps, 0 while that is not known. `message` says what keeps it waiting, where it should not.
    `error` says why it failed, `result` what came out."""

    state: State
    done: int = 0
    total: int = 0
    stage: str = "training"
    message: str = ""
    result: TrainingResult | None = None
    error: NexusError | None = None


class Trainer(Protocol):
    """One way to train. Each call may come from another process than the one before, after a restart.

    `start` gives a handle by which the training is found again, and returns at once; called again for the same order
    it goes on from the last checkpoint instead of beginning another training. `status` and `cancel` take the handle;
    to cancel what has ended does nothing. Points of the curves are appended to `POINTS` in the order's folder.
    """

    async def start(self, order: TrainingOrder) -> str: ...
    async def status(self, order: TrainingOrder, handle: str) -> TrainingStatus: ...
    async def cancel(self, order: TrainingOrder, handle: str) -> None: ...
    async def aclose(self) -> None: ...


class PointLog:
    """The curves of a run as JSON lines, written by one process while others read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / POINTS

    def add(self, *points: Point) -> None:
        """Raises `JobCancelled` where the folder is gone: a cancelled training is deleted while its child ends."""
        try:
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write("".join(f"{point.model_dump_json()}\n" for point in points))
        except FileNotFoundError as exc:
            raise JobCancelled("the folder of the training was removed") from exc

    def read(self, *, skip: int = 0) -> Iterator[Point]:
        """Those behind the first `skip`. A line that is being written is left for the next time."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8", newline="\n") as lines:
            for at, line in enumerate(lines):
                if at >= skip and line.endswith("\n"):
                    yield Point.model_validate_json(line)

    def cut(self, *, after_step: int) -> None:
        """Forgets what came after a checkpoint, from which training goes on."""
        kept = [point for point in self.read() if point.step <= after_step]
        draft = self._path.with_suffix(".part")
        draft.write_text("".join(f"{point.model_dump_json()}\n" for point in kept), encoding="utf-8")
        os.replace(draft, self._path)


def write_result(folder: Path, result: TrainingResult) -> None:
    """Whole or not at all: where it is, training has succeeded."""
    write_whole(folder / RESULT, result)


def write_whole(path: Path, content: BaseModel) -> None:
    """As JSON, on the disk when it returns. Raises `JobCancelled` where the folder is gone."""
    draft = path.with_name(f"{path.name}.part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content.model_dump(mode="json"), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except FileNotFoundError as exc:
        raise JobCancelled("the folder of the training was removed") from exc


def read_result(folder: Path) -> TrainingResult | None:
    path = folder / RESULT
    return TrainingResult.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None
