"""`python -m benchmarks.leads [--split held_out|tune|round_<n>] [--half even|odd] [--wrong]`: what the rules find.

Precision and recall of a labelled set by field and by language with their counts, as benchmarks/leads_set/README.md
judges them, and messages a second. What went wrong is not listed of `held_out`: nobody who
writes rules sees what it misses.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from backend.leads import EXTRACTORS
from backend.leads.base import FieldSpec, LeadValue, Setting, Turn
from benchmarks.leads_set import labels
from benchmarks.leads_set.judging import Found, is_evidence, is_right, must_be_found
from benchmarks.leads_set.labels import STANDARD, Item, Split, load, sha256

Half = Literal["even", "odd"]
Verdict = Literal["right", "wrong", "missed"]


@dataclass
class Score:
    """Right values of all that were found, and of all that had to be."""

    right: int = 0
    found: int = 0
    right_of_due: int = 0
    due: int = 0

    def line(self, name: str) -> str:
        precision = f"{self.right / self.found:.3f}" if self.found else "-"
        recall = f"{self.right_of_due / self.due:.3f}" if self.due else "-"
        counts = f"{self.right}/{self.found}", f"{self.right_of_due}/{self.due}"
        return f"{name:12} precision {precision:>5} {counts[0]:>9}   recall {recall:>5} {counts[1]:>9}"


@dataclass
class Scores:
    every: Score = field(default_factory=Score)
    fields: dict[str, Score] = field(default_factory=dict)
    languages: dict[str, Score] = field(default_factory=dict)

    def of(self, item: Item, name: str) -> Iterator[Score]:
        yield self.every
        yield self.fields.setdefault(name if name in STANDARD else "own", Score())
        yield self.languages.setdefault(item.language, Score())


async def extracted(item: Item) -> list[LeadValue]:
    turns = [Turn(said.role, said.text, str(index)) for index, said in enumerate(item.messages)]
    fields = [FieldSpec(own.name, own.kind, own.question, own.choices) for own in item.own_fields]
    return await EXTRACTORS.get("rules")().extract(turns, fields, Setting(item.today, item.region))


def judged(item: Item, values: Sequence[LeadValue], scores: Scores) -> Iterator[str]:
    """Counts an item, and says what went wrong in it."""
    held = {one.field: one for one in values if one.standing == "holds"}
    for name in {**item.fields, **held}:
        label, value = item.fields.get(name), held.get(name)
        found = None if value is None else _as_labelled(value)
        is_good = found is not None and is_right(item, name, found.value) and is_evidence(item, name, found)
        is_due = label is not None and must_be_found(label)
        for score in scores.of(item, name):
            score.found += found is not None
            score.right += is_good
            score.due += is_due
            score.right_of_due += is_due and is_good
        if found is not None and not is_good:
            yield f"wrong  {name}: {found.value!r} <{found.span}> for {label.value if label else None!r}"
        elif found is None and is_due and label is not None:
            yield f"missed {name}: {label.value!r} <{label.span}>"


def _as_labelled(value: LeadValue) -> Found:
    kinds: dict[str, type[labels.Money | labels.When | labels.Size]] = {
        "Money": labels.Money,
        "When": labels.When,
        "Size": labels.Size,
    }
    kind = kinds.get(type(value.value).__name__)
    same: labels.Value = value.value  # type: ignore[assignment]  # the wire's types are made the labels' own below
    if kind is not None:
        same = kind.model_validate(value.value.model_dump())  # type: ignore[union-attr]  # the three that have a kind
    return Found(same, value.raw, int(value.message_id))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leads", description=__doc__)
    parser.add_argument("--split", choices=get_args(Split), default="tune")
    parser.add_argument("--half", choices=get_args(Half), help="the even or the odd lines alone")
    parser.add_argument("--wrong", action="store_true", help="list what went wrong; of no held-out set")
    given = parser.parse_args()
    if given.wrong and given.split == "held_out":
        parser.error("--wrong shows what is missed, and no rule may be made from that of held_out; use --split tune")
    items = [one for n, one in enumerate(load(given.split), 1) if given.half in (None, ("even", "odd")[n % 2])]
    scores = Scores()
    wrong: Counter[str] = Counter()
    results = [asyncio.run(extracted(item)) for item in items]
    start = time.process_time()
    for item in items:
        asyncio.run(extracted(item))
    seconds = time.process_time() - start
    for item, values in zip(items, results, strict=True):
        for fault in judged(item, values, scores):
            wrong[fault.split()[0]] += 1
            if given.wrong:
                print(f"{item.id} {item.language} {fault}")
    print(f"{given.split}: sha256 {sha256(given.split)}")
    for title, several in (("field", scores.fields), ("language", scores.languages)):
        print(f"by {title}")
        for name, score in sorted(several.items()):
            print(" ", score.line(name))
    print(scores.every.line("all"))
    messages = sum(said.role == "user" for item in items for said in item.messages)
    print(f"{messages} messages, {messages / seconds:.0f} a second of one core, once the patterns are compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
