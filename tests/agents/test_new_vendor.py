"""A vendor with its own protocol is one file and one row: nothing else of the product knows its name."""

import json

import httpx2
import pytest
from pydantic import SecretStr

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.providers import PROVIDERS, ProviderConfig, Vendor
from backend.agents.providers.base import PassageText, Usage
from backend.agents.providers.protocols.base import WireProtocol
from backend.agents.providers.vendors import over
from backend.agents.rag import AnswerDone, AnswerToken, Retrieval
from backend.agents.spending import Spending
from backend.errors import ProviderAuthFailed, ProviderError

FOUND = Retrieval((PassageText(1, "Invoices", "Invoices are sent monthly."),), True)
KEY = "acme-secret-0123456789"


def _acme() -> WireProtocol:
    from tests.agents.acme import AcmeSpeech

    return AcmeSpeech()


ACME = Vendor(
    name="acme",
    label="Acme",
    load=over(_acme),
    needs_key=True,
    key_variable="ACME_KEY",
    default_url="https://acme.test",
)


class AcmeServer:
    def __init__(self, *lines: object, status: int = 200) -> None:
        self.requests: list[httpx2.Request] = []
        self.answer = httpx2.Response(status, text="\n".join(map(json.dumps, lines)))

    def client(self, _url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._respond), timeout=timeout)

    def _respond(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self.answer


def config() -> AgentConfig:
    return AgentConfig(ProviderChoice(ProviderConfig("acme", api_key=SecretStr(KEY)), "rocket"))


async def test_an_agent_on_it_chats() -> None:
    server = AcmeServer({"word": "Monthly"}, {"word": " [1]."}, {"used": [12, 7]})
    factory = AgentFactory(PROVIDERS.plus(ACME), server.client)
    spending = Spending()
    *tokens, done = [event async for event in factory.create_agent(config(), spending).answer("When?", (), FOUND)]
    await factory.aclose()

    assert "".join(token.text for token in tokens if isinstance(token, AnswerToken)) == "Monthly [1]."
    assert isinstance(done, AnswerDone)
    assert (done.provider, done.model, done.cited, done.answered) == ("acme", "rocket", (1,), True)
    assert (spending.usage, spending.cost_usd) == (Usage(12, 7), None)
    [request] = server.requests
    assert (str(request.url), request.headers["x-acme-key"]) == ("https://acme.test/say", KEY)
    assert "Invoices are sent monthly." in request.content.decode()


async def test_its_failures_are_ours() -> None:
    server = AcmeServer({"word": "no"}, status=500)
    factory = AgentFactory(PROVIDERS.plus(ACME), server.client, retry=lambda _name, provider: provider)
    with pytest.raises(ProviderError, match="acme"):
        _ = [event async for event in factory.create_agent(config()).answer("When?", (), FOUND)]
    keyless = AgentConfig(ProviderChoice(ProviderConfig("acme"), "rocket"))
    with pytest.raises(ProviderAuthFailed, match="ACME_KEY"):
        _ = [event async for event in factory.create_agent(keyless).answer("When?", (), FOUND)]
    await factory.aclose()


def test_the_table_itself_is_unchanged() -> None:
    assert "acme" not in PROVIDERS.names
    assert PROVIDERS.plus(ACME).public_hosts() == PROVIDERS.public_hosts() | {"acme.test"}
