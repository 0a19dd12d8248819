import pytest
from pydantic import SecretStr

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.base import Done, GenerationRequest, Message, PassageText, Provider, collect
from backend.agents.providers.retry import AnsweredBy, RetryingProvider, RetryPolicy
from backend.agents.rag import AnswerDone, Retrieval
from backend.errors import InvalidRequest, OutboundRefused, ProviderError, UnknownStrategy
from backend.security.outbound import Outbound, OutboundPolicy
from tests.agents.scripted import ANSWER, ScriptedProvider
from tests.mock_openai import MockServer

FOUND = Retrieval((PassageText(1, "Invoices", "Invoices are sent monthly."),), True)
BUILTIN = ProviderChoice(ProviderConfig("builtin"))


def quick_retry(_name: str, provider: Provider) -> Provider:
    return RetryingProvider(provider, RetryPolicy(first_delay=0.001))


@pytest.fixture
def factory(outbound: Outbound) -> AgentFactory:
    return AgentFactory(PROVIDERS, outbound.provider_client, retry=quick_retry)


async def final(factory: AgentFactory, config: AgentConfig) -> AnswerDone:
    done = [event async for event in factory.create_agent(config).answer("When are invoices sent?", (), FOUND)][-1]
    assert isinstance(done, AnswerDone)
    return done


async def test_an_agent_on_the_built_in_provider_needs_nothing(factory: AgentFactory) -> None:
    done = await final(factory, AgentConfig(BUILTIN))
    assert (done.text, done.provider, done.model) == ("Invoices are sent monthly. [1]", "builtin", "builtin")


@pytest.mark.parametrize("name", ["builtin", "echo"])
def test_a_model_that_a_provider_with_a_fixed_list_does_not_have_is_refused(factory: AgentFactory, name: str) -> None:
    config = ProviderConfig(name, default_model=name)
    assert factory.create_agent(AgentConfig(ProviderChoice(config, name)))
    assert factory.create_agent(AgentConfig(ProviderChoice(config)))
    with pytest.raises(InvalidRequest, match=f"no model 'gpt-9' of the provider '{name}'; known: \\['{name}'\\]"):
        factory.create_agent(AgentConfig(ProviderChoice(config, "gpt-9")))


async def test_an_agent_on_a_server_streams_from_it(factory: AgentFactory, server: MockServer) -> None:
    choice = ProviderChoice(ProviderConfig("openai-compatible", server.base_url), "badcite")
    done = await final(factory, AgentConfig(choice, instructions="Be kind."))
    await factory.aclose()
    assert done.text == "Invoices are sent monthly. [1] The moon is made of cheese."
    assert (done.cited, done.provider, done.model) == ((1,), "openai-compatible", "badcite")
    assert "Be kind." in str(server.app.requests[-1].body)


@pytest.mark.fault("C1")
async def test_the_fallback_answers_when_the_server_is_down(factory: AgentFactory, server: MockServer) -> None:
    choice = ProviderChoice(ProviderConfig("openai-compatible", server.base_url), "status-503")
    done = await final(factory, AgentConfig(choice, (BUILTIN,)))
    await factory.aclose()
    assert (done.provider, len(done.failures), done.answered) == ("builtin", 1, True)
    assert len(server.app.requests) == 3


async def test_the_configuration_says_whether_the_agent_reads_documents(
    factory: AgentFactory, server: MockServer
) -> None:
    choice = ProviderChoice(ProviderConfig("openai-compatible", server.base_url), "ok")
    with_documents = await final(factory, AgentConfig(choice))
    alone = await final(factory, AgentConfig(choice, documents=False))
    await factory.aclose()
    assert (with_documents.text, with_documents.cited) == ("Invoices are sent monthly. [1]", (1,))
    assert (alone.text, alone.cited) == ("You asked: When are invoices sent?", ())
    assert ["passage" in str(request.body) for request in server.app.requests] == [True, False]


