"""Parsing in a limited child: limits, progress, and nothing left behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.errors import ChildFailed, Unparsable
from backend.jobs.children import ChildLimits, ChildProgress, Children, Spool
from backend.parsing.child import ChildParser, limits_for
from backend.parsing.sniff import PDF, TEXT
from tests.fixtures import documents

MIB = 1024 * 1024
pytestmark = pytest.mark.process


@pytest.fixture
async def children(tmp_path: Path) -> AsyncIterator[Children]:
    pool = Children(spool=tmp_path / "spool")
    yield pool
    pool.close()


def folders(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "spool").glob("children-*/*") if path.name != "lock"]


async def test_sections_lie_on_disk_until_the_document_is_closed(children: Children, tmp_path: Path) -> None:
    parsed = await ChildParser(children).parse(documents.write_pdf(tmp_path / "a.pdf"), PDF)
    assert isinstance(parsed.sections, Spool)
    assert parsed.sections.path.is_file()
    assert len(folders(tmp_path)) == 1
    parsed.close()
    assert folders(tmp_path) == []


async def test_progress_counts_pages(children: Children, tmp_path: Path) -> None:
    heard: list[ChildProgress] = []
    path = documents.write_pdf(tmp_path / "a.pdf", repeat=5)
    (await ChildParser(children).parse(path, PDF, heard.append)).close()
    assert heard[-1] == ChildProgress(5, 5)


@pytest.mark.fault("A13")
@pytest.mark.parametrize(
    "limits",
    [ChildLimits(cpu_seconds=1), ChildLimits(output_bytes=MIB)],
    ids=["processor time", "output"],
)
async def test_a_document_beyond_its_limits_is_unparsable(
    children: Children, tmp_path: Path, limits: ChildLimits
) -> None:
    (tmp_path / "a.txt").write_text("some words that go on and on. " * 400_000)
    with pytest.raises(Unparsable, match="split it"):
        await ChildParser(children, limits=lambda _: limits).parse(tmp_path / "a.txt", TEXT)
    assert folders(tmp_path) == []


@pytest.mark.fault("B5")
async def test_a_document_that_hangs_its_reader_is_a_failed_child(children: Children, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words " * 4_000_000)
    parser = ChildParser(children, limits=lambda _: ChildLimits(wall_seconds=0.5))
    with pytest.raises(ChildFailed) as failed:
        await parser.parse(tmp_path / "a.txt", TEXT)
    assert not isinstance(failed.value, Unparsable)
    assert failed.value.retryable


def test_a_small_hostile_file_gets_less_than_thirty_seconds() -> None:
    assert limits_for(100_000).cpu_seconds < 30
    assert limits_for(200 * MIB).cpu_seconds > 600
