"""Datasets as files: written in pieces, and read in bounded memory from whatever form they have."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO

from backend.datasets.rows import Example, FileSource, Provenance, Row, Split, provenance_to_json
from backend.datasets.shapes import (
    Json,
    Said,
    Turns,
    WrongRow,
    from_json,
    read_provenance,
    read_split,
    text_of,
    to_alpaca,
    to_openai,
    to_sharegpt,
)
from backend.errors import UnreadableDataset
from backend.parsing.decoding import detect_encoding

Form = Literal["openai", "alpaca", "alpaca_lines", "sharegpt", "csv"]
"""JSON lines, but for `alpaca`, a JSON array, and CSV."""

LONGEST_ROW: Final = 1_000_000
"""Characters of a row with all that is in it; so much of a file is in memory at a time."""
MOST_ROWS: Final = 100_000
_BLOCK: Final = 1 << 16
_COLUMNS: Final = ("question", "answer", "system", "split", "source")
_NAMES: Final = {name: name for name in _COLUMNS} | {
    "prompt": "question",
    "instruction": "question",
    "response": "answer",
    "output": "answer",
    "completion": "answer",
}
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Imported:
    """An example of a file; `split` is None when the file does not say."""

    example: Example
    split: Split | None


def export(
    rows: Iterable[Row], form: Form, *, with_metadata: bool, is_first: bool = True, is_last: bool = True
) -> Iterator[str]:
    """The rows in their order as text, one or a few lines at a time.

    With metadata every form carries question, answer, system prompt, split and provenance, so that `read` gives the
    same rows. Without, the JSON forms lose split and provenance and CSV the provenance: OpenAI takes no file with keys
    that it does not know. A dataset of no rows is an empty file, in CSV and Alpaca a frame without rows.

    Of a file that is written in parts, each with some of the rows, `is_first` and `is_last` say which part it is.
    """
    if form == "csv":
        yield from _csv(rows, with_metadata, has_head=is_first)
    elif form == "alpaca":
        yield "[" if is_first else ""
        for number, row in enumerate(rows):
            yield f"{'' if is_first and not number else ','}\n{_dumped(to_alpaca(row, with_metadata=with_metadata))}"
        yield "\n]\n" if is_last else ""
    else:
        shape: Callable[..., Json] = {"openai": to_openai, "alpaca_lines": to_alpaca, "sharegpt": to_sharegpt}[form]
        for row in rows:
            yield f"{_dumped(shape(row, with_metadata=with_metadata))}\n"


def read(path: Path, name: str, *, most_rows: int = MOST_ROWS, turns: Turns = "refuse") -> Iterator[Imported]:
    """The rows of a file in any of the forms, found from its content; `name` is what people call the file.

    UTF-8, UTF-16 with a mark, else Windows-1252 or Latin-1. Columns of a CSV file that are not known are left out, as
    are those of FAQs; commas, semicolons and tabs divide it. A conversation of several turns is refused, or with
    `turns="first"` only its first turn is read, since the later ones cannot stand alone. Rows keep the provenance that
    the file tells, which is its claim; without one it is the file and the number of the row. Empty texts pass: `checks`
    find all of them at once.

    Raises `UnreadableDataset`, which names row and field, at the first row that is wrong. No more than `LONGEST_ROW`
    characters are held at a time.
    """
    count = 0
    try:
        with path.open(encoding=detect_encoding(path), newline="") as source:
            for count, said in enumerate(_rows(source, name, turns), start=1):
                if count > most_rows:
                    raise UnreadableDataset(f"{name!r} has more than {most_rows} rows; divide it")
                provenance = said.provenance or Provenance(FileSource(name, count))
                yield Imported(Example(said.question, said.answer, provenance, said.system), said.split)
    except UnicodeDecodeError as exc:
        raise UnreadableDataset(
            f"{name!r}, after row {count}: it is not text in {exc.encoding}; save it as UTF-8"
        ) from exc
    except WrongRow as exc:
        raise UnreadableDataset(f"{name!r}, row {count + 1}, {exc}") from exc
    if not count:
        raise UnreadableDataset(f"{name!r} has no rows")


def _rows(source: TextIO, name: str, turns: Turns) -> Iterator[Said]:
    first = _first_sign(source)
    source.seek(0)
    if not first:
        raise UnreadableDataset(f"{name!r} is empty")
    if first == "[":
        return (from_json(value, turns) for value in _array(source))
    if first == "{":
        return (from_json(_parsed(line), turns) for line in _lines(source) if line.strip())
    return _table(source, name)


def _first_sign(source: TextIO) -> str:
    while block := source.read(_BLOCK):
        if stripped := block.lstrip("\ufeff \t\r\n"):
            return stripped[0]
    return ""


def _lines(source: TextIO) -> Iterator[str]:
    """Raises `WrongRow` for a line over the limit, when so much of it was read."""
    while line := source.readline(LONGEST_ROW + 1):
        if len(line) > LONGEST_ROW:
            raise WrongRow("row", f"it has more than {LONGEST_ROW} characters")
        yield _without_nul(line)


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise WrongRow("row", "it contains a NUL character: the file is none of text, or UTF-16 without its mark")
    return text


def _parsed(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise WrongRow("row", f"it is not JSON: {_told(exc)}") from exc
    return value


def _told(exc: Exception) -> str:
    if isinstance(exc, json.JSONDecodeError):
        return f"{exc.msg}, column {exc.colno}"
    return "it is nested too deeply" if isinstance(exc, RecursionError) else "a number is too long"


def _array(source: TextIO) -> Iterator[object]:
    """The values of a JSON array, one at a time: more is read until what is there is a whole value."""
    buffer = _Buffer(source)
    buffer.skip("[")
    if buffer.next_sign() == "]":
        buffer.skip("]")
    else:
        while True:
            yield buffer.value()
            if buffer.next_sign() != ",":
                break
            buffer.skip(",")
        buffer.skip("]")
    if buffer.next_sign():
        raise WrongRow("row", "something follows the end of the array")


class _Buffer:
    """What was read of a file of JSON and not yet used."""

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self._text = ""
        self._decoder = json.JSONDecoder()

    def next_sign(self) -> str:
        """The next sign that is no white space, "" at the end."""
        while True:
            self._text = self._text.lstrip("\ufeff \t\r\n")
            if self._text or not self._read():
                return self._text[:1]

    def skip(self, sign: str) -> None:
        if self.next_sign() != sign:
            raise WrongRow(
                "row", f"{sign!r} is expected, not {self._text[:1]!r}" if self._text else f"{sign!r} is missing"
            )
        self._text = self._text[1:]

    def value(self) -> object:
        """An object: numbers and words could go on in the next block."""
        if self.next_sign() != "{":
            raise WrongRow("row", f"'{{' is expected, not {self._text[:1]!r}")
        while True:
            try:
                value: object
                value, end = self._decoder.raw_decode(self._text)
            except (ValueError, RecursionError) as exc:
                if len(self._text) > LONGEST_ROW:
                    raise WrongRow("row", f"it is not JSON, or has more than {LONGEST_ROW} characters") from exc
                if isinstance(exc, RecursionError) or not self._read():
                    raise WrongRow("row", f"it is not JSON: {_told(exc)}") from exc
            else:
                self._text = self._text[end:]
                return value

    def _read(self) -> bool:
        """As much again as there is: the whole is parsed a few times only."""
        block = _without_nul(self._source.read(max(_BLOCK, len(self._text))))
        self._text += block
        return bool(block)


def _csv(rows: Iterable[Row], with_metadata: bool, *, has_head: bool) -> Iterator[str]:
    columns = _COLUMNS if with_metadata else _COLUMNS[:-1]
    if has_head:
        yield _record(columns)
    for row in rows:
        source = _dumped(provenance_to_json(row.provenance))
        cells = (row.question, row.answer, row.system or "", row.split.value, source)
        yield _record([inert(cell) for cell in cells[: len(columns)]])


def _record(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def inert(cell: str) -> str:
    """A spreadsheet must not run a cell as a formula; `active` is the way back."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def active(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _table(source: TextIO, name: str) -> Iterator[Said]:
    metered = _Metered(source)
    columns, delimiter = _header(metered.header(), name)
    records = csv.reader(metered, delimiter=delimiter, strict=True)
    while True:
        metered.held = 0
        try:
            cells = next(records, None)
        except csv.Error as exc:
            raise WrongRow("row", f"it is not CSV: {exc}") from exc
        if cells is None:
            return
        if cells:
            yield _said(cells, columns)


