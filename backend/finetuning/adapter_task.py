"""Tuned retrieval is trained in a limited child process: vectors in, a map and its figures out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import safetensors
import safetensors.numpy
from pydantic import BaseModel

from backend.errors import PreparedDamaged
from backend.finetuning.adapter import AdapterParameters, Epoch, Items, Questions, train
from backend.finetuning.base import Point, PointLog, TrainingResult, write_result
from backend.finetuning.files import described
from backend.finetuning.ranks import RANKS, changes, ranks_of, save_ranks
from backend.jobs.child_main import Report

INPUT: Final = "input.safetensors"
MAP: Final = "query_map.safetensors"
SPLITS: Final = ("train", "validation", "held_out")


class Arguments(BaseModel):
    folder: Path
    spec_key: str
    parameters: AdapterParameters


def save_input(folder: Path, questions: dict[str, Questions], items: Items) -> None:
    """What training reads; `questions` by split, each of `SPLITS`."""
    tensors = {"items": items.vectors, "alike": items.alike}
    for split in SPLITS:
        tensors[f"{split}.vectors"] = questions[split].vectors
        tensors[f"{split}.answers"] = questions[split].answers
    safetensors.numpy.save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, folder / INPUT)


def main(arguments: Arguments, report: Report) -> Iterable[BaseModel]:
    folder, parameters = arguments.folder, arguments.parameters
    questions, items = _input(folder)
    points = PointLog(folder)
    points.cut(after_step=-1)  # of an attempt that was cut short

    def reported(epoch: Epoch) -> None:
        values = {"train_loss": epoch.loss, "mrr": epoch.mrr, "hit_at_1": epoch.hit_at_1}
        made = [(name, value) for name, value in values.items() if value is not None]
        points.add(*(Point(name=name, step=epoch.number, epoch=epoch.number, value=value) for name, value in made))
        report(epoch.number, parameters.epochs)

    trained = train(
        questions["train"], questions["validation"], items, parameters, spec_key=arguments.spec_key, report=reported
    )
    trained.query_map.save(folder / MAP)
    asked = questions["held_out"]
    before = ranks_of(asked.vectors, asked.answers, items.vectors)
    after = ranks_of(trained.query_map(asked.vectors), asked.answers, items.vectors)
    save_ranks(folder, before, after)
    notes = [] if trained.best else ["Nothing that was learnt made the validation better: the map changes nothing."]
    metrics = changes(before, after, asked.answers) if len(asked) else {}
    write_result(folder, TrainingResult(files=described(folder, MAP, RANKS), metrics=metrics, notes=notes))
    report(parameters.epochs, parameters.epochs)
    return []


def _input(folder: Path) -> tuple[dict[str, Questions], Items]:
    try:
        tensors = safetensors.numpy.load_file(folder / INPUT)
        questions = {split: Questions(tensors[f"{split}.vectors"], tensors[f"{split}.answers"]) for split in SPLITS}
        return questions, Items(tensors["items"], tensors["alike"])
    except (OSError, KeyError, safetensors.SafetensorError) as exc:
        raise PreparedDamaged(
            f"what was prepared for the training cannot be read: {exc}; retry, which prepares it anew"
        ) from exc