@pytest.mark.fault("C1")
async def test_what_stands_in_for_a_model_without_documents_says_nothing_of_documents(
    factory: AgentFactory, server: MockServer
) -> None:
    choice = ProviderChoice(ProviderConfig("openai-compatible", server.base_url), "status-503")
    done = await final(factory, AgentConfig(choice, (BUILTIN,), documents=False))
    await factory.aclose()
    assert done.text == "The model did not answer, and without documents nothing stands in for it."
    assert (done.provider, len(done.failures), done.answered, done.cited) == ("builtin", 1, False, ())


def test_a_provider_that_only_quotes_makes_no_agent_without_documents(factory: AgentFactory) -> None:
    with pytest.raises(InvalidRequest, match="'builtin' only quotes documents"):
        factory.create_agent(AgentConfig(BUILTIN, documents=False))


async def test_a_model_that_does_not_know_lowers_the_verdict(factory: AgentFactory, server: MockServer) -> None:
    choice = ProviderChoice(ProviderConfig("openai-compatible", server.base_url), "unsure")
    done = await final(factory, AgentConfig(choice))
    await factory.aclose()
    assert not done.answered


async def test_one_configuration_is_one_provider_until_it_is_forgotten(outbound: Outbound) -> None:
    made: list[str] = []

    def note(name: str, provider: Provider) -> Provider:
        made.append(name)
        return provider

    factory = AgentFactory(PROVIDERS, outbound.provider_client, trace=note)
    config = ProviderConfig("openai-compatible", "http://127.0.0.1:9/v1", SecretStr("a"), "m")
    first = factory.provider(config)
    assert factory.provider(ProviderConfig("openai-compatible", "http://127.0.0.1:9/v1", SecretStr("a"), "m")) is first
    assert (
        factory.provider(ProviderConfig("openai-compatible", "http://127.0.0.1:9/v1", SecretStr("b"), "m")) is not first
    )
    await factory.forget(config)
    assert factory.provider(config) is not first
    assert made == ["openai-compatible"] * 3
    await factory.aclose()


async def test_a_chain_without_an_agent_tells_who_answered(factory: AgentFactory) -> None:
    provider = factory.chain(AgentConfig(ProviderChoice(ProviderConfig("echo")), (BUILTIN,)))
    done = (await collect(provider.stream(GenerationRequest("", (Message("user", "Hi"),))))).done
    assert isinstance(done, AnsweredBy)
    assert done.provider == "echo"


def test_unknown_and_unusable_configurations_are_refused_when_the_agent_is_made(factory: AgentFactory) -> None:
    with pytest.raises(UnknownStrategy, match="known"):
        factory.create_agent(AgentConfig(ProviderChoice(ProviderConfig("nobody"))))
    with pytest.raises(InvalidRequest, match="base URL"):
        factory.create_agent(AgentConfig(ProviderChoice(ProviderConfig("openai-compatible"))))


async def test_a_host_that_may_not_be_called_is_refused() -> None:
    strict = AgentFactory(PROVIDERS, Outbound(OutboundPolicy("keys")).provider_client)
    config = AgentConfig(
        ProviderChoice(ProviderConfig("openai-compatible", "http://example.com/v1", default_model="m"))
    )
    with pytest.raises((OutboundRefused, ProviderError), match="NEXUS_OUTBOUND_ALLOW"):
        await final(strict, config)


async def test_settings_that_are_changed_cut_no_answer_off(outbound: Outbound) -> None:
    answering = ScriptedProvider(ANSWER)
    factory = AgentFactory(PROVIDERS, outbound.provider_client, trace=lambda _name, _provider: answering)
    config = ProviderConfig("openai-compatible", "http://127.0.0.1:9/v1")
    stream = factory.provider(config).stream(GenerationRequest("ok", (Message("user", "Hello"),)))
    await anext(stream)
    await factory.forget(config)
    assert not answering.is_closed
    assert isinstance([event async for event in stream][-1], Done)
    assert answering.is_closed
