"""Prometheus metrics: one frozen set of typed objects per app, its own registry, and the HTTP middleware.

With `PROMETHEUS_MULTIPROC_DIR` set before this module is imported, several processes share a directory and
`render` answers for all of them.
"""

import os
from asyncio import CancelledError
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MULTIPROC_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
UNMATCHED: Final = "unmatched"

_REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STREAM_BUCKETS: Final = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_JOB_BUCKETS: Final = (0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)
_BATCH_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15)
GaugeMode = Literal["livesum", "mostrecent"]
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics of one app. Seconds, bytes and US dollars; labels are closed sets, never ids or people's text."""

    registry: CollectorRegistry = field(repr=False)
    http_requests: Counter  # method, route, status
    http_latency: Histogram  # method, route; to the first byte of the body
    http_streams: Histogram  # method, route; whole length of an event stream
    http_in_progress: Gauge
    tokens: Counter  # provider, model, direction: input | output
    cost_usd: Counter  # provider, model
    provider_errors: Counter  # provider, code
    provider_attempts: Counter  # provider, outcome: ok | the error's code
    chat_answers: Counter  # provider, answered: true | false
    jobs_running: Gauge  # kind
    queue_depth: Gauge  # kind
    job_seconds: Histogram  # kind, status
    embedded_texts: Counter  # model
    embedding_seconds: Histogram  # model; per batch
    retrieval_seconds: Histogram  # store
    uploads: Counter  # outcome: accepted | duplicate | the refusal's code
    upload_bytes: Counter
    leads: Counter  # stage
    spans_dropped: Counter  # target: opik | langfuse | otlp

    @classmethod
    def create(cls) -> "Metrics":
        """A new set on a registry of its own, with the process's memory, CPU and descriptors beside it."""
        make = _Maker(CollectorRegistry(auto_describe=True))
        if not os.environ.get(MULTIPROC_VARIABLE):
            ProcessCollector(registry=make.registry)
        http = ("method", "route")
        return cls(
            registry=make.registry,
            http_requests=make.counter("http_requests", "Answered requests", (*http, "status")),
            http_latency=make.histogram("http_request_seconds", "To the first byte", http, _REQUEST_BUCKETS),
            http_streams=make.histogram("http_stream_seconds", "Length of event streams", http, _STREAM_BUCKETS),
            http_in_progress=make.gauge("http_requests_in_progress", "Requests being answered"),
            tokens=make.counter("tokens", "Tokens used", ("provider", "model", "direction")),
            cost_usd=make.counter("cost_usd", "Cost of model calls in US dollars", ("provider", "model")),
            provider_errors=make.counter("provider_errors", "Failed model calls", ("provider", "code")),
            provider_attempts=make.counter("provider_attempts", "Tries of model calls", ("provider", "outcome")),
            chat_answers=make.counter("chat_answers", "Chat answers", ("provider", "answered")),
            jobs_running=make.gauge("jobs_running", "Jobs running", ("kind",)),
            queue_depth=make.gauge("queue_depth", "Jobs waiting", ("kind",), mode="mostrecent"),
            job_seconds=make.histogram("job_seconds", "Duration of ended jobs", ("kind", "status"), _JOB_BUCKETS),
            embedded_texts=make.counter("embedded_texts", "Texts embedded", ("model",)),
            embedding_seconds=make.histogram("embedding_seconds", "Per batch", ("model",), _BATCH_BUCKETS),
            retrieval_seconds=make.histogram("retrieval_seconds", "Per search", ("store",), _BATCH_BUCKETS),
            uploads=make.counter("uploads", "Uploaded files", ("outcome",)),
            upload_bytes=make.counter("upload_bytes", "Bytes of accepted files"),
            leads=make.counter("leads", "Leads captured", ("stage",)),
            spans_dropped=make.counter("spans_dropped", "Spans not delivered", ("target",)),
        )

    def count_dropped_spans(self, target: str, spans: int) -> None:
        """For `track.configure(on_drop=...)`."""
        self.spans_dropped.labels(target).inc(spans)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Body and content type of `GET /metrics`, in the format that the `Accept` header asks for.

        In multi-process mode this reads every process's files: not for the event loop.
        """
        encode, content_type = choose_encoder(accept)
        directory = os.environ.get(MULTIPROC_VARIABLE)
        if not directory:
            return encode(self.registry), content_type
        shared = CollectorRegistry()
        MultiProcessCollector(shared, path=directory)  # type: ignore[no-untyped-call]  # not annotated there
        return encode(shared), content_type


class _Maker:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(name, help, labels, namespace="nexus", registry=self.registry)

    def gauge(self, name: str, help: str, labels: Sequence[str] = (), *, mode: GaugeMode = "livesum") -> Gauge:
        return Gauge(name, help, labels, namespace="nexus", registry=self.registry, multiprocess_mode=mode)

    def histogram(self, name: str, help: str, labels: Sequence[str], buckets: Sequence[float]) -> Histogram:
        return Histogram(name, help, labels, namespace="nexus", registry=self.registry, buckets=buckets)


class MetricsMiddleware:
    """Counts and times each request under its route's template.

    Latency runs to the first byte of the body, for streams as for everything else: for a chat that is the time
    to the first token. How long an event stream lasts depends on the listener and is a metric of its own.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(send)
        self._metrics.http_in_progress.inc()
        try:
            await self._app(scope, receive, exchange.send)
        except CancelledError:
            exchange.aborted(499)
            raise
        except BaseException:
            exchange.aborted(500)
            raise
        finally:
            self._metrics.http_in_progress.dec()
            self._observe(scope, exchange)

    def _observe(self, scope: Scope, exchange: "_Exchange") -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_template(scope)
        ended = perf_counter()
        first = ended if exchange.first_byte is None else exchange.first_byte
        self._metrics.http_requests.labels(method, route, str(exchange.status)).inc()
        self._metrics.http_latency.labels(method, route).observe(first - exchange.started)
        if exchange.is_event_stream:
            self._metrics.http_streams.labels(method, route).observe(ended - exchange.started)


class _Exchange:
    """What one response's messages tell: status, first byte, whether it is an event stream."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = perf_counter()
        self.first_byte: float | None = None
        self.status = 499  # nobody was left to answer
        self.is_event_stream = False
        self._has_started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_started = True
            self.status = message["status"]
            self.is_event_stream = any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message.get("headers", ())
            )
        elif self.first_byte is None and (message.get("body") or not message.get("more_body", False)):
            self.first_byte = perf_counter()
        await self._send(message)

    def aborted(self, status: int) -> None:
        """The app gave up; a status that was already sent stays."""
        if not self._has_started:
            self.status = status


def route_template(scope: Scope) -> str:
    """The matched route's full template (`/documents/{id}`), or `unmatched`; known once the app has run.

    FastAPI 0.165 keeps the prefix of an included router out of `scope["route"]` and in a context of its own.
    """
    route = scope.get("route")
    if route is None:
        return UNMATCHED
    context = scope.get("fastapi", {}).get("effective_route_context")
    if context is not None and getattr(context, "original_route", None) is route:
        route = context
    template = getattr(route, "path_format", None)
    if not isinstance(template, str):
        return UNMATCHED
    mounted = scope.get("root_path", "").removeprefix(scope.get("app_root_path", ""))
    return f"{mounted}/{{path}}" if isinstance(route, Mount) else f"{mounted}{template}"
