"""Numbers, sizes and times as people read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import PureWindowsPath
from typing import TypeVar

from contracts.documents import Document

K = TypeVar("K")


def plural(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """The first three, and how many more."""
    *some, last = names[:3] if len(names) <= 3 else [*names[:3], f"{len(names) - 3} more"]
    return f"{', '.join(some)} and {last}" if some else last


def distinct(names: Mapping[K, str]) -> dict[K, str]:
    """The names, each with a number behind it that another one has already: choices are known by their text."""
    found: dict[K, str] = {}
    taken: set[str] = set()
    for key, name in names.items():
        texts = (name if number == 1 else f"{name} ({number})" for number in count(1))
        found[key] = next(text for text in texts if text not in taken)
        taken.add(found[key])
    return found


def sentence(text: str) -> str:
    """A problem's detail as a sentence of its own: the API writes them to follow a colon."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) or not text else ".")


def size_text(size: int) -> str:
    value = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def document_title(document: Document) -> str:
    """What the document calls itself, and its file's name."""
    is_known = document.title and document.title != document.name
    return f"{document.title} — {document.name}" if is_known else document.name


def provider_words(label: str) -> tuple[str, str]:
    """`Name (note)` as name and note."""
    name, _, note = label.partition(" (")
    return name, note.removesuffix(")")


def short_model(name: str) -> str:
    """A model that is a file, by its name alone."""
    return PureWindowsPath(name).name if name.endswith(".gguf") else name


def latency_text(milliseconds: float) -> str:
    if milliseconds < 1:
        return "< 1 ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def seconds_text(seconds: float) -> str:
    if seconds < 60:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 86_400:
        return f"{seconds_text(seconds)} ago"
    return f"{moment:%-d %b %Y}"
