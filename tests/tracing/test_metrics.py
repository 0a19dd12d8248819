"""What Prometheus is told: templates instead of paths, streams unbroken, one registry per app."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Message, Scope

from backend.tracing.metrics import Metrics, MetricsMiddleware


def build(metrics: Metrics) -> FastAPI:
    faqs = APIRouter(prefix="/faqs")

    @faqs.get("/{faq_id}")
    async def faq(faq_id: str) -> str:
        if faq_id == "broken":
            raise RuntimeError("broken")
        if faq_id == "missing":
            raise HTTPException(404)
        return faq_id

    versioned = APIRouter(prefix="/v1")
    versioned.include_router(faqs)
    app = FastAPI()
    app.include_router(faqs)
    app.include_router(versioned, prefix="/api")

    @app.get("/documents/{document_id:uuid}")
    async def document(document_id: UUID) -> str:
        return str(document_id)

    async def inner(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.path_params["name"])

    app.mount("/files", Starlette(routes=[Route("/{name}", inner)]))
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    return app


async def ask(app: FastAPI | MetricsMiddleware, *calls: tuple[str, str]) -> list[int]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://nexus") as http:
        return [(await http.request(method, path)).status_code for method, path in calls]


def requests(metrics: Metrics) -> dict[tuple[str, str, str], float]:
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in metrics.http_requests.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }


@pytest.mark.fault("E17")
async def test_labels_are_route_templates_with_the_prefix_of_every_router_and_mount() -> None:
    metrics = Metrics.create()
    app = build(metrics)
    await ask(
        app,
        ("GET", "/faqs/1"),
        ("GET", "/faqs/2"),
        ("GET", "/faqs/missing"),
        ("GET", "/faqs/broken"),
        ("GET", "/api/v1/faqs/3"),
        ("GET", f"/documents/{uuid4()}"),
        ("POST", f"/documents/{uuid4()}"),
        ("GET", "/files/secret-name"),
    )
    assert requests(metrics) == {
        ("GET", "/faqs/{faq_id}", "200"): 2,
        ("GET", "/faqs/{faq_id}", "404"): 1,
        ("GET", "/faqs/{faq_id}", "500"): 1,
        ("GET", "/api/v1/faqs/{faq_id}", "200"): 1,
        ("GET", "/documents/{document_id}", "200"): 1,
        ("POST", "/documents/{document_id}", "405"): 1,
        ("GET", "/files/{name}", "200"): 1,
    }


@pytest.mark.fault("E17")
async def test_paths_and_methods_that_do_not_exist_share_one_label() -> None:
    metrics = Metrics.create()
    scan = [("GET", f"/admin-{n}.php") for n in range(50)] + [(f"M{n}", "/nowhere") for n in range(50)]
    await ask(build(metrics), *scan)
    assert requests(metrics) == {("GET", "unmatched", "404"): 50, ("other", "unmatched", "404"): 50}


async def test_a_mount_without_routes_is_one_label() -> None:
    metrics = Metrics.create()

    async def plain(scope: Scope, receive: object, send: object) -> None:
        await PlainTextResponse("x")(scope, receive, send)  # type: ignore[arg-type]  # passed on as they came

    inner = Starlette(routes=[Mount("/static", app=plain)])
    await ask(MetricsMiddleware(inner, metrics), ("GET", "/static/a.css"), ("GET", "/static/b/c.css"))
    assert requests(metrics) == {("GET", "/static/{path}", "200"): 2}


async def test_an_event_stream_passes_chunk_by_chunk_and_is_timed_by_first_byte_and_by_length() -> None:
    metrics = Metrics.create()
    more, sent = asyncio.Event(), asyncio.Queue[Message]()

    async def events(_: Request) -> StreamingResponse:
        async def chunks() -> AsyncIterator[str]:
            yield "data: 1\n\n"
            await more.wait()
            yield "data: 2\n\n"

        return StreamingResponse(chunks(), media_type="text/event-stream")

    app = MetricsMiddleware(Starlette(routes=[Route("/events", events)]), metrics)
    scope = {"type": "http", "method": "GET", "path": "/events", "headers": [], "query_string": b""}
    hold = asyncio.Event()

    async def receive() -> Message:
        await hold.wait()
        return {"type": "http.disconnect"}

    running = asyncio.create_task(app(scope, receive, sent.put))
    assert (await sent.get())["type"] == "http.response.start"
    assert (await sent.get())["body"] == b"data: 1\n\n"
    assert metrics.registry.get_sample_value("nexus_http_requests_in_progress") == 1
    labels = {"method": "GET", "route": "/events"}
    assert metrics.registry.get_sample_value("nexus_http_stream_seconds_count", labels) is None
    more.set()
    await running
    value = metrics.registry.get_sample_value
    assert value("nexus_http_requests_in_progress") == 0
    assert value("nexus_http_stream_seconds_count", labels) == 1
    first = value("nexus_http_request_seconds_sum", labels)
    whole = value("nexus_http_stream_seconds_sum", labels)
    assert first is not None
    assert whole is not None
    assert first < whole


async def test_a_request_whose_caller_went_away_counts_as_499() -> None:
    metrics = Metrics.create()
    started = asyncio.Event()

    async def forever(_: Request) -> PlainTextResponse:
        started.set()
        await asyncio.Event().wait()
        return PlainTextResponse("never")

    app = MetricsMiddleware(Starlette(routes=[Route("/wait", forever)]), metrics)
    task = asyncio.create_task(ask(app, ("GET", "/wait")))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert requests(metrics) == {("GET", "/wait", "499"): 1}
    assert metrics.registry.get_sample_value("nexus_http_requests_in_progress") == 0


async def test_apps_do_not_share_counts_and_nothing_reaches_the_global_registry() -> None:
    before = {family.name for family in REGISTRY.collect()}
    first, second = Metrics.create(), Metrics.create()
    await ask(build(first), ("GET", "/faqs/1"))
    assert requests(second) == {}
    assert {family.name for family in REGISTRY.collect()} == before


def test_render_is_readable_by_prometheus_in_both_formats() -> None:
    metrics = Metrics.create()
    metrics.tokens.labels("openai", "gpt", "input").inc(12)
    metrics.count_dropped_spans("opik", 3)
    body, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    samples = {s.name: s.value for f in text_string_to_metric_families(body.decode()) for s in f.samples}
    assert samples["nexus_tokens_total"] == 12
    assert samples["nexus_spans_dropped_total"] == 3
    assert samples["process_resident_memory_bytes"] > 0
    open_metrics, content_type = metrics.render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert open_metrics.endswith(b"# EOF\n")


def test_several_processes_answer_as_one(tmp_path: Path) -> None:
    shared = tmp_path / "prometheus"
    script = (
        "import sys\n"
        "from backend.tracing.metrics import Metrics\n"
        "metrics = Metrics.create()\n"
        "metrics.uploads.labels('accepted').inc(int(sys.argv[1]))\n"
        "sys.stdout.write(metrics.render()[0].decode())\n"
    )
    shared.mkdir()

    def child(uploads: str) -> str:
        command = [sys.executable, "-c", script, uploads]
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(shared)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout

    assert 'nexus_uploads_total{outcome="accepted"} 2.0' in child("2")
    assert 'nexus_uploads_total{outcome="accepted"} 5.0' in child("3")
