import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import report
from benchmarks.__main__ import measured
from benchmarks.figures import Figure, Measured, Target
from benchmarks.report import BEGIN, END, write


def test_results_of_several_modules_stand_in_one_table_and_the_prose_stays(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Results\n\nBefore.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")

    write("start", [Figure("second start", 6.0, "s", Target("at most", 5), note="median")], tmp_path)
    write("idle", [Figure("memory", 480.0, "MiB", Target("at most", 600))], tmp_path)

    lines = readme.read_text().splitlines()
    assert lines[:3] == ["# Results", "", "Before."]
    assert lines[-1] == "After."
    assert "old" not in lines
    assert "| start | second start | 6 s | <= 5 s |  | missed | median |" in lines
    assert "| idle | memory | 480 MiB | <= 600 MiB |  | met |  |" in lines


def test_a_result_is_replaced_when_it_is_measured_again(tmp_path: Path) -> None:
    write("start", [Figure("second start", 6.0, "s")], tmp_path)
    write("start", [Figure("second start", 4.0, "s")], tmp_path)

    record = json.loads((tmp_path / "start.json").read_text())

    assert [figure["value"] for figure in record["figures"]] == [4.0]
    assert {"cpu", "cores", "packages", "measured_at", "revision"} <= record.keys()


def test_a_readme_without_the_marks_is_refused_rather_than_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("prose only\n")

    with pytest.raises(ValueError, match="table: begin"):
        write("start", [Figure("second start", 6.0, "s")], tmp_path)

    assert (tmp_path / "README.md").read_text() == "prose only\n"


def test_what_the_figures_can_be_counted_in_is_kept_where_they_are_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    module = ModuleType("benchmarks.counted")
    module.__dict__["measure"] = lambda: Measured([Figure("rows", 1.0, "")], {"counted.csv": "question\na\n"})
    monkeypatch.setitem(sys.modules, module.__name__, module)

    assert measured("counted", is_kept=False)
    assert not list(tmp_path.iterdir())
    assert measured("counted", is_kept=True)
    assert {path.name for path in tmp_path.iterdir()} == {"counted.csv", "counted.json"}
    assert (tmp_path / "counted.csv").read_text() == "question\na\n"
