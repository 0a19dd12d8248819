"""Delivery: Opik's and Langfuse's wire shapes, and backends that are down, slow or refuse the key."""

import base64
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backend.errors import StartRefused
from backend.tracing.config import Endpoint, LangfuseTarget, OpikTarget, OtlpTarget, Target, TracingConfig, endpoint
from backend.tracing.exporters import WARNING_INTERVAL, DropReport
from backend.tracing.metrics import Metrics
from backend.tracing.track import configure, flush, shutdown, track
from tests.tracing.collector import Collector, collecting, dead_url

WARNING = "spans were dropped"


@track("step")
def step(value: int) -> int:
    return value + 1


class Drops:
    def __init__(self) -> None:
        self.by_target: dict[str, int] = {}

    def __call__(self, target: str, spans: int) -> None:
        self.by_target[target] = self.by_target.get(target, 0) + spans


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def config(*targets: Target, **changes: float) -> TracingConfig:
    limits: dict[str, float] = {"delay": 3600, "timeout": 0.4, "exit_timeout": 0.4} | changes
    return TracingConfig(targets=targets, service_version="1.2", environment="test", **limits)  # type: ignore[arg-type]  # sizes are ints


def test_opik_gets_its_path_headers_and_gzip(collector: Collector) -> None:
    configure(config(OpikTarget(collector.url, project="docs", workspace="team", api_key="opik-key")))
    step(1)
    assert flush()
    (request,) = collector.requests
    assert request.path == "/api/v1/private/otel/v1/traces"
    assert request.headers["projectname"] == "docs"
    assert request.headers["comet-workspace"] == "team"
    assert request.headers["authorization"] == "opik-key"
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["content-type"] == "application/x-protobuf"


def test_an_opik_of_ones_own_needs_no_key_and_its_sdk_style_url_works(collector: Collector) -> None:
    configure(config(OpikTarget(f"{collector.url}/api/")))
    step(1)
    assert flush()
    (request,) = collector.requests
    assert request.path == "/api/v1/private/otel/v1/traces"
    assert "authorization" not in request.headers


def test_langfuse_gets_basic_auth_and_its_ingestion_version(collector: Collector) -> None:
    configure(config(LangfuseTarget(f"{collector.url}/", "pk-lf-1", "sk-lf-2")))
    step(1)
    assert flush()
    (request,) = collector.requests
    assert request.path == "/api/public/otel/v1/traces"
    scheme, _, pair = request.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"pk-lf-1:sk-lf-2")
    assert request.headers["x-langfuse-ingestion-version"] == "4"


def test_every_target_gets_every_span_with_the_services_name(collector: Collector) -> None:
    with collecting() as second:
        configure(config(OtlpTarget(f"{collector.url}/v1/traces", {"X-Team": "a"}), OpikTarget(second.url)))
        step(1)
        assert flush()
        shutdown()
        assert collector.requests[0].headers["x-team"] == "a"
        for each in (collector, second):
            assert each.spans["step"].resource == {
                "service.name": "ai-nexus",
                "service.version": "1.2",
                "deployment.environment.name": "test",
            }


