from collections.abc import Sequence

import pytest
from pydantic import BaseModel, SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.base import (
    Completion,
    Done,
    GenerationRequest,
    Message,
    PassageText,
    Provider,
    Sampling,
    collect,
)
from backend.errors import (
    InvalidRequest,
    OutboundRefused,
    ProviderAuthFailed,
    ProviderError,
)
from backend.security.outbound import Outbound, OutboundPolicy
from tests.agents.conftest import KEY, Connect
from tests.mock_openai import MockServer


class Draft(BaseModel):
    question: str
    answer: str
    tags: list[str]


PASSAGES = (
    PassageText(1, "Signing in", "Open the sign-in page. Enter the code."),
    PassageText(2, "Invoices", "Invoices are sent monthly."),
)


def asking(model: str = "ok", output_type: type[BaseModel] | None = None) -> GenerationRequest:
    return GenerationRequest(model, (Message("user", "When are invoices sent?"),), PASSAGES, output_type=output_type)


async def ask(provider: Provider, request: GenerationRequest) -> Completion:
    try:
        return await collect(provider.stream(request))
    finally:
        await provider.aclose()


async def failure(provider: Provider, model: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(provider, asking(model))
    return caught.value


def messages_of(server: MockServer) -> Sequence[dict[str, str]]:
    messages = server.app.requests[-1].body["messages"]
    assert isinstance(messages, list)
    return messages


async def test_the_default_model_is_asked_when_the_request_names_none(connect: Connect, server: MockServer) -> None:
    await ask(connect(), asking(""))
    assert server.app.requests[-1].model == "ok"


async def test_without_any_model_the_request_is_refused(outbound: Outbound) -> None:
    config = ProviderConfig("openai-compatible", "http://127.0.0.1:9/v1")
    with pytest.raises(InvalidRequest, match="no model is chosen"):
        await ask(PROVIDERS.get(config.name)(config, outbound.provider_client), asking(""))


def test_without_a_url_the_provider_is_refused(outbound: Outbound) -> None:
    with pytest.raises(InvalidRequest, match="needs a base URL"):
        PROVIDERS.get("openai-compatible")(ProviderConfig("openai-compatible"), outbound.provider_client)


async def test_passages_are_sent_as_numbered_data_before_the_question(connect: Connect, server: MockServer) -> None:
    await ask(connect(), asking())
    system, user = messages_of(server)
    assert "only from the passages" in system["content"]
    assert '<passage n="2" title="Invoices">\nInvoices are sent monthly.\n</passage>' in user["content"]
    assert user["content"].endswith("Question: When are invoices sent?")


async def test_an_address_that_may_not_be_called_is_refused_by_name() -> None:
    async def metadata(_host: str, _port: int) -> Sequence[str]:
        return ["169.254.169.254"]

    config = ProviderConfig("openai-compatible", "http://innocent.example/v1", KEY, "ok")
    provider = PROVIDERS.get(config.name)(config, Outbound(OutboundPolicy(), metadata).provider_client)
    with pytest.raises(OutboundRefused, match=r"169\.254\.169\.254"):
        await ask(provider, asking())


async def test_a_vendor_that_needs_a_key_is_not_called_without(outbound: Outbound) -> None:
    provider = PROVIDERS.get("openai")(ProviderConfig("openai"), outbound.provider_client)
    with pytest.raises(ProviderAuthFailed, match="OPENAI_API_KEY"):
        await ask(provider, asking("gpt-6-luna"))


async def test_openai_itself_gets_its_own_name_for_the_length_limit(server: MockServer, outbound: Outbound) -> None:
    config = ProviderConfig("openai", server.base_url, SecretStr("sk-other-0123456789"))
    request = GenerationRequest("ok", (Message("user", "Hi"),), sampling=Sampling(max_tokens=9))
    done = (await ask(PROVIDERS.get("openai")(config, outbound.provider_client), request)).done
    assert isinstance(done, Done)
    assert server.app.requests[-1].body["max_completion_tokens"] == 9
