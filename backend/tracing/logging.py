"""One line per event on stderr: JSON for machines, text for a terminal, every logger in the process included.

Ids come from `context`, secrets are masked and control characters escaped in the formatter, the last place that
every record passes. Of an exception the types, the first line of each message and the frames are written.
"""

import json
import logging
import math
import sys
import traceback
from datetime import UTC, datetime
from typing import Final, Literal, TextIO, TypeAlias

from backend.tracing.context import current_ids
from backend.tracing.redaction import MASK, escape_controls, is_sensitive, redact

LogFormat = Literal["auto", "json", "text"]
JsonValue: TypeAlias = str | int | float | bool | None

MAX_VALUE: Final = 4000
MAX_EXCEPTION_LINE: Final = 300
MAX_FRAMES: Final = 25
MAX_CHAIN: Final = 5

_RESERVED: Final = frozenset({"time", "level", "logger", "error", "traceback"})
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message", "taskName"}
_OURS: Final = ("backend", "nexus", "uvicorn.access")
"""Loggers whose `extra` is written; that of libraries may hold anything."""

_OWN_HANDLER: Final = ("dbos",)
_PROPAGATED: Final = ("alembic", "sqlalchemy", "uvicorn", "uvicorn.error", "uvicorn.access")
# At INFO these write addresses, statements or payloads; DBOS some eighty lines at each start.
_QUIET: Final = ("alembic.runtime.plugins", "dbos", "httpcore", "httpx", "httpx2", "openai", "sqlalchemy", "urllib3")


def configure_logging(*, level: str = "INFO", format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Send every logger's records to `stream` (stderr). `auto` is text on a terminal and JSON elsewhere.

    Call it before DBOS is created: DBOS adds a handler of its own when it finds none.
    """
    out = sys.stderr if stream is None else stream
    as_text = format == "text" or (format == "auto" and out.isatty())
    handler = _Handler(out)
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    handler.addFilter(_without_query)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _OWN_HANDLER:
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = [handler], False
    for name in _PROPAGATED:
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = [], True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: the default prints the raw record, secrets included, to the stream that has just failed."""


class JsonFormatter(logging.Formatter):
    """A record as one line of ASCII JSON: time, level, logger, message, ids, its `extra`, error, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        # ASCII: C1 controls, bidi marks and line separators are escaped as well as what JSON itself escapes.
        return json.dumps(_entry(record), ensure_ascii=True, allow_nan=False).replace("\x7f", "\\u007f")


class TextFormatter(logging.Formatter):
    """A record as one line for people; a traceback follows, indented, so it cannot pass for another record."""

    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record)
        trace = str(entry.pop("traceback", ""))
        head = f"{entry.pop('time')} {entry.pop('level'):<7} {entry.pop('logger')}"
        message = entry.pop("message")
        rest = "".join(f" {name}={_shown(value)}" for name, value in entry.items())
        line = escape_controls(f"{head}: {message}{rest}")
        return line + "".join(f"\n    {escape_controls(text)}" for text in trace.split("\n") if text)


def _shown(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and " " in value else str(value)


def _entry(record: logging.LogRecord) -> dict[str, JsonValue]:
    entry: dict[str, JsonValue] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "message": _clean(_message(record)),
        **current_ids(),
    }
    for name, value in _extra(record).items():
        key = f"field_{name}" if name in _RESERVED else name
        entry[key] = MASK if is_sensitive(key) and value is not None else _json_value(value)
    if record.exc_info and record.exc_info[1] is not None:
        entry["error"] = type(record.exc_info[1]).__qualname__
        entry["traceback"] = _clean(describe_exception(record.exc_info[1]), limit=4 * MAX_VALUE)
    return entry


def _extra(record: logging.LogRecord) -> dict[str, object]:
    if record.name.partition(".")[0] not in _OURS and record.name not in _OURS:
        return {}
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError, AttributeError):
        # Placeholders and arguments of somebody's call do not match; the arguments stay out.
        return f"{record.msg!s} (arguments do not fit)"


def _json_value(value: object) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return _clean(str(value))


def _clean(text: str, *, limit: int = MAX_VALUE) -> str:
    # Masked before it is cut: half a key would no longer be recognised.
    text = redact(text[: 4 * limit])
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def describe_exception(exc: BaseException) -> str:
    """The chain of causes, outermost first: type, first line of the message, frames innermost last.

    The lines after the first are left out: Pydantic and SQLAlchemy put the offending input there.
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen and len(seen) < MAX_CHAIN:
        seen.add(id(current))
        parts.append(("caused by " if parts else "") + _headline(current))
        if isinstance(current, BaseExceptionGroup):
            parts.extend(f"  holds {_headline(member)}" for member in current.exceptions[:MAX_CHAIN])
        frames = traceback.extract_tb(current.__traceback__)[-MAX_FRAMES:]
        parts.extend(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(parts)


def _headline(exc: BaseException) -> str:
    lines = str(exc).splitlines() or [""]
    return f"{type(exc).__qualname__}: {escape_controls(lines[0][:MAX_EXCEPTION_LINE])}".removesuffix(": ")


def _without_query(record: logging.LogRecord) -> bool:
    """Uvicorn's access line without the client's address and the query, which may hold what people typed."""
    if record.name == "uvicorn.access" and isinstance(record.args, tuple) and len(record.args) == 5:
        _, method, path, _, status = record.args
        vars(record).update(method=method, path=str(path).partition("?")[0], status=status)
        record.args, record.msg = (), "request"
    return True
