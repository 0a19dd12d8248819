"""The conversations that a model is trained on, as prompts and the answers that it is to give."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.errors import InvalidRequest


class Turn(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: str
    content: str


class Conversation(BaseModel):
    """A line of a file, as OpenAI's chat fine-tuning has it."""

    model_config = ConfigDict(extra="ignore")

    messages: list[Turn]


@dataclass(frozen=True, slots=True)
class Example:
    """An answer, and all that was said before it. Only the answer's tokens are learnt."""

    prompt: tuple[Turn, ...]
    completion: Turn

    @property
    def row(self) -> dict[str, list[dict[str, str]]]:
        """As trl takes it."""
        return {
            "prompt": [turn.model_dump() for turn in self.prompt],
            "completion": [self.completion.model_dump()],
        }

    @property
    def turns(self) -> list[dict[str, str]]:
        return [*self.row["prompt"], *self.row["completion"]]


@dataclass(frozen=True, slots=True)
class Fitting:
    """Those whose question leaves room for an answer; `longest` is of them, in tokens, at most the limit. Of `cut` the
    answer has no room to its end."""

    examples: tuple[Example, ...]
    dropped: int
    longest: int
    cut: int = 0


def read(path: Path) -> tuple[Example, ...]:
    """Each answer of each conversation; none without a file. Raises `InvalidRequest` for a line that is none."""
    return tuple(_read(path)) if path.exists() else ()


def fitting(examples: Sequence[Example], tokens: Callable[[list[dict[str, str]], bool], int], limit: int) -> Fitting:
    """`tokens` counts those of some turns; its second argument says whether an answer is to follow."""
    kept: list[Example] = []
    longest, cut = 0, 0
    for example in examples:
        if tokens(example.row["prompt"], True) < limit:
            kept.append(example)
            size = tokens(example.turns, False)
            longest, cut = max(longest, min(size, limit)), cut + (size > limit)
    return Fitting(tuple(kept), len(examples) - len(kept), longest, cut)


def _read(path: Path) -> Iterator[Example]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                turns = Conversation.model_validate(json.loads(line)).messages
            except (ValueError, ValidationError) as exc:
                raise InvalidRequest(
                    f"line {number} of {path.name!r} is no conversation; make the dataset anew"
                ) from exc
            for at, turn in enumerate(turns):
                if turn.role == "assistant" and at:
                    yield Example(tuple(turns[:at]), turn)
