"""Runs the tests of the fault catalogue (docs/faults.md) and prints row, test, result.

Ends with status 1 when a test fails, a row of the catalogue has no test, or a test is marked with a row that the
catalogue lacks. Arguments are passed on to pytest.
"""

import re
import sys
from collections import Counter, defaultdict
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

CATALOGUE = Path(__file__).parent.parent / "docs" / "faults.md"
ROW = re.compile(r"^\| ([A-F]\d+) \|", re.MULTILINE)
MISSING = "MISSING"


class Collected:
    """A pytest plugin that notes the tests of each row."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for mark in item.iter_markers("fault"):
                self.tests[str(mark.args[0])].append(item.nodeid)


class Results:
    """A pytest plugin that notes how each test ended; its worst phase counts."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("@")[0]  # pytest-xdist appends the group
        if self.outcomes.get(test, "passed") == "passed":
            self.outcomes[test] = report.outcome


def catalogue() -> list[str]:
    """The rows that the catalogue describes, in its order."""
    return ROW.findall(CATALOGUE.read_text(encoding="utf-8"))


def table(rows: list[str], tests: dict[str, list[str]], outcomes: dict[str, str]) -> list[tuple[str, str, str]]:
    """(row, test, result), a test's cases together; a row without a test is MISSING, other rows come last."""
    lines = []
    beyond = sorted(set(tests) - set(rows), key=lambda row: (row[0], int(row[1:])))
    for row in [*rows, *beyond]:
        cases: dict[str, Counter[str]] = defaultdict(Counter)
        for test in sorted(tests.get(row, [])):
            cases[test.partition("[")[0]][outcomes.get(test, "not run")] += 1
        found = [
            (row, test, ", ".join(f"{n} {how}" for how, n in sorted(hows.items()))) for test, hows in cases.items()
        ]
        lines += found or [(row, "-", MISSING)]
    return lines


def main(arguments: list[str]) -> int:
    collected, results = Collected(), Results()
    chosen = ["-m", "fault", *arguments]
    with redirect_stdout(StringIO()) as said:
        status = pytest.main([*chosen, "--collect-only", "-q"], plugins=[collected])
    if status == pytest.ExitCode.OK:
        status = pytest.main([*chosen, "-q", "-n", "2", "--dist", "loadscope"], plugins=[results])
    else:
        print(said.getvalue())
    lines = table(catalogue(), collected.tests, results.outcomes)
    width = max(len(test) for _, test, _ in lines)
    print(f"\n{'row':<5}{'test':<{width + 2}}result")
    for row, test, result in lines:
        print(f"{row:<5}{test:<{width + 2}}{result}")
    missing = [row for row, _, result in lines if result == MISSING]
    unknown = sorted(set(collected.tests) - set(catalogue()))
    print(f"\n{len(catalogue())} rows, {len(results.outcomes)} tests", end="; ")
    print(f"without a test: {', '.join(missing)}" if missing else "every row has a test")
    if unknown:
        print(f"not described: {', '.join(unknown)}")
    return 1 if missing or unknown or status else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
