"""The labelled messages and conversations, as README.md defines them, and what has to hold of them.

`held_out.jsonl` judges and is read by nobody who writes an extractor; `tune.jsonl` and the rounds are for them. One
line, one item: a message or a conversation with `fields`, what holds at its end, and `history`, what the visitor
replaced or withdrew.
"""

import datetime
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

FOLDER: Final = Path(__file__).parent
STANDARD: Final = ("name", "company", "role", "email", "phone", "budget", "timeline", "team_size", "need")
NEARNESS: Final = 0.5

Split = Literal["held_out", "tune", "round_1", "round_2", "round_3", "round_4", "round_5", "round_6", "round_7"]
Kind = Literal["text", "number", "choice", "date", "boolean"]
Amount = Annotated[str, Field(pattern=r"^(0|[1-9]\d*)(\.\d*[1-9])?$")]

_EMAIL: Final = re.compile(r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_INTERNATIONAL: Final = re.compile(r"\+[1-9]\d{6,14}(;ext=\d+)?")
_NATIONAL: Final = re.compile(r"\d{6,15}(;ext=\d+)?")
_TOKEN: Final = re.compile(r"<\w+>|\w+")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Money(_Part):
    """An amount or the bounds that were said. `currency` is ISO 4217."""

    amount: Amount | None = None
    low: Amount | None = None
    high: Amount | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None
    period: Literal["once", "month", "year"] | None

    @model_validator(mode="after")
    def _is_one_or_bounded(self) -> Self:
        if (self.amount is None) == (self.low is None and self.high is None):
            raise ValueError(f"either an amount or bounds, not {self!r}")
        if self.low is not None and self.high is not None and float(self.low) >= float(self.high):
            raise ValueError(f"bounds out of order: {self!r}")
        return self


class When(_Part):
    """The visitor's words for a time, and the day or the first and last day that they mean, if they mean any."""

    text: str
    date: datetime.date | None = None
    start: datetime.date | None = None
    end: datetime.date | None = None

    @model_validator(mode="after")
    def _is_one_day_or_several(self) -> Self:
        if (self.start is None) != (self.end is None) or (self.date and self.start):
            raise ValueError(f"a date, a start with an end, or neither, not {self!r}")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"days out of order: {self!r}")
        return self


class Size(_Part):
    """People: a number or the bounds that were said."""

    number: Annotated[int, Field(ge=1)] | None = None
    low: Annotated[int, Field(ge=1)] | None = None
    high: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _is_one_or_bounded(self) -> Self:
        if (self.number is None) == (self.low is None and self.high is None):
            raise ValueError(f"either a number or bounds, not {self!r}")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"bounds out of order: {self!r}")
        return self


Value = Money | When | Size | StrictBool | StrictInt | StrictFloat | StrictStr


class Piece(_Part):
    span: str
    message: int


class Label(_Part):
    """A value and the words it came from. `accepted`: other values that are as right; None: so is finding nothing.

    `pieces` are earlier words without which the span does not make the value: a first name whose surname came later.
    """

    value: Value
    span: str
    message: int
    accepted: tuple[Value | None, ...] = ()
    pieces: tuple[Piece, ...] = ()


class Former(Label):
    """A value that the visitor replaced or withdrew."""

    field: str


class OwnField(_Part):
    name: str
    kind: Kind
    question: str
    choices: tuple[str, ...] = ()


class Message(_Part):
    role: Literal["user", "assistant"]
    text: str


class Item(_Part):
    """`today`: the day on which it is said. `region`: the country of a number or a dollar whose country is unsaid."""

    id: str
    language: str
    today: datetime.date
    region: str | None
    messages: tuple[Message, ...]
    own_fields: tuple[OwnField, ...]
    fields: dict[str, Label]
    history: tuple[Former, ...]

    @property
    def is_conversation(self) -> bool:
        return len(self.messages) > 1

    def labels(self) -> Iterator[tuple[str, Label]]:
        """The former values first, in the order in which they were said."""
        yield from ((former.field, former) for former in self.history)
        yield from self.fields.items()


def path(split: Split) -> Path:
    return FOLDER / f"{split}.jsonl"


def load(split: Split) -> list[Item]:
    return [Item.model_validate_json(line) for line in path(split).read_text(encoding="utf-8").splitlines()]


