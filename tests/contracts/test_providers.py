from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.base import Provider
from backend.agents.providers.breaker import BreakerProvider, Breakers
from backend.agents.providers.builtin import BuiltinProvider
from backend.agents.providers.echo import EchoProvider
from backend.agents.providers.local import LocalProvider
from backend.agents.providers.local_models.servers import ModelServers
from backend.agents.providers.retry import Candidate, FallbackProvider, RetryingProvider
from backend.security.outbound import Outbound, OutboundPolicy
from tests.agents.providers.test_local import COMMAND, HEAD, openai_chat
from tests.contracts.provider import ProviderContract
from tests.mock_openai import MockServer


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


class TestEcho(ProviderContract):
    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        return EchoProvider


class TestBuiltin(ProviderContract):
    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        return BuiltinProvider


class TestServers(ProviderContract):
    @pytest.fixture(params=[name for name, row in PROVIDERS.vendors.items() if row.place == "server"])
    def make_provider(self, server: MockServer, request: pytest.FixtureRequest) -> Callable[[], Provider]:
        config = ProviderConfig(request.param, server.url_of(request.param), SecretStr("sk-test-0123456789"))
        outbound = Outbound(OutboundPolicy())
        return lambda: PROVIDERS.get(config.name)(config, outbound.provider_client)


class TestLocal(ProviderContract):
    """The chain names the file, which the contract's requests do not know."""

    @pytest.fixture
    def make_provider(self, tmp_path: Path) -> Iterator[Callable[[], Provider]]:
        file = tmp_path / "ok.gguf"
        file.write_bytes(HEAD)
        servers = ModelServers(command=COMMAND)
        local = LocalProvider(PROVIDERS.vendors["local"], ProviderConfig("local"), openai_chat, servers)
        yield lambda: FallbackProvider([Candidate("local", local, str(file))])
        servers.stop()


class TestRetrying(ProviderContract):
    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        return lambda: RetryingProvider(EchoProvider())


class TestBreaker(ProviderContract):
    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        return lambda: BreakerProvider("echo", EchoProvider(), Breakers())


class TestFallback(ProviderContract):
    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        return lambda: FallbackProvider([Candidate("echo", EchoProvider()), Candidate("builtin", BuiltinProvider())])
