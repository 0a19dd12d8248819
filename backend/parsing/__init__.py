"""Readers by media type. Each is `read(path, report)` and runs in a limited child (`backend/parsing/child.py`)."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from backend.registry import Registry, Row

if TYPE_CHECKING:
    from backend.parsing.sections import Event

Reader = Callable[[Path, Callable[[int, int | None], None]], Iterator["Event"]]


def _reader(module: str) -> Row[Reader]:
    return Row(lambda: cast(Reader, import_module(f"backend.parsing.{module}").read))


READERS: Registry[Reader] = Registry(
    "media type",
    {
        "application/pdf": _reader("pdf"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _reader("office"),
        "text/html": _reader("html"),
        "text/markdown": _reader("markdown"),
        "text/plain": _reader("text"),
    },
)
