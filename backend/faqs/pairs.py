"""Pieces of a section that stand for themselves: questions with answers, terms with explanations."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from backend.parsing.base import Block

_Q = re.compile(r"(?:q|question|frage|f|p|pregunta)\s?\d{0,4}\s?[:.)]\s+(?=\S)", re.IGNORECASE)
_A = re.compile(r"(?:a|answer|antwort|r|réponse|respuesta)\s?\d{0,4}\s?[:.)]\s+(?=\S)", re.IGNORECASE)
_A_INSIDE = re.compile(
    r"(?:\n\s{0,8}|(?<=[?.!])\s{1,3})(?:a|answer|antwort|r|réponse|respuesta)\s?\d{0,4}\s?[:.)]\s+(?=\S)", re.IGNORECASE
)
_ONE_OPTION = r"--?[A-Za-z?][\w?-]*(?:[= ]?[<\[][^>\]\n]{0,60}[>\]]|=\S{1,60})?"
_OPTION = re.compile(rf"{_ONE_OPTION}(?:(?:, ?| or ){_ONE_OPTION}){{0,3}}(?: \[default: [^\]\n]{{0,60}}\])?")
LONGEST_QUESTION = 300
_LONGEST_TERM = 120


@dataclass(frozen=True, slots=True)
class Piece:
    """A question or a term, and the blocks that belong to it. `page` is where it starts."""

    kind: Literal["pair", "question", "term"]
    label: str
    blocks: tuple[Block, ...]
    page: int | None


def split(text: str, blocks: Sequence[Block]) -> tuple[Sequence[Block], list[Piece]]:
    """The blocks before the first piece, and the pieces. Each block is looked at a bounded number of times."""
    starts = [at for at, block in enumerate(blocks) if _starts_piece(text, block)]
    if not starts:
        return blocks, []
    return blocks[: starts[0]], list(_pieces(text, blocks, starts))


def _starts_piece(text: str, block: Block) -> bool:
    if block.kind == "bold":
        return True
    if block.kind == "code":
        return bool(_OPTION.fullmatch(text, block.start, min(block.end, block.start + _LONGEST_TERM)))
    return block.kind == "paragraph" and bool(_Q.match(text, block.start, min(block.end, block.start + 40)))


def _pieces(text: str, blocks: Sequence[Block], starts: list[int]) -> Iterator[Piece]:
    labels: list[str] = []
    for at, start in enumerate(starts):
        end = starts[at + 1] if at + 1 < len(starts) else len(blocks)
        block = blocks[start]
        label = " ".join(text[block.start : min(block.end, block.start + LONGEST_QUESTION + 1)].split())
        body = tuple(blocks[start + 1 : end])
        if not body and block.kind == "code":
            labels = []
            continue
        if not body and block.kind == "bold":  # several names of one entry: "-f", "--force"
            labels.append(label)
            del labels[:-6]
            continue
        yield from _piece(text, block, [*labels, label], body)
        labels = []


def _piece(text: str, block: Block, labels: list[str], body: tuple[Block, ...]) -> Iterator[Piece]:
    label = labels[-1]
    marked = _Q.match(text, block.start, min(block.end, block.start + 40))
    if marked is not None:
        yield from _pair(text, block, marked.end(), body)
    elif _is_question(label):
        yield Piece("question", label, _without_mark(text, body), block.page)
    elif len(label) <= _LONGEST_TERM:
        yield Piece("term", ", ".join(labels), body, block.page)


def _is_question(label: str) -> bool:
    """Ends with a question mark and begins like a sentence; `command ?option?` is a syntax."""
    ends = label.rstrip("\"”’') ").endswith(("?", "？"))
    return ends and len(label) <= LONGEST_QUESTION and not label[0].islower() and label.count("?") <= 2


def _pair(text: str, block: Block, start: int, body: tuple[Block, ...]) -> Iterator[Piece]:
    inside = _A_INSIDE.search(text, start, min(block.end, start + 2 * LONGEST_QUESTION))
    question_end = inside.start() if inside else block.end
    if question_end - start > LONGEST_QUESTION:
        return
    question = " ".join(text[start:question_end].split())
    if inside:
        body = (block.model_copy(update={"start": inside.end(), "kind": "paragraph"}), *body)
    elif not body or not (_A.match(text, body[0].start) or question.endswith("?")):
        return
    yield Piece("pair", question, _without_mark(text, body), block.page)


def _without_mark(text: str, body: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks without a leading "A:"."""
    if not body:
        return body
    mark = _A.match(text, body[0].start, min(body[0].end, body[0].start + 40))
    return (body[0].model_copy(update={"start": mark.end()}), *body[1:]) if mark else body
