"""What a span holds, whom it belongs to, and that calls behave as they would without `@track`."""

import ast
import asyncio
import inspect
import subprocess
import sys
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider

import backend
from backend.errors import NotFound
from backend.tracing.attributes import ATTRIBUTES, MAX_TEXT
from backend.tracing.config import OtlpTarget, TracingConfig
from backend.tracing.context import bound
from backend.tracing.track import configure, flush, set_attribute, shutdown, track
from tests.tracing.collector import Collector

COLLECTION = UUID("6f3b2a10-0000-4000-8000-000000000000")
CANARIES = ["canary-question", "anna@example.com", "sk-canary0123456789", "nxk_canary0123456789"]


class Stage(StrEnum):
    PARSE = "parse"


def to(collector: Collector) -> TracingConfig:
    return TracingConfig(targets=(OtlpTarget(f"{collector.url}/v1/traces"),), delay=3600)


@track("search", record=("collection_id", "top_k"), kind="retriever")
async def search(question: str, collection_id: UUID, *, top_k: int = 5) -> str:
    set_attribute("hits", 3)
    await asyncio.sleep(0)
    return f"{top_k} hits for {question} in {collection_id.hex[:4]}"


@track("answer")
async def answer(question: str) -> str:
    return await search(question, COLLECTION)


@track
def double(value: int) -> int:
    return 2 * value


@track("stream", record=("top_k",))
async def stream(top_k: int) -> AsyncIterator[int]:
    for number in range(top_k):
        double(number)
        yield number


async def test_a_call_inside_a_tracked_call_is_its_child_in_the_same_trace(collector: Collector) -> None:
    configure(to(collector))
    assert await answer("q") == "5 hits for q in 6f3b"
    flush()
    parent, child = collector.spans["answer"], collector.spans["search"]
    assert child.parent_id == parent.span_id
    assert child.trace_id == parent.trace_id
    assert parent.parent_id == b""


async def test_named_arguments_defaults_and_set_attributes_are_recorded_and_nothing_else(collector: Collector) -> None:
    configure(to(collector))
    await search("q", COLLECTION)
    flush()
    assert collector.spans["search"].attributes == {
        "openinference.span.kind": "RETRIEVER",
        "nexus.collection_id": str(COLLECTION),
        "nexus.top_k": 5,
        "nexus.hits": 3,
    }


async def test_a_root_span_ignores_a_span_that_another_library_made_current(collector: Collector) -> None:
    configure(to(collector))
    foreign = TracerProvider(shutdown_on_exit=False).get_tracer("foreign")
    with foreign.start_as_current_span("request"):
        await answer("q")
    flush()
    assert collector.spans["answer"].parent_id == b""
    assert "request" not in collector.spans


async def test_calls_side_by_side_are_separate_traces(collector: Collector) -> None:
    configure(to(collector))
    await asyncio.gather(*(answer(str(n)) for n in range(5)))
    flush()
    spans = [span for request in collector.requests for span in request.spans]
    roots = {span.span_id: span.trace_id for span in spans if span.name == "answer"}
    assert len(set(roots.values())) == 5
    assert all(roots[s.parent_id] == s.trace_id for s in spans if s.name == "search")


async def test_a_stream_is_one_span_and_its_consumers_calls_are_not_its_children(collector: Collector) -> None:
    configure(to(collector))
    numbers = []
    async for number in stream(2):
        await answer("between the items")
        numbers.append(number)
    assert numbers == [0, 1]
    flush()
    whole = collector.spans["stream"]
    assert whole.attributes == {"nexus.top_k": 2}
    assert collector.spans["double"].parent_id == whole.span_id
    assert collector.spans["answer"].parent_id == b""


async def test_a_stream_that_its_reader_leaves_is_closed_and_marked_cancelled(collector: Collector) -> None:
    configure(to(collector))
    closed = asyncio.Event()

    @track("left")
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = endless()
    assert await anext(items) == 1
    await items.aclose()  # type: ignore[attr-defined]  # it is an async generator, which AsyncIterator does not say
    assert closed.is_set()
    flush()
    assert collector.spans["left"].attributes == {"nexus.cancelled": True}
    assert collector.spans["left"].status == (0, "")


async def test_a_failed_stream_is_marked_with_its_error(collector: Collector) -> None:
    configure(to(collector))

    @track("broken")
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise NotFound("canary-question")

    with pytest.raises(NotFound):
        _ = [item async for item in broken()]
    flush()
    assert collector.spans["broken"].attributes["nexus.error_code"] == "not_found"
    assert b"canary-question" not in collector.everything


def test_an_exception_is_recorded_as_its_type_and_code_without_its_text(collector: Collector) -> None:
    configure(to(collector))

    @track("lookup")
    def lookup(failure: Exception) -> None:
        raise failure

    with pytest.raises(NotFound, match="canary-question"):
        lookup(NotFound("canary-question"))
    flush()
    span = collector.spans["lookup"]
    assert span.attributes == {"error.type": "NotFound", "nexus.error_code": "not_found"}
    assert span.status == (2, "not_found")
    assert span.events == 0

    with pytest.raises(KeyError):
        lookup(KeyError("anna@example.com"))
    flush()
    assert collector.spans["lookup"].attributes == {"error.type": "KeyError"}
    assert b"canary-question" not in collector.everything
    assert b"anna@example.com" not in collector.everything


