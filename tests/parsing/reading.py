"""What the parsers' tests share."""

import re
from importlib import import_module
from pathlib import Path

from backend.parsing.base import Section
from backend.parsing.sections import Facts, build_sections


def read(module: str, path: Path) -> tuple[list[Section], Facts]:
    """The sections that `backend.parsing.<module>` finds, in this process."""
    facts = Facts()
    events = []
    for event in import_module(f"backend.parsing.{module}").read(path, lambda *_: None):
        if isinstance(event, Facts):
            facts = Facts(event.title or facts.title, event.pages or facts.pages)
        else:
            events.append(event)
    return list(build_sections(events)), facts


def read_text(module: str, source: str | bytes, folder: Path) -> list[Section]:
    path = folder / "source"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return read(module, path)[0]


def outline(sections: list[Section]) -> list[tuple[str, ...]]:
    return [section.title_path for section in sections]


def blocks(section: Section) -> list[tuple[str, str]]:
    return [(block.kind, section.text[block.start : block.end]) for block in section.blocks]


def words(sections: list[Section]) -> list[str]:
    """Every word in order, headings included, marks and numbers left out."""
    found: list[str] = []
    for section in sections:
        found += re.findall(r"[^\W\d_]+", f"{section.title} {section.text}")
    return found


def check_offsets(sections: list[Section]) -> None:
    """The promises of `Section` and `Block`."""
    assert [section.ordinal for section in sections] == list(range(len(sections)))
    for section in sections:
        end = 0
        for block in section.blocks:
            assert section.text[end : block.start].strip() == ""
            assert block.start < block.end
            assert section.text[block.start : block.end].strip() != ""
            end = block.end
        assert end == len(section.text)
