"""What one measuring process found, as it is handed to the one that makes figures of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.rust.contest import Timing


@dataclass(frozen=True, slots=True)
class Outcome:
    """`values` are numbers by what they say, `missing` is why a contender did not take part."""

    timings: list[Timing] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Outcome":
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls([Timing(**one) for one in found["timings"]], found["values"], found["missing"])


def merged(outcomes: Sequence[Outcome]) -> Outcome:
    """All of them in one; of two values of the same name the later one stays."""
    whole = Outcome()
    for one in outcomes:
        whole.timings.extend(one.timings)
        whole.values.update(one.values)
        whole.missing.update(one.missing)
    return whole
