"""What a search model is trained on: a collection's items by the texts that are embedded, and questions to them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from backend.embeddings.base import Vectors
from backend.errors import PreparedDamaged
from backend.finetuning.ranks import Rows

ITEMS: Final = "items.jsonl"
SPLITS: Final = ("train", "validation", "held_out")
M = TypeVar("M", bound=BaseModel)


class Item(BaseModel):
    """`views` are texts of an item that are embedded, without a prefix; a question's cosine with their sum by `weights`
    is its score. Items of the same number in `alike` say the same."""

    views: list[str]
    weights: list[float]
    alike: int


class Asked(BaseModel):
    """A question, and the place of the item that answers it."""

    text: str
    item: int


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`questions` by split, each of `SPLITS`."""

    items: tuple[Item, ...]
    questions: Mapping[str, tuple[Asked, ...]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a text that it is drawn to; pairs of one `alike` are never set against each other."""

    question: str
    text: str
    alike: int


def write(folder: Path, items: Iterable[Item], questions: Mapping[str, Sequence[Asked]]) -> None:
    _write(folder / ITEMS, items)
    for split in SPLITS:
        _write(_file(folder, split), questions[split])


def read(folder: Path) -> Knowledge:
    """Raises `PreparedDamaged` for what was not written by `write`."""
    try:
        items = tuple(_read(folder / ITEMS, Item))
        questions = {split: tuple(_read(_file(folder, split), Asked)) for split in SPLITS}
    except (OSError, ValueError, ValidationError) as exc:
        raise PreparedDamaged(
            f"what was prepared for the training cannot be read: {exc}; retry, which prepares it anew"
        ) from exc
    return Knowledge(items, questions)


def pairs(knowledge: Knowledge) -> list[Pair]:
    """Of training: each question with every view of its item that says more than the question itself."""
    return [
        Pair(asked.text, view, knowledge.items[asked.item].alike)
        for asked in knowledge.questions["train"]
        for view in knowledge.items[asked.item].views
        if view.strip() != asked.text.strip()
    ]


def some(knowledge: Knowledge, split: str, *, questions: int, items: int) -> Knowledge:
    """At most so many questions of a split, spread over it, among at most so many items: theirs, and others spread."""
    asked = _spread(knowledge.questions[split], questions)
    own = sorted({one.item for one in asked})
    others = sorted(set(range(len(knowledge.items))) - set(own))
    kept = sorted([*own, *_spread(others, max(items - len(own), 0))])
    place = {old: new for new, old in enumerate(kept)}
    moved = tuple(Asked(text=one.text, item=place[one.item]) for one in asked)
    return Knowledge(tuple(knowledge.items[at] for at in kept), {split: moved})


def answers(asked: Sequence[Asked]) -> Rows:
    """int64[n]: the place of each question's item."""
    return np.array([one.item for one in asked], dtype=np.int64)


def views(items: Sequence[Item]) -> list[str]:
    """The texts of all items, one item's after the other's."""
    return [view for item in items for view in item.views]


def compared(items: Sequence[Item], vectors: Vectors) -> Vectors:
    """float32[m, d]: what a question's vector is compared with, from those of `views`."""
    ends = np.cumsum([len(item.views) for item in items])
    weights = np.array([weight for item in items for weight in item.weights], dtype=np.float32)
    starts = np.concatenate([[0], ends[:-1]])
    return np.asarray(np.add.reduceat(vectors * weights[:, None], starts, axis=0), dtype=np.float32)


X = TypeVar("X")


def _spread(values: Sequence[X], most: int) -> Sequence[X]:
    if len(values) <= most:
        return values
    return [values[at * len(values) // most] for at in range(most)]


def _file(folder: Path, split: str) -> Path:
    return folder / f"{split}.jsonl"


def _write(path: Path, rows: Iterable[BaseModel]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(f"{row.model_dump_json()}\n")


def _read(path: Path, kind: type[M]) -> Iterator[M]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield kind.model_validate(json.loads(line))
