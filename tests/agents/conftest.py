from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.agents.providers.base import Provider
from backend.agents.providers.local_models import model_files
from backend.security.outbound import Outbound, OutboundPolicy
from tests.finetuning import bases
from tests.mock_openai import MockOpenAI, MockServer

KEY = SecretStr("sk-test-abcdefghij0123456789")

Connect = Callable[..., Provider]


@pytest.fixture(scope="module")
def running_server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def server(running_server: MockServer) -> MockServer:
    """The mock server with nothing recorded yet."""
    running_server.app = MockOpenAI()
    return running_server


@pytest.fixture
def outbound() -> Outbound:
    return Outbound(OutboundPolicy())


@pytest.fixture
def vendor() -> str:
    """Whose protocol `connect` speaks. A test module may give others."""
    return "openai-compatible"


@pytest.fixture
def connect(server: MockServer, outbound: Outbound, vendor: str) -> Connect:
    """Makes the adapter over the mock server; the test closes it."""

    def make(
        *, timeouts: Timeouts | None = None, base_url: str | None = None, key: SecretStr | None = KEY, **more: str
    ) -> Provider:
        config = ProviderConfig(
            vendor, base_url or server.url_of(vendor), key, "ok", timeouts=timeouts or Timeouts(), **more
        )
        return PROVIDERS.get(vendor)(config, outbound.provider_client)

    return make


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hugging Face model, where transformers is installed."""
    monkeypatch.setattr(model_files, "_PACKAGE", "json")
    return bases.write(tmp_path / "model-1.5")
