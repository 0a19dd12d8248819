"""Everything that a run left, by content: two runs on the same files compare equal whatever ids they drew."""

import json
from typing import Any

from tests.process.site import Site

Rows = list[tuple[Any, ...]]

DOCUMENTS = """
SELECT sha256, name, media_type, size, status, version, pages, section_count, word_count FROM document
"""
SECTIONS = """
SELECT d.sha256, s.ordinal, s.title_path, s.level, s.page, s.anchor, s.text, s.blocks
FROM section s JOIN document d ON d.id = s.document_id
"""
PASSAGES = """
SELECT d.sha256, p.ordinal, s.ordinal, p.start, p.end, p.page
FROM passage p JOIN document d ON d.id = p.document_id JOIN section s ON s.id = p.section_id
"""
FAQS = """
SELECT d.sha256, s.ordinal, f.start, f.end, f.question, f.answer, f.status, f.kind, f.confidence, f.reason,
       f.section_title, f.page, f.anchor, f.quote, f.tags, f.revision
FROM faq f JOIN document d ON d.id = f.document_id JOIN section s ON s.id = f.section_id
"""
GROUPED = """
SELECT f.group_id, d.sha256, s.ordinal, f.start, f.question
FROM faq f JOIN document d ON d.id = f.document_id JOIN section s ON s.id = f.section_id WHERE f.group_id IS NOT NULL
"""
POINTS = """
SELECT v.source, v.view, v.revision, v.content_hash, d.sha256,
       coalesce(p.ordinal, f.question), coalesce(p.start, f.start)
FROM vector_point v JOIN document d ON d.id = v.document_id
LEFT JOIN passage p ON p.id = v.item_id LEFT JOIN faq f ON f.id = v.item_id WHERE NOT v.deleted
"""
JOBS = "SELECT d.sha256, j.kind, j.status, j.result FROM job j JOIN document d ON d.id = j.document_id"


def snapshot(site: Site) -> dict[str, Any]:
    """Rows by table, sorted; ids that were drawn at random are left out."""
    return {
        "documents": _sorted(site.rows(DOCUMENTS)),
        "sections": _sorted(site.rows(SECTIONS)),
        "passages": _sorted(site.rows(PASSAGES)),
        "faqs": _sorted(site.rows(FAQS)),
        "groups": _groups(site.rows(GROUPED)),
        "points": _sorted(site.rows(POINTS)),
        "jobs": _sorted([(*row[:3], _result(row[3])) for row in site.rows(JOBS)]),
    }


def progress(site: Site) -> int:
    """A figure that grows with every row that the work writes."""
    tables = ("section", "passage", "faq", "vector_point")
    return sum(site.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables)


def assert_nothing_is_left_over(site: Site) -> None:
    """After the last program has ended."""
    assert site.rows("SELECT count(*) FROM job WHERE finished_at IS NULL") == [(0,)]
    assert site.rows("SELECT count(*) FROM workflow_status WHERE status IN ('PENDING', 'ENQUEUED')") == [(0,)]
    assert site.stored_files() == sorted(row[0] for row in site.rows("SELECT id FROM document"))
    assert list(site.incoming.iterdir()) == []
    assert [entry.name for entry in (site.data_dir / "tmp").iterdir()] == ["children.lock"]
    assert site.rows("PRAGMA integrity_check") == [("ok",)]
    assert site.rows("PRAGMA foreign_key_check") == []


def _sorted(rows: Rows) -> Rows:
    return sorted(rows, key=repr)


def _groups(rows: Rows) -> list[Rows]:
    members: dict[Any, Rows] = {}
    for group, *faq in rows:
        members.setdefault(group, []).append(tuple(faq))
    return sorted((_sorted(one) for one in members.values()), key=repr)


def _result(text: str) -> dict[str, Any]:
    """Drafts and sections are the document's own; how many were grouped depends on who came first."""
    result: dict[str, Any] = json.loads(text)
    return {name: result[name] for name in ("sections", "drafts")}
