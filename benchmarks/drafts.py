"""How many drafts a demanding reviewer approves, from judged samples of real documents in `benchmarks/drafts/`.

    python -m benchmarks.drafts summary
    python -m benchmarks.drafts sample --source git-doc /usr/share/doc/git/html/*.html

`sample` writes `<source>.csv` with empty verdicts and prints the answers to judge them by; fill in `approved` or
`rejected` and a reason. A sample holds no text of its documents but questions and names of sections.
"""

import argparse
import csv
import json
import random
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from backend.faqs.base import FaqDraft
from backend.faqs.rules import draft
from backend.parsing.base import Section
from backend.parsing.sections import Facts, build_sections

FOLDER = Path(__file__).with_suffix("")
SIZES = FOLDER / "sizes.json"
COLUMNS = ("question", "document", "page", "confidence", "verdict", "reason")
SAMPLE = 20
CONFIDENT, LIKELY = 0.8, 0.5
_SHARES = ((CONFIDENT, 1.01, 10), (LIKELY + 0.001, CONFIDENT, 7), (0.0, LIKELY + 0.001, 3))
_READERS = {".html": "html", ".htm": "html", ".md": "markdown", ".txt": "text", ".pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class Found:
    document: str
    section: str
    draft: FaqDraft


@dataclass(slots=True)
class Tally:
    """Judged drafts of one band of confidence."""

    approved: int = 0
    judged: int = 0

    def __str__(self) -> str:
        return f"{self.approved}/{self.judged} = {self.approved / self.judged:.0%}" if self.judged else "-"


def parse(path: Path) -> tuple[str, list[Section]]:
    """Title and sections of a file, read in this process."""
    reader = import_module(f"backend.parsing.{_READERS[path.suffix.lower()]}")
    events = list(reader.read(path, lambda _done, _total: None))
    title = next((event.title for event in reversed(events) if isinstance(event, Facts) and event.title), path.stem)
    return title, list(build_sections(event for event in events if not isinstance(event, Facts)))


def sample(source: str, paths: Iterable[Path], seed: int) -> None:
    found: list[Found] = []
    words = documents = 0
    for path in sorted(paths):
        title, sections = parse(path)
        documents += 1
        words += sum(len(section.text.split()) for section in sections)
        found += [Found(path.name, sections[one.section].title, one) for one in draft(title, sections)]
    chosen = _stratified(found, random.Random(seed))
    _write(source, chosen)
    confidences = [one.draft.confidence for one in found]
    sizes = _sizes()
    sizes[source] = {
        "documents": documents,
        "words": words,
        "drafts": len(found),
        "confident": sum(confidence >= CONFIDENT for confidence in confidences),
        "likely": sum(LIKELY < confidence < CONFIDENT for confidence in confidences),
    }
    SIZES.write_text(json.dumps(sizes, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    for number, one in enumerate(chosen, start=1):
        say(f"--- {number}. {one.draft.confidence} {one.document} > {one.section} ({one.draft.reason})")
        say(f"Q: {one.draft.question}\n{one.draft.answer}\n")


def _stratified(found: list[Found], chance: random.Random) -> list[Found]:
    """Half of the sample confident, a third likely, the rest below; a band that is short is filled from the others."""
    order = list(found)
    chance.shuffle(order)
    chosen: list[Found] = []
    for low, high, count in _SHARES:
        band = [one for one in order if low <= one.draft.confidence < high]
        chosen += band[:count]
    left = sorted((one for one in order if one not in chosen), key=lambda one: one.draft.confidence <= LIKELY)
    chosen += left[: SAMPLE - len(chosen)]
    return sorted(chosen, key=lambda one: -one.draft.confidence)


def _write(source: str, chosen: list[Found]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{source}.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for one in chosen:
            page = one.draft.page or ""
            rows.writerow(
                [one.draft.question, f"{one.document}: {one.section}", page, f"{one.draft.confidence:.2f}", "", ""]
            )


def _sizes() -> dict[str, dict[str, int]]:
    return json.loads(SIZES.read_text(encoding="utf-8")) if SIZES.exists() else {}


def judged() -> Iterator[tuple[str, float, bool]]:
    """Source, confidence and verdict of every judged draft. Raises ValueError for a verdict that is neither word."""
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["verdict"] not in ("approved", "rejected"):
                    raise ValueError(f"{path.name}: the verdict {row['verdict']!r} is not 'approved' or 'rejected'")
                yield path.stem, float(row["confidence"]), row["verdict"] == "approved"


def summary() -> None:
    bands: dict[str, tuple[Tally, Tally]] = {}
    for source, confidence, is_approved in judged():
        if confidence <= LIKELY:
            continue
        for name in (source, "all"):
            tally = bands.setdefault(name, (Tally(), Tally()))[confidence < CONFIDENT]
            tally.judged += 1
            tally.approved += is_approved
    sizes = _sizes()
    say(f"{'source':<24}{'>= .8 (target 85 %)':<24}{'.5-.8 (target 60 %)':<24}drafts per 1,500 words (target 1; > .5)")
    for name in [*sorted(set(bands) - {"all"}), "all"]:
        confident, likely = bands.get(name, (Tally(), Tally()))
        say(f"{name:<24}{confident!s:<24}{likely!s:<24}{_density(sizes, name)}")


def _density(sizes: dict[str, dict[str, int]], name: str) -> str:
    rows = list(sizes.values()) if name == "all" else [sizes[name]] if name in sizes else []
    words = sum(row["words"] for row in rows)
    if not words:
        return "-"
    drafts = sum(row["drafts"] for row in rows)
    good = sum(row["confident"] + row["likely"] for row in rows)
    return f"{1500 * drafts / words:.1f}; {1500 * good / words:.1f}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drafts", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("summary")
    sampling = commands.add_parser("sample")
    sampling.add_argument("--source", default="", help="name of the CSV; default: the first file's")
    sampling.add_argument("--seed", type=int, default=1)
    sampling.add_argument("paths", nargs="+", type=Path)
    given = parser.parse_args()
    if given.command == "summary":
        summary()
    else:
        sample(given.source or given.paths[0].stem, given.paths, given.seed)


if __name__ == "__main__":
    main()
