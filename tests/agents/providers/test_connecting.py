"""Every protocol where no connection comes about."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from select import select

import pytest

from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.errors import ProviderUnreachable
from backend.security.outbound import Outbound, OutboundPolicy
from tests.agents.conftest import KEY, Connect
from tests.agents.providers.test_wire import PROTOCOLS, ask, asking, failure


@pytest.fixture(params=PROTOCOLS)
def vendor(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.fault("C1")
async def test_a_refused_connection_says_so(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = await failure(connect(base_url=f"http://127.0.0.1:{port}"), "ok")
    assert type(error) is ProviderUnreachable
    assert "check the URL" in str(error)


@pytest.mark.fault("C1")
async def test_a_name_without_an_address_says_so(vendor: str) -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    config = ProviderConfig(vendor, "http://model.invalid", KEY, "ok")
    outbound = Outbound(OutboundPolicy(), nowhere)
    error = await failure(PROVIDERS.get(vendor)(config, outbound.provider_client), "ok")
    assert type(error) is ProviderUnreachable


@pytest.fixture
def full_server() -> Iterator[str]:
    """The address of one that accepts no more connections: the system answers none beyond those that wait."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as waiting:
        address = listening.getsockname()
        for _ in range(64):
            connection = waiting.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(address)
            if not select([], [connection], [], 0.2)[1]:
                break
        yield f"http://{address[0]}:{address[1]}"


@pytest.mark.fault("C1")
async def test_a_server_that_accepts_no_connection_is_given_up_at_the_limit_of_connecting(
    connect: Connect, full_server: str
) -> None:
    await ask(connect(), asking())  # the first request of a process also imports the SDK
    start = time.monotonic()
    error = await failure(connect(base_url=full_server, timeouts=Timeouts(connect=0.3)), "ok")
    assert type(error) is ProviderUnreachable
    assert "did not accept a connection in time; check the URL and the server" in str(error)
    assert 0.3 <= time.monotonic() - start < 5
