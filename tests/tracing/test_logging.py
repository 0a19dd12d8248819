"""Log lines: one per event, parseable, with ids, without secrets, whoever wrote them."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from backend.errors import NotFound
from backend.tracing.context import bound
from backend.tracing.logging import JsonFormatter, TextFormatter, configure_logging

log = logging.getLogger("backend.tests")
DOCUMENT = UUID("6f3b2a10-0000-4000-8000-000000000000")
TOUCHED = ("", "dbos", "alembic", "sqlalchemy", "uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "openai")


@pytest.fixture(autouse=True)
def logging_is_put_back() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in TOUCHED]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    for logger in loggers[1:]:
        logger.setLevel(logging.NOTSET)  # a server that ran in this process may have set one
    yield
    logging.captureWarnings(False)
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.level, logger.propagate = handlers, level, propagate
    logging.getLogger().setLevel(before[0][2])


@pytest.fixture
def lines() -> Callable[[], list[dict[str, object]]]:
    out = io.StringIO()
    configure_logging(stream=out, format="json", level="DEBUG")
    return lambda: [json.loads(line) for line in out.getvalue().splitlines()]


Lines = Callable[[], list[dict[str, object]]]

HOSTILE = [
    "a\r\nb",
    '","level":"ERROR","event":"forged',
    "\x1b[2J\x1b[31mred",
    "\x9b31m",
    "nul\x00bell\x07del\x7f",
    "line\u2028sep\u2029",
    "rtl\u202etxt",
    '2026-01-01T00:00:00.000Z ERROR backend: forged\n{"message": "forged"}',
]


def test_a_record_is_one_line_with_its_message_ids_and_extra(lines: Lines) -> None:
    said = {"code": "empty_file", "document_id": DOCUMENT, "bytes": 0, "ratio": 0.5, "page": None}
    with bound(request="r-1", job="j-1", workspace="w-1"):
        log.info("%s refused", "upload", extra=said)
    (line,) = lines()
    assert str(line.pop("time")).endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "backend.tests",
        "message": "upload refused",
        "request_id": "r-1",
        "job_id": "j-1",
        "workspace_id": "w-1",
        "code": "empty_file",
        "document_id": str(DOCUMENT),
        "bytes": 0,
        "ratio": 0.5,
        "page": None,
    }


def test_a_level_that_is_off_writes_nothing() -> None:
    out = io.StringIO()
    configure_logging(stream=out, format="json", level="WARNING")
    log.info("upload accepted")
    log.warning("upload refused")
    assert [json.loads(line)["message"] for line in out.getvalue().splitlines()] == ["upload refused"]


@pytest.mark.fault("E15")
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_in_any_field_stays_inside_one_json_line(lines: Lines, text: str) -> None:
    log.info("uploaded", extra={"file": text})
    log.info("uploaded %s", text)
    log.info(text)
    with bound(request=text):
        log.info("with an id")
    first, second, third, fourth = lines()
    assert (first["message"], first["file"]) == ("uploaded", text)
    assert second["message"] == f"uploaded {text}"
    assert third["message"] == text
    assert fourth["request_id"] == text


@pytest.mark.fault("E15")
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_json_line_is_printable_ascii_whatever_was_logged(text: str) -> None:
    out = io.StringIO()
    configure_logging(stream=out, format="json")
    log.info(text, extra={"file": text})
    assert out.getvalue().isascii()
    assert out.getvalue().removesuffix("\n").isprintable()


@pytest.mark.fault("E15")
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_text_line_cannot_be_split_or_coloured_by_what_it_says(text: str) -> None:
    out = io.StringIO()
    configure_logging(stream=out, format="text")
    log.info("uploaded", extra={"file": text})
    log.warning(text)
    head, second = out.getvalue().splitlines()
    assert " INFO    backend.tests: uploaded file=" in head
    assert head.isprintable()
    assert second.isprintable()


@pytest.mark.fault("E15")
def test_an_exceptions_text_cannot_forge_a_line_in_a_traceback() -> None:
    out = io.StringIO()
    configure_logging(stream=out, format="text")
    try:
        raise NotFound("no document 'x'\n2026-01-01T00:00:00.000Z ERROR backend: forged")
    except NotFound as exc:
        log.error("request failed", exc_info=exc)
    first, *trace = out.getvalue().splitlines()
    assert "request failed" in first
    assert all(line.startswith("    ") for line in trace)
    assert "forged" not in out.getvalue()


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.text() | st.floats() | st.integers() | st.none() | st.booleans()), st.text())
def test_any_record_becomes_one_line_in_both_formats(fields: dict[str, object], message: str) -> None:
    record = logging.LogRecord("backend.x", logging.INFO, __file__, 1, message, None, None)
    vars(record).update({name: value for name, value in fields.items() if name not in vars(record)})
    as_json = JsonFormatter().format(record)
    assert json.loads(as_json)["level"] == "INFO"
    assert len(as_json.splitlines()) == 1
    assert len(TextFormatter().format(record).splitlines()) == 1


@pytest.mark.fault("E15")
def test_a_lone_surrogate_can_be_written_in_both_formats() -> None:
    # At the formatter: the capture of a parallel pytest cannot carry this character between processes.
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "uploaded %s", ("\ud800",), None)
    assert json.loads(JsonFormatter().format(record))["message"] == "uploaded \ud800"
    assert TextFormatter().format(record).encode("utf-8").endswith(b"uploaded \\ud800")


def test_a_field_cannot_take_the_place_of_the_lines_own(lines: Lines) -> None:
    log.info("uploaded", extra={"level": "none", "time": "never"})
    (line,) = lines()
    assert (line["field_level"], line["field_time"], line["level"]) == ("none", "never", "INFO")


def test_the_extra_of_a_library_is_not_written(lines: Lines) -> None:
    logging.getLogger("elsewhere").warning("sent", extra={"body": "what a person typed"})
    (line,) = lines()
    assert "typed" not in json.dumps(line)


def test_secrets_are_masked_in_messages_arguments_fields_and_tracebacks(lines: Lines) -> None:
    try:
        raise ValueError("refused sk-canary0123456789")
    except ValueError:
        log.exception("call with %s failed", {"Authorization": "Bearer canary-bearer"})
    used = {"key": "nxk_canary0123456789", "password": "canary-password", "api_key": "canary-key", "tokens": 3}
    log.info("key used", extra=used)
    first, second = lines()
    assert "canary" not in json.dumps([first, second])
    assert second["tokens"] == 3
    assert first["error"] == "ValueError"


def test_a_long_value_is_cut_after_it_was_masked(lines: Lines) -> None:
    log.info("x", extra={"note": "a" * 3990 + " sk-canary0123456789" + "b" * 5000})
    (line,) = lines()
    assert len(str(line["note"])) < 4100
    assert "canary" not in str(line["note"])


def test_an_exception_is_told_by_types_first_lines_and_frames(lines: Lines) -> None:
    try:
        try:
            TypeAdapter(int).validate_python("canary@example.com")
        except ValidationError as exc:
            raise NotFound("no document 'x'") from exc
    except NotFound:
        log.exception("failed")
    (line,) = lines()
    trace = str(line["traceback"])
    assert trace.startswith("NotFound: no document 'x'")
    assert "caused by ValidationError: 1 validation error for int" in trace
    assert "test_logging.py" in trace
    assert "canary" not in trace


def test_arguments_that_do_not_fit_their_message_lose_no_line_and_leak_nothing(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "%d files", ("sk-canary0123456789",), None)
    # Straight to our handler: pytest's own ones, beside it, would raise.
    (ours,) = (h for h in logging.getLogger().handlers if isinstance(h.formatter, JsonFormatter))
    ours.handle(record)
    (line,) = lines()
    assert line["message"] == "%d files (arguments do not fit)"
    assert capsys.readouterr().err == ""


def test_a_closed_stream_fails_no_caller(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    configure_logging(stream=out, format="json")
    out.close()
    log.info("x", extra={"note": "sk-canary0123456789"})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["uvicorn.error", "sqlalchemy.pool", "alembic.runtime.migration", "dbos", "elsewhere"])
def test_every_librarys_lines_have_our_shape(lines: Lines, name: str) -> None:
    logging.getLogger(name).warning("from %s", name)
    (line,) = lines()
    assert (line["logger"], line["message"]) == (name, f"from {name}")


def test_python_warnings_become_lines(lines: Lines) -> None:
    # Beneath pytest's own recorder, which turns warnings into errors before they are shown.
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old call", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    (line,) = lines()
    assert line["logger"] == "py.warnings"
    assert "old call" in str(line["message"])


def test_uvicorns_access_line_names_neither_the_client_nor_the_query(lines: Lines) -> None:
    access = logging.getLogger("uvicorn.access")
    access.info('%s - "%s %s HTTP/%s" %d', "203.0.113.9:5000", "GET", "/faqs?q=anna@example.com", "1.1", 200)
    (line,) = lines()
    assert (line["message"], line["method"], line["path"], line["status"]) == ("request", "GET", "/faqs", 200)
    assert "203.0.113.9" not in json.dumps(line)
    assert "anna" not in json.dumps(line)


def test_auto_is_text_on_a_terminal_and_json_elsewhere() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for out, is_json in ((Terminal(), False), (io.StringIO(), True)):
        configure_logging(stream=out)
        log.info("x")
        assert out.getvalue().startswith("{") is is_json


def test_configuring_twice_writes_each_line_once() -> None:
    out = io.StringIO()
    for _ in range(2):
        configure_logging(stream=out, format="json")
    log.info("x")
    logging.getLogger("dbos").warning("y")
    assert len(out.getvalue().splitlines()) == 2