async def test_a_cancelled_call_is_marked_cancelled_and_not_failed(collector: Collector) -> None:
    configure(to(collector))
    started = asyncio.Event()

    @track("slow")
    async def slow() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(slow())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    flush()
    assert collector.spans["slow"].attributes == {"nexus.cancelled": True}
    assert collector.spans["slow"].status == (0, "")


async def test_secrets_and_personal_data_never_enter_a_span(collector: Collector) -> None:
    configure(to(collector))

    @track("chat.answer", record=("top_k", "stage"))
    async def chat(message: str, key: str, *, top_k: int, stage: str, **more: str) -> str:
        set_attribute("gen_ai.request.model", f"gpt {more['vendor_key']}")
        set_attribute("status", "Authorization: Bearer canary-bearer")
        raise ValueError(message, key, top_k, stage)

    with pytest.raises(ValueError, match="canary"):
        await chat(
            "canary-question anna@example.com",
            CANARIES[2],
            top_k=3,
            stage=f"given {CANARIES[3]}",
            vendor_key=CANARIES[2],
        )
    flush()
    assert collector.spans["chat.answer"].attributes["nexus.top_k"] == 3
    for canary in [*CANARIES, "canary-bearer"]:
        assert canary.encode() not in collector.everything, canary


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (True, True),
        (7, 7),
        (0.5, 0.5),
        (COLLECTION, str(COLLECTION)),
        (Stage.PARSE, "parse"),
        ("x" * 1000, "x" * MAX_TEXT),
        ("a\x1b[31m\r\nb", "a\\x1b[31m\\r\\nb"),
        ("\ud800", "\\ud800"),
        (None, None),
        (2**63, None),
        (float("nan"), None),
        (["a list"], None),
        ({"a": "mapping"}, None),
    ],
    ids=ascii,
)
def test_a_value_is_short_text_a_number_a_boolean_or_an_id(
    collector: Collector, value: object, recorded: object
) -> None:
    configure(to(collector))

    @track("one")
    def one() -> None:
        set_attribute("status", value)  # type: ignore[arg-type]  # what the types forbid must be harmless too

    one()
    flush()
    assert collector.spans["one"].attributes.get("nexus.status") == recorded


def test_a_name_outside_the_allow_list_is_refused_whether_tracing_is_on_or_off(collector: Collector) -> None:
    with pytest.raises(ValueError, match="'question' is not allowed"):
        set_attribute("question", "q")
    configure(to(collector))
    with pytest.raises(ValueError, match="'question' is not allowed"):
        set_attribute("question", "q")


def test_recording_an_argument_outside_the_allow_list_fails_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="'question' is not allowed"):

        @track("chat", record=("question",))
        def chat(question: str) -> None: ...

    with pytest.raises(ValueError, match="has no such parameter"):

        @track("chat", record=("top_k",))
        def other(question: str) -> None: ...


def test_the_allow_list_names_nothing_that_people_write() -> None:
    written = {"answer", "content", "email", "filename", "history", "input", "message", "name", "output", "phone"}
    written |= {"prompt", "query", "question", "quote", "text", "title", "url", "user_id", "value", "password"}
    assert not ATTRIBUTES & written
    assert not [name for name in ATTRIBUTES if name.endswith((".value", ".content", ".messages", ".prompt"))]


def test_every_attribute_that_the_code_sets_is_in_the_allow_list() -> None:
    names = {
        node.args[0].value
        for path in Path(backend.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "set_attribute"
        and isinstance(node.args[0], ast.Constant)
    }
    assert names
    assert names <= ATTRIBUTES


async def test_root_spans_carry_the_ids_of_the_request_and_the_job(collector: Collector) -> None:
    configure(to(collector))
    workspace = str(uuid4())
    with bound(request="r-1", job="j-1", workspace=workspace):
        await answer("q")
    flush()
    ids = {"nexus.request_id": "r-1", "nexus.job_id": "j-1", "nexus.workspace_id": workspace}
    assert collector.spans["answer"].attributes == ids
    assert not ids.keys() & collector.spans["search"].attributes.keys()


def test_a_wrong_call_raises_the_functions_own_error(collector: Collector) -> None:
    configure(to(collector))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'top_k'"):
        stream()  # type: ignore[call-arg]  # the mistake under test


def test_a_sync_generator_is_refused() -> None:
    with pytest.raises(TypeError, match="sync generator"):

        @track("numbers")
        def numbers():  # type: ignore[no-untyped-def]  # refused before its type matters
            yield 1


async def test_off_calls_pass_through_and_keep_their_kind() -> None:
    assert double(4) == 8
    assert await answer("q") == "5 hits for q in 6f3b"
    assert [n async for n in stream(3)] == [0, 1, 2]
    assert inspect.isasyncgen(stream(1))
    assert inspect.iscoroutinefunction(answer)
    assert inspect.signature(search).parameters["top_k"].default == 5
    assert double.__name__ == "double"


async def test_after_shutdown_nothing_is_sent(collector: Collector) -> None:
    configure(to(collector))
    shutdown()
    await answer("q")
    assert flush()
    assert collector.requests == []


def test_tracing_that_is_off_imports_no_sdk() -> None:
    script = (
        "import sys; from backend.tracing.track import configure, track; from backend.tracing.config import *\n"
        "configure(TracingConfig()); track('x')(lambda: 1)()\n"
        "print([m for m in ('opentelemetry', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