def sha256(split: Split) -> str:
    return hashlib.sha256(path(split).read_bytes()).hexdigest()


def faults(items: Iterable[Item]) -> list[str]:
    """What is wrong with the labels, one sentence each."""
    found: list[str] = []
    ids: Counter[str] = Counter()
    for item in items:
        ids[item.id] += 1
        for field, label in item.labels():
            found.extend(f"{item.id} {field}: {fault}" for fault in _faults(item, field, label))
        if item.is_conversation and not item.history and not any(label.pieces for label in item.fields.values()):
            found.append(f"{item.id}: a conversation in which nothing is corrected, withdrawn or said in pieces")
    return [*found, *(f"{id_}: an id of {count} items" for id_, count in ids.items() if count > 1)]


def _faults(item: Item, field: str, label: Label) -> Iterator[str]:
    for piece in (Piece(span=label.span, message=label.message), *label.pieces):
        said = item.messages[piece.message]
        if not piece.span or piece.span not in said.text:
            yield f"{piece.span!r} is not in message {piece.message}"
        if said.role != "user":
            yield f"message {piece.message} is not the visitor's"
    for value in (label.value, *(one for one in label.accepted if one is not None)):
        if not _is_normal(item, field, value):
            yield f"{value!r} is not as README.md wants it"
    if isinstance(label.value, When) and label.value.text != label.span:
        yield f"{label.value.text!r} is not the span"
    if label.value in label.accepted:
        yield f"{label.value!r} is accepted twice"


def _is_normal(item: Item, field: str, value: Value) -> bool:
    typed: dict[str, type] = {"budget": Money, "timeline": When, "team_size": Size}
    if field in typed:
        return isinstance(value, typed[field])
    if field not in STANDARD:
        return _is_own(item, field, value)
    if not isinstance(value, str) or value != value.strip() or not value:
        return False
    if field == "email":
        return _EMAIL.fullmatch(value) is not None
    if field == "phone":
        return _INTERNATIONAL.fullmatch(value) is not None or (
            item.region is None and _NATIONAL.fullmatch(value) is not None
        )
    return True


def _is_own(item: Item, field: str, value: Value) -> bool:
    [own] = [one for one in item.own_fields if one.name == field]
    match own.kind:
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "choice":
            return value in own.choices
        case "date":
            return isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value
        case "text":
            return isinstance(value, str)


def repeats(items: Sequence[Item]) -> list[str]:
    """The pairs of user messages that are one template: equal, or of mostly the same pairs of words, once masked.

    Replies within a conversation that have fewer than three words of their own ("yes, <email>") cannot differ.
    Compares every message with every other.
    """
    shapes = [(place, shape) for item in items for place, shape in _skeletons(item)]
    words = [frozenset(pairwise(("", *shape, ""))) for _, shape in shapes]
    return [
        f"{shapes[i][0]} and {shapes[j][0]}: {' '.join(shapes[i][1])!r} and {' '.join(shapes[j][1])!r}"
        for i in range(len(shapes))
        for j in range(i)
        if len(words[i] & words[j]) > NEARNESS * len(words[i] | words[j])
    ]


def _skeletons(item: Item) -> Iterator[tuple[str, tuple[str, ...]]]:
    for index, message in enumerate(item.messages):
        if message.role != "user":
            continue
        shape = skeleton(item, index)
        if not item.is_conversation or sum(not word.startswith("<") for word in shape) >= 3:
            yield f"{item.id}[{index}]", shape


def skeleton(item: Item, index: int) -> tuple[str, ...]:
    """The words of a message in lower case, with a mask for every labelled value and for every other number."""
    text = item.messages[index].text
    spans = [
        (piece.span, field)
        for field, label in item.labels()
        for piece in (Piece(span=label.span, message=label.message), *label.pieces)
        if piece.message == index
    ]
    for span, field in sorted(spans, key=lambda one: -len(one[0])):
        text = text.replace(span, f" <{field}> ")
    return tuple("<number>" if any(map(str.isdigit, word)) else word for word in _TOKEN.findall(text.casefold()))


def counts(items: Iterable[Item]) -> tuple[Counter[str], Counter[str]]:
    """Items by language, and labels that hold at the end by field; own fields together as `own`."""
    every = list(items)
    fields = Counter(field if field in STANDARD else "own" for item in every for field in item.fields)
    return Counter(item.language for item in every), fields