def test_a_netrc_file_does_not_replace_our_authorization(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    configure(config(OpikTarget(collector.url, api_key="opik-key")))
    step(1)
    assert flush()
    assert collector.requests[0].headers["authorization"] == "opik-key"


@pytest.mark.parametrize("url", ["localhost:5173", "ftp://host", "http://", "", "http://host:99999", "file:///etc"])
def test_a_target_that_is_no_http_address_is_refused_at_start(url: str) -> None:
    with pytest.raises(StartRefused, match="opik tracing address"):
        configure(config(OpikTarget(url)))
    assert step(1) == 2


def test_keys_do_not_show_in_a_repr_or_in_an_address_error() -> None:
    targets: list[Target] = [OpikTarget("http://h", api_key="canary"), LangfuseTarget("http://h", "pk", "canary")]
    targets_and_endpoints = repr([*targets, *map(endpoint, targets), OtlpTarget("http://h", {"a": "canary"})])
    assert "canary" not in targets_and_endpoints
    with pytest.raises(StartRefused) as refusal:
        endpoint(OtlpTarget("ftp://user:canary@host"))
    assert "canary" not in str(refusal.value)


@pytest.mark.fault("F3")
def test_a_dead_backend_costs_spans_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    drops = Drops()
    configure(config(OpikTarget(dead_url())), on_drop=drops)
    for _ in range(3):
        assert [step(n) for n in range(4)] == [1, 2, 3, 4]
        assert flush()
    assert drops.by_target == {"opik": 12}
    (warning,) = warnings_of(caplog)
    assert warning.message == WARNING


@pytest.mark.fault("F3")
def test_a_wrong_key_costs_spans_is_counted_and_said_once_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics.create()
    with collecting("unauthorized") as refusing:
        configure(config(LangfuseTarget(refusing.url, "pk-lf-1", "canary")), on_drop=metrics.count_dropped_spans)
        for _ in range(3):
            assert step(1) == 2
            assert flush()
        shutdown()
    assert metrics.registry.get_sample_value("nexus_spans_dropped_total", {"target": "langfuse"}) == 3
    (warning,) = warnings_of(caplog)
    assert warning.__dict__["reason"] == "HTTP 401"
    assert "canary" not in repr(warning.__dict__)


@pytest.mark.fault("F3")
def test_a_hanging_backend_holds_up_no_caller_and_a_full_queue_is_counted() -> None:
    drops = Drops()
    with collecting("hang") as hanging:
        configure(config(OtlpTarget(hanging.url), timeout=600, queue_size=10, batch_size=5), on_drop=drops)
        assert [step(n) for n in range(100)] == list(range(1, 101))
        assert hanging.asked.wait(60)
        assert hanging.requests == []
        # At most 10 wait and 5 are under way.
        assert 85 <= drops.by_target["otlp"] <= 90
        shutdown()
        assert 95 <= drops.by_target["otlp"] <= 100


@pytest.mark.fault("F3")
def test_a_hanging_backend_does_not_keep_spans_from_the_other_one() -> None:
    with collecting("hang") as hanging, collecting() as healthy:
        configure(config(OtlpTarget(hanging.url), OtlpTarget(healthy.url), timeout=600, exit_timeout=600))
        assert step(1) == 2
        ending = threading.Thread(target=shutdown)
        ending.start()
        assert healthy.recorded.wait(60)
        assert hanging.requests == []
        hanging.released.set()
        ending.join()
    assert "step" in healthy.spans


@pytest.mark.fault("F3")
def test_a_process_ends_while_its_backend_hangs() -> None:
    script = (
        "import sys\n"
        "from backend.tracing.track import configure, track\n"
        "from backend.tracing.config import OpikTarget, TracingConfig\n"
        "configure(TracingConfig(targets=(OpikTarget(sys.argv[1]),), timeout=3600))\n"
        "track('x')(lambda: 1)()\n"
        "print('done')\n"
    )
    with collecting("hang") as hanging:
        # A delivery may take an hour and the SDK waits 30 s at its end, so only the limit on the exit lets this end.
        done = subprocess.run(
            [sys.executable, "-c", script, hanging.url], capture_output=True, text=True, timeout=20, check=True
        )
        assert hanging.asked.is_set()
    assert done.stdout == "done\n"


def test_spans_waiting_at_exit_are_sent(collector: Collector) -> None:
    script = (
        "import sys\n"
        "from backend.tracing.track import configure, track\n"
        "from backend.tracing.config import OpikTarget, TracingConfig\n"
        "configure(TracingConfig(targets=(OpikTarget(sys.argv[1]),), delay=3600, exit_timeout=30))\n"
        "track('x')(lambda: 1)()\n"
    )
    subprocess.run([sys.executable, "-c", script, collector.url], timeout=60, check=True)
    assert "x" in collector.spans


@pytest.mark.fault("F3")
def test_lost_spans_are_said_at_most_once_a_minute_with_all_that_was_lost(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    report = DropReport(Drops(), clock=lambda: now[0])
    target = Endpoint("opik", "http://host:5173/api", {})
    for second in range(0, 121, 10):
        now[0] = float(second)
        report.add(target, 2, "HTTP 500")
    said = [record.__dict__["spans"] for record in warnings_of(caplog)]
    assert said == [2, 12, 12]
    assert WARNING_INTERVAL == 60