def _header(line: str, name: str) -> tuple[list[str], str]:
    """What each column is and what divides them: the sign by which there are questions and answers."""
    for delimiter in ",;\t":
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        columns = [_NAMES.get(cell.strip().lower(), "") for cell in cells]
        if columns.count("question") == columns.count("answer") == 1:
            return columns, delimiter
    raise UnreadableDataset(
        f"{name!r} is neither JSON nor CSV with one column question and one answer; it begins {line.strip()[:80]!r}"
    )


def _said(cells: list[str], columns: list[str]) -> Said:
    if len(cells) != len(columns):
        raise WrongRow("row", f"it has {len(cells)} cells, the header has {len(columns)}")
    told = {column: active(text_of(cell, column)) for column, cell in zip(columns, cells, strict=True) if column}
    source = told.get("source", "")
    is_ours = source.startswith("{")
    provenance = read_provenance(_parsed(source)) if is_ours else None
    return Said(told["question"], told["answer"], told.get("system") or None, read_split(told.get("split")), provenance)


class _Metered:
    """The lines of a CSV file; a row of many lines, in quotes, is limited as a whole."""

    def __init__(self, source: TextIO) -> None:
        self._lines = _lines(source)
        self.held = 0

    def header(self) -> str:
        """The first line that is not blank, "" when there is none."""
        return next((line for line in self._lines if line.strip()), "")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.held += len(line)
        if self.held > LONGEST_ROW:
            raise WrongRow("row", f"it has more than {LONGEST_ROW} characters; is a quote not closed?")
        return line


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
