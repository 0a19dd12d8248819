from collections.abc import Callable

import httpx2
import pytest
from pydantic import SecretStr

from backend.agents.providers import ProviderConfig
from backend.agents.providers.probe import list_models
from backend.errors import (
    InvalidRequest,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from backend.security.outbound import Outbound
from tests.mock_openai import MODELS, MockServer

KEY = SecretStr("sk-probe-0123456789")
Client = Callable[[str, httpx2.Timeout], httpx2.AsyncClient]


def responding(response: httpx2.Response | httpx2.TransportError) -> Client:
    def respond(_request: httpx2.Request) -> httpx2.Response:
        if isinstance(response, httpx2.TransportError):
            raise response
        return response

    return lambda _url, _timeout: httpx2.AsyncClient(transport=httpx2.MockTransport(respond))


async def test_the_models_of_a_server_are_listed_with_its_key(server: MockServer, outbound: Outbound) -> None:
    config = ProviderConfig("openai-compatible", server.base_url + "/", KEY, key_base_url=server.base_url)
    assert await list_models(config, outbound.provider_client) == tuple(sorted(MODELS))
    assert server.app.requests[-1].headers["authorization"] == f"Bearer {KEY.get_secret_value()}"


async def test_a_provider_without_a_server_lists_its_own(outbound: Outbound) -> None:
    assert await list_models(ProviderConfig("builtin"), outbound.provider_client) == ("builtin",)


@pytest.mark.fault("E10")
async def test_testing_another_url_does_not_send_the_stored_key(server: MockServer, outbound: Outbound) -> None:
    config = ProviderConfig("openai-compatible", server.base_url, KEY, key_base_url="https://api.example.com/v1")
    with pytest.raises(ProviderAuthFailed, match="enter the key again"):
        await list_models(config, outbound.provider_client)
    assert server.app.requests == []


@pytest.mark.fault("E10")
async def test_openais_stored_key_is_not_sent_to_another_host(server: MockServer, outbound: Outbound) -> None:
    config = ProviderConfig("openai", server.base_url, KEY, key_base_url="https://api.openai.com/v1")
    with pytest.raises(ProviderAuthFailed):
        await list_models(config, outbound.provider_client)
    assert server.app.requests == []


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx2.Response(401), ProviderAuthFailed),
        (httpx2.Response(404), ProviderRejected),
        (httpx2.Response(302, headers={"location": "http://elsewhere/"}), ProviderRejected),
        (httpx2.Response(429), ProviderRateLimited),
        (httpx2.Response(502), ProviderUnavailable),
        (httpx2.Response(200, content=b"<html>"), ProviderBadAnswer),
        (httpx2.Response(200, json={"data": 5}), ProviderBadAnswer),
        (httpx2.ConnectError("refused"), ProviderUnavailable),
        (httpx2.ConnectTimeout("slow"), ProviderUnavailable),
        (httpx2.ReadTimeout("slow"), ProviderTimeout),
        (httpx2.RemoteProtocolError("cut"), ProviderUnavailable),
    ],
)
async def test_each_failure_is_an_error_of_ours(
    response: httpx2.Response | httpx2.TransportError, expected: type[ProviderError]
) -> None:
    with pytest.raises(expected) as caught:
        await list_models(ProviderConfig("openai-compatible", "http://x/v1", KEY), responding(response))
    assert type(caught.value) is expected
    assert KEY.get_secret_value() not in str(caught.value)


async def test_a_server_without_a_url_cannot_be_asked(outbound: Outbound) -> None:
    with pytest.raises(InvalidRequest):
        await list_models(ProviderConfig("openai-compatible"), outbound.provider_client)
