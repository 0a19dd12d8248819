"""What tracing is told: the backends, their keys, and the limits of queue and time."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, assert_never
from urllib.parse import urlsplit

from backend.errors import StartRefused
from backend.tracing.redaction import redact


@dataclass(frozen=True, slots=True)
class OpikTarget:
    """Opik at `url` (such as `https://www.comet.com/opik`); a trailing `/api`, as its SDK wants it, is fine."""

    url: str
    project: str = "ai-nexus"
    workspace: str = "default"
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LangfuseTarget:
    """Langfuse at `url` (such as `https://cloud.langfuse.com`)."""

    url: str
    public_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OtlpTarget:
    """Any OTLP/HTTP collector; `url` is the full address, `/v1/traces` included."""

    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


Target: TypeAlias = OpikTarget | LangfuseTarget | OtlpTarget


@dataclass(frozen=True, slots=True)
class TracingConfig:
    """Times are seconds, sizes are spans. Without targets tracing is off."""

    targets: tuple[Target, ...] = ()
    service_name: str = "ai-nexus"
    service_version: str | None = None
    environment: str | None = None
    timeout: float = 5.0
    exit_timeout: float = 1.5
    queue_size: int = 2048
    batch_size: int = 512
    delay: float = 2.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A target as HTTP: its label in metrics and warnings, its address, its headers."""

    label: str
    url: str
    headers: Mapping[str, str] = field(repr=False)

    @property
    def host(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def endpoint(target: Target) -> Endpoint:
    """Raises `StartRefused` when the target's URL is not an http(s) address."""
    match target:
        case OpikTarget():
            base = _base("opik", target.url).removesuffix("/api")
            headers = {"projectName": target.project, "Comet-Workspace": target.workspace}
            if target.api_key:
                headers["Authorization"] = target.api_key
            return Endpoint("opik", f"{base}/api/v1/private/otel/v1/traces", headers)
        case LangfuseTarget():
            pair = base64.b64encode(f"{target.public_key}:{target.secret_key}".encode()).decode("ascii")
            headers = {"Authorization": f"Basic {pair}", "x-langfuse-ingestion-version": "4"}
            return Endpoint("langfuse", f"{_base('langfuse', target.url)}/api/public/otel/v1/traces", headers)
        case OtlpTarget():
            return Endpoint("otlp", _base("otlp", target.url), dict(target.headers))
        case _:
            assert_never(target)


def _base(label: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise StartRefused(
            f"the {label} tracing address {redact(url)!r} is not an http(s) URL; give one such as 'http://localhost:5173'"
        )
    return url.rstrip("/")
