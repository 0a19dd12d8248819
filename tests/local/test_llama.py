"""The real llama.cpp on real files: a tiny one with random weights, and the packaged sample."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.agents.providers.base import (
    Completion,
    GenerationRequest,
    Message,
    PassageText,
    Provider,
    Sampling,
    TextDelta,
    collect,
)
from backend.agents.providers.local import SERVERS
from backend.agents.providers.local_models.model_files import SAMPLE
from backend.agents.rag import AnswerDone, Retrieval
from backend.agents.spending import Spending
from backend.embeddings.hashing import HashingEmbedder
from backend.errors import ProviderRejected
from backend.faqs.llm import ModelExtractor, most_output
from backend.faqs.pieces import pieces_of
from backend.retrieval.verification import Verifier
from backend.security.outbound import Outbound, OutboundPolicy
from tests.faqs.building import section
from tests.local import tiny_gguf
from tests.support import Api, refused

pytestmark = [pytest.mark.local, pytest.mark.timeout(300)]
PATIENT = Timeouts(first_token=120, idle=120, total=280)
HELLO = (Message("user", "Say hello."),)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
async def local() -> AsyncIterator[Provider]:
    # In `keys` mode no address of this machine is listed; a child of ours needs no permission.
    outbound = Outbound(OutboundPolicy("keys"))
    provider = PROVIDERS.get("local")(ProviderConfig("local", timeouts=PATIENT), outbound.provider_client)
    yield provider
    await provider.aclose()


async def ask(provider: Provider, model: Path | str, **request: object) -> Completion:
    asked = GenerationRequest(str(model), HELLO, sampling=Sampling(0.0, 16), **request)  # type: ignore[arg-type]  # test shorthand
    return await collect(provider.stream(asked))


async def test_any_gguf_file_is_served(local: Provider, tiny: Path) -> None:
    answer = await ask(local, tiny)
    assert answer.done.model == "tiny"
    assert answer.done.usage.input_tokens > 0
    assert 0 < answer.done.usage.output_tokens <= 16


async def test_where_no_temperature_is_chosen_the_same_question_gets_the_same_answer(
    local: Provider, tiny: Path
) -> None:
    asked = GenerationRequest(str(tiny), HELLO, sampling=Sampling(max_tokens=16))
    first, *others = [(await collect(local.stream(asked))).text for _ in range(3)]
    assert others == [first, first]


async def test_two_questions_at_once_share_one_process(local: Provider, tiny: Path) -> None:
    await asyncio.gather(ask(local, tiny), ask(local, tiny))
    first = SERVERS.of(tiny, "", idle=1).pid
    await ask(local, tiny)
    assert SERVERS.of(tiny, "", idle=1).pid == first


async def test_a_gguf_file_that_cannot_be_loaded_is_an_error_within_seconds(local: Provider, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF\x03\x00\x00\x00" + bytes(range(256)) * 16)
    async with asyncio.timeout(60):
        with pytest.raises(ProviderRejected, match=r"cannot load .*broken\.gguf"):
            await ask(local, broken)


async def test_a_truncated_model_is_an_error_too(local: Provider, tiny: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    half.write_bytes(tiny.read_bytes()[:100_000])
    async with asyncio.timeout(60):
        with pytest.raises(ProviderRejected, match="cannot load"):
            await ask(local, half)


async def test_the_sample_streams_words() -> None:
    """One real answer over a passage, through the agent as the product makes it."""
    factory = AgentFactory(PROVIDERS, Outbound(OutboundPolicy()).provider_client)
    config = ProviderConfig("local", default_model=SAMPLE, timeouts=PATIENT)
    spending = Spending()
    agent = factory.create_agent(AgentConfig(ProviderChoice(config), sampling=Sampling(0.0, 48)), spending)
    found = Retrieval((PassageText(1, "Warranty", "The warranty covers repairs for two years."),), True)
    events = [event async for event in agent.answer("How long is the warranty?", (), found)]
    await factory.aclose()
    done = events[-1]
    assert isinstance(done, AnswerDone)
    assert (done.provider, done.model) == ("local", SAMPLE)
    assert len(events) > 3
    assert spending.usage.output_tokens > 3
    assert spending.cost_usd is None


async def test_the_sample_drafts_what_its_section_says(local: Provider) -> None:
    """Without being held to sentences it wrote quotes anew, or came to no end, in each of six sections."""
    text = (
        "No. Every alarm records who acknowledged it, and inspectors rely on that name. Inviting more people costs "
        "nothing on any plan."
    )
    [piece] = pieces_of(section("Can two people share one account?", text))
    drafted = await ModelExtractor(local, SAMPLE, Verifier(HashingEmbedder())).draft(piece)
    assert drafted.drafts
    assert "not_quoted" not in drafted.dropped
    assert drafted.usage.output_tokens < most_output(piece)


async def test_a_stream_closed_early_stops_the_model(local: Provider) -> None:
    long = GenerationRequest(SAMPLE, (Message("user", "Count to one thousand."),), sampling=Sampling(0.0, 2000))
    events = local.stream(long)
    assert isinstance(await anext(events), TextDelta)
    await events.aclose()  # type: ignore[attr-defined]  # an async generator behind the iterator type
    assert (await ask(local, SAMPLE)).text


class City(BaseModel):
    city: str


async def test_structured_output_is_forced_by_a_grammar(local: Provider) -> None:
    request = GenerationRequest(
        SAMPLE, (Message("user", "Name a city in France."),), output_type=City, sampling=Sampling(0.0, 64)
    )
    answer = await collect(local.stream(request))
    assert isinstance(answer.structured, City)


async def test_the_provider_is_ready_and_a_file_is_checked_when_it_is_entered(
    api: Api, tiny: Path, tmp_path: Path
) -> None:
    row = next(one for one in await api.get("/providers") if one["name"] == "local")
    assert (row["state"], row["missing_extra"], row["model"]) == ("ready", None, SAMPLE)
    other = tmp_path / "letter.gguf"
    other.write_text("Dear Sir or Madam")
    problem = refused(await api.client.put("/providers/local", json={"model": str(other)}), 422, "invalid_request")
    assert "is no GGUF file" in problem["detail"]
    assert (await api.client.put("/providers/local", json={"model": str(tiny)})).status_code == 200
    check = await api.post("/providers/local/check")
    assert (check["ok"], check["model"]) == (True, "tiny")
