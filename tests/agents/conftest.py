from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.agents.providers.base import Provider
from backend.security.outbound import Outbound, OutboundPolicy
from tests.mock_openai import MockOpenAI, MockServer

KEY = SecretStr("sk-test-abcdefghij0123456789")
QUICK = Timeouts(connect=1.0, first_token=0.3, idle=0.3, total=1.0)

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
def connect(server: MockServer, outbound: Outbound) -> Connect:
    """Makes the adapter over the mock server; the test closes it."""

    def make(*, timeouts: Timeouts | None = None, base_url: str | None = None) -> Provider:
        config = ProviderConfig(
            "openai-compatible", base_url or server.base_url, KEY, "ok", timeouts=timeouts or Timeouts()
        )
        return PROVIDERS.get("openai-compatible")(config, outbound.provider_client)

    return make
