"""Results on disk: one JSON file a module, and their table inside `results/README.md`, whose prose is left alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import COLUMNS, Figure, markdown_table
from benchmarks.machine import describe

FOLDER = Path(__file__).with_name("results")
BEGIN = "<!-- table: begin -->"
END = "<!-- table: end -->"


def write(
    module: str,
    figures: Sequence[Figure],
    folder: Path = FOLDER,
    *,
    more: Mapping[str, object] | None = None,
    files: Mapping[str, str] | None = None,
) -> None:
    """`more` goes into the file beside the figures, in place of what has the same name; `files` are others, by name."""
    folder.mkdir(exist_ok=True)
    for name, text in (files or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    record = describe() | {"module": module, "figures": [figure.record() for figure in figures]} | dict(more or {})
    path = folder / f"{module}.json"
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    readme = folder / "README.md"
    if readme.exists():
        text = readme.read_text(encoding="utf-8")
        readme.write_text(with_table(text, table(records(folder))), encoding="utf-8")


def records(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """What was measured last of each module, in the order of the modules' names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def table(found: Sequence[dict[str, Any]]) -> str:
    rows: list[list[str]] = []
    for record in found:
        for one in record["figures"]:
            figure = Figure(**{name: one[name] for name in ("name", "value", "unit", "peer", "note")}, target=None)
            cells = list(figure.row())
            cells[2], cells[4] = one["bound"], one["verdict"]
            rows.append([record["module"], *cells])
    return markdown_table(rows, ("module", *COLUMNS))


def with_table(text: str, table: str) -> str:
    """The text with what stands between the two marks replaced. Raises ValueError when a mark is missing."""
    if BEGIN not in text or END not in text:
        raise ValueError(f"results/README.md lacks {BEGIN!r} or {END!r}; put both where the table belongs")
    head, rest = text.split(BEGIN, 1)
    return f"{head}{BEGIN}\n{table}\n{END}{rest.split(END, 1)[1]}"
