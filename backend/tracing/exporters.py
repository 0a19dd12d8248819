"""Where spans go: OTLP over HTTP to Opik, Langfuse or any collector, off the caller's path.

Imported only when tracing is configured. A backend that is down, slow or refuses the key costs spans, never a request:
what is lost is counted, and said at most once a minute.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from backend.tracing.config import Endpoint, TracingConfig, endpoint

OnDrop = Callable[[str, int], None]

WARNING_INTERVAL: Final = 60.0

_log = logging.getLogger("backend.tracing")


class DropReport:
    """Counts lost spans by target through `on_drop`, and warns at most once in 60 seconds for all targets together."""

    def __init__(self, on_drop: OnDrop, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_drop = on_drop
        self._clock = clock
        self._lock = threading.Lock()
        self._unsaid: Counter[str] = Counter()
        self._next_warning = clock()

    def add(self, target: Endpoint, spans: int, reason: str) -> None:
        self._on_drop(target.label, spans)
        with self._lock:
            self._unsaid[target.label] += spans
            now = self._clock()
            if now < self._next_warning:
                return
            self._next_warning = now + WARNING_INTERVAL
            unsaid, self._unsaid = self._unsaid, Counter()
        lost = {"target": target.label, "host": target.host, "reason": reason, "spans": unsaid.total()}
        _log.warning("spans were dropped", extra={"code": "tracing_unavailable", **lost})


class _DeliverySession(requests.Session):
    """Remembers how the last delivery ended, for the warning's text."""

    def __init__(self) -> None:
        super().__init__()
        self.outcome = "not sent"
        # With any auth set, requests leaves ~/.netrc alone, which would replace our Authorization header.
        self.auth = _keep_headers

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            response = super().send(request, **kwargs)
        except requests.RequestException as exc:
            self.outcome = type(exc).__name__
            raise
        self.outcome = f"HTTP {response.status_code}"
        return response


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _CountedExporter(SpanExporter):
    """One target's exporter; a batch that was not delivered is reported as dropped."""

    def __init__(self, target: Endpoint, drops: DropReport, timeout: float) -> None:
        self._target = target
        self._drops = drops
        self._session = _DeliverySession()
        self._inner = OTLPSpanExporter(
            endpoint=target.url,
            headers=target.headers,
            timeout=timeout,
            compression=Compression.Gzip,
            session=self._session,
        )
        self.taken: Callable[[int], None] = lambda _: None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken(len(spans))
        self._session.outcome = "not sent"
        delivered = False
        try:
            result = self._inner.export(spans)
            delivered = result is SpanExportResult.SUCCESS
        finally:
            if not delivered:
                self._drops.add(self._target, len(spans), self._session.outcome)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]  # the SDK's method has no annotations


class Pipeline(SpanProcessor):
    """One target's bounded queue and its thread. A full queue refuses the new span and counts it.

    The SDK's own processor drops silently, so what waits is counted here.
    """

    def __init__(self, target: Endpoint, config: TracingConfig, drops: DropReport) -> None:
        self._target = target
        self._drops = drops
        self._limit = config.queue_size
        self._waiting = 0
        self._lock = threading.Lock()
        exporter = _CountedExporter(target, drops, config.timeout)
        exporter.taken = self._taken
        self._batches = BatchSpanProcessor(
            exporter,
            max_queue_size=config.queue_size,
            schedule_delay_millis=config.delay * 1000,
            max_export_batch_size=min(config.batch_size, config.queue_size),
        )

    def _taken(self, spans: int) -> None:
        with self._lock:
            self._waiting -= spans

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing is read from a span before it ends."""

    def on_end(self, span: ReadableSpan) -> None:
        with self._lock:
            full = self._waiting >= self._limit
            self._waiting += not full
        if full:
            self._drops.add(self._target, 1, "queue full")
        else:
            self._batches.on_end(span)

    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # the SDK's method has no annotations

    def abandon(self) -> None:
        """Count what still waits as lost: nobody waits for this target any longer."""
        with self._lock:
            lost, self._waiting = self._waiting, 0
        if lost:
            self._drops.add(self._target, lost, "no answer before exit")

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._batches.force_flush(timeout_millis)


class Delivery:
    """All targets of one configuration, on a private tracer provider: a global one neither sees ours nor is seen."""

    def __init__(self, config: TracingConfig, drops: DropReport) -> None:
        self._exit_timeout = config.exit_timeout
        self.pipelines = [Pipeline(endpoint(target), config, drops) for target in config.targets]
        self.provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource(_resource(config)), shutdown_on_exit=False)
        self._exits = [_Exit(pipeline) for pipeline in self.pipelines]
        for pipeline in self.pipelines:
            self.provider.add_span_processor(pipeline)

    def flush(self, timeout: float) -> bool:
        """Send what waits; False when a target took longer than `timeout` seconds."""
        # Daemon threads, one per target: a hanging backend does not delay the other one.
        threads = [
            threading.Thread(target=p.force_flush, name="nexus-tracing-flush", daemon=True) for p in self.pipelines
        ]
        for thread in threads:
            thread.start()
        _join(threads, timeout)
        return not any(thread.is_alive() for thread in threads)

    def close(self) -> None:
        """Send what waits within `exit_timeout` seconds for all targets together, then give up on the rest."""
        for exit_ in self._exits:
            exit_.begin.set()
        _join([exit_.thread for exit_ in self._exits], self._exit_timeout)
        for exit_ in self._exits:
            if exit_.thread.is_alive():
                exit_.pipeline.abandon()


class _Exit:
    """The last sending of one target, in a daemon thread of its own: a hanging backend delays neither the other one nor
    the exit. It waits from the start on, because Python 3.12 starts no thread while it exits."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.begin = threading.Event()
        self.thread = threading.Thread(target=self._run, name="nexus-tracing-exit", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.begin.wait()
        self.pipeline.shutdown()


def _join(threads: Sequence[threading.Thread], timeout: float) -> None:
    """Waits for all of them, together at most `timeout` seconds."""
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _resource(config: TracingConfig) -> Mapping[str, str]:
    named = {
        "service.name": config.service_name,
        "service.version": config.service_version,
        "deployment.environment.name": config.environment,
    }
    return {name: value for name, value in named.items() if value}


def start(config: TracingConfig, on_drop: OnDrop) -> Delivery:
    """Raises `StartRefused` for a target whose URL cannot be used."""
    # The SDK logs every failed batch with its text; DropReport says it once a minute instead.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    return Delivery(config, DropReport(on_drop))
