"""What a measurement says, and whether it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

Kind = Literal["at most", "at least", "ratio at least", "difference at least"]
Verdict = Literal["met", "missed", "-"]

COLUMNS = ("figure", "measured", "target", "ratio", "verdict", "note")


class Unavailable(Exception):
    """Something that a measurement needs is not on this machine; the text says what and how to get it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the value itself, or on its ratio to, or difference from, the peer's value."""

    kind: Kind
    limit: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `peer` is the value, in the same unit, of what it is compared with."""

    name: str
    value: float
    unit: str
    target: Target | None = None
    peer: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer if self.peer else None

    @property
    def verdict(self) -> Verdict:
        """Raises ValueError for a target against a peer that was not measured."""
        if self.target is None:
            return "-"
        limit = self.target.limit
        if self.target.kind == "at most":
            return "met" if self.value <= limit else "missed"
        if self.target.kind == "at least":
            return "met" if self.value >= limit else "missed"
        if self.peer is None or self.ratio is None:
            raise ValueError(f"{self.name!r} has the target {self.target.kind!r} and no peer; give its value")
        compared = self.ratio if self.target.kind == "ratio at least" else self.value - self.peer
        # Figures are rounded to three digits before they are compared: -.030 holds where -.03 is asked.
        return "met" if round(compared, 3) >= limit else "missed"

    def row(self) -> tuple[str, ...]:
        """Cells in the order of `COLUMNS`."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} (peer {number(self.peer or 0)})"
        measured = f"{number(self.value)} {self.unit}".strip()
        return (self.name, measured, self._bound(), ratio, self.verdict, self.note)

    def _bound(self) -> str:
        if self.target is None:
            return ""
        signs = {
            "at most": "<=",
            "at least": ">=",
            "ratio at least": "ratio >=",
            "difference at least": "difference >=",
        }
        unit = self.unit if self.target.kind in ("at most", "at least") else ""
        return f"{signs[self.target.kind]} {number(self.target.limit)} {unit}".strip()

    def record(self) -> dict[str, object]:
        """For a JSON file: the fields, and what follows from them."""
        return asdict(self) | {"bound": self._bound(), "ratio": self.ratio, "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Measured:
    """`files` by name are what the figures can be counted in again; they are kept beside the figures, or not at all."""

    figures: Sequence[Figure]
    files: Mapping[str, str] = field(default_factory=dict)


def number(value: float) -> str:
    """Three significant digits, whole numbers in full."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def text_table(figures: Sequence[Figure]) -> str:
    """Aligned columns; the note stands on a line of its own below its figure."""
    heads = COLUMNS[:-1]
    rows = [figure.row() for figure in figures]
    widths = [max(len(head), *(len(row[at]) for row in rows)) for at, head in enumerate(heads)]
    lines = ["  ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)).rstrip()]
    for row in rows:
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)).rstrip())
        if row[-1]:
            lines.append(f"    {row[-1]}")
    return "\n".join(lines)


def markdown_table(rows: Sequence[Sequence[str]], heads: Sequence[str] = COLUMNS) -> str:
    lines = [list(heads), ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
