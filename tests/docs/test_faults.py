"""The fault catalogue and the tests that are marked with its rows say the same."""

import re
from pathlib import Path

from tools.faults import catalogue

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"""mark\.fault\(\s*["']([A-F]\d+)["']""")


def test_every_row_has_a_test_and_every_marked_test_a_row() -> None:
    marked = {row for path in (ROOT / "tests").rglob("*.py") for row in MARK.findall(path.read_text("utf-8"))}
    assert marked == set(catalogue())
    assert len(catalogue()) == len(set(catalogue()))
