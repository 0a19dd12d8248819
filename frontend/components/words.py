"""Numbers, sizes and times as people read them."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final, TypeVar

from contracts.documents import Document
from frontend.safe_text import straight

K = TypeVar("K")
_ORDINALS: Final = ("first", "second", "third", "fourth")
_PLACE: Final = re.compile(r"\blanes\[([0-3])\]")
_TERMS: Final[Mapping[str, str]] = {
    one + ending: other + ending
    for term, word in (("contest", "comparison"), ("lane", "answer"))
    for one, other in ((term, word), (term.capitalize(), word.capitalize()))
    for ending in ("", "s")
}
_TERM: Final = re.compile(rf"\b(?:{'|'.join(_TERMS)})\b")


def plural(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """The first three, and how many more."""
    *some, last = names[:3] if len(names) <= 3 else [*names[:3], f"{len(names) - 3} more"]
    return f"{', '.join(some)} and {last}" if some else last


def distinct(names: Mapping[K, str]) -> dict[K, str]:
    """The names as choices and charts show them, each with a number behind it that another one has already: choices are
    known by their text."""
    found: dict[K, str] = {}
    taken: set[str] = set()
    for key, name in ((key, straight(name)) for key, name in names.items()):
        texts = (name if number == 1 else f"{name} ({number})" for number in count(1))
        found[key] = next(text for text in texts if text not in taken)
        taken.add(found[key])
    return found


def everyday(text: str) -> str:
    """The API's words with what the pages call things."""
    placed = _PLACE.sub(lambda found: f"the {_ORDINALS[int(found[1])]} one", text)
    return _TERM.sub(lambda found: _TERMS[found[0]], placed)


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
    """A model that is a file or a folder, by its name alone."""
    is_path = name.endswith(".gguf") or PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute()
    return PureWindowsPath(name).name if is_path else name


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
    if seconds < 3600:
        return f"{seconds_text(seconds)} ago"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h ago"
    return f"{moment:%-d %b %Y}"
