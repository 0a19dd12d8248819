"""An OTLP/HTTP collector over loopback: decodes what arrives, or answers as a broken backend would."""

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

Mode = Literal["ok", "unauthorized", "hang"]


@dataclass(frozen=True)
class ReceivedSpan:
    name: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    attributes: dict[str, object]
    status: tuple[int, str]
    events: int
    resource: dict[str, object]


@dataclass(frozen=True)
class Delivered:
    path: str
    headers: dict[str, str]
    raw: bytes
    spans: list[ReceivedSpan]


class Collector:
    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.requests: list[Delivered] = []
        self.asked = threading.Event()
        self.recorded = threading.Event()
        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def spans(self) -> dict[str, ReceivedSpan]:
        return {span.name: span for request in self.requests for span in request.spans}

    @property
    def everything(self) -> bytes:
        return b"".join(request.raw for request in self.requests)


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.asked.set()
            if collector.mode == "hang":
                collector.released.wait()
            raw = gzip.decompress(body)
            collector.requests.append(Delivered(self.path, _lowered(self), raw, _decode(raw)))
            collector.recorded.set()
            self.send_response(401 if collector.mode == "unauthorized" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Tests stay quiet."""

    return Handler


def _lowered(handler: BaseHTTPRequestHandler) -> dict[str, str]:
    return {name.lower(): value for name, value in handler.headers.items()}


def _decode(raw: bytes) -> list[ReceivedSpan]:
    message = ExportTraceServiceRequest.FromString(raw)
    return [
        ReceivedSpan(
            name=span.name,
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_id=span.parent_span_id,
            attributes={a.key: _value(a.value) for a in span.attributes},
            status=(span.status.code, span.status.message),
            events=len(span.events),
            resource={a.key: _value(a.value) for a in resource.resource.attributes},
        )
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


@contextmanager
def collecting(mode: Mode = "ok") -> Iterator[Collector]:
    collector = Collector(mode)
    thread = threading.Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.released.set()
        collector.server.shutdown()
        collector.server.server_close()
        thread.join()


def dead_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
