"""Stop sequences: an answer ends before the first of them, however it is cut into pieces."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import (
    Completion,
    Done,
    GenerationRequest,
    Message,
    Sampling,
    TextDelta,
    Usage,
    collect,
)
from backend.agents.providers.stops import StopFilter, StoppingProvider
from tests.agents.conftest import Connect
from tests.agents.scripted import ScriptedProvider, Step
from tests.mock_openai import MockServer

END = Done(Usage(10, 5), "length", "scripted-1")


def asking(*stop: str) -> GenerationRequest:
    return GenerationRequest("m", (Message("user", "Hi"),), sampling=Sampling(stop=stop))


async def ask(provider: ScriptedProvider, *stop: str) -> Completion:
    return await collect(StoppingProvider(provider).stream(asking(*stop)))


def says(*texts: str) -> ScriptedProvider:
    steps: list[Step] = [*map(TextDelta, texts), END]
    return ScriptedProvider(steps)


@given(
    st.lists(st.text("abc", max_size=4), max_size=8),
    st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4),
)
@example(["ab"], ["abc", "b"])
@example(["a", "b", "c"], ["b", "abc"])
@example(["ab", "x"], ["abc", "b"])
def test_the_cut_is_before_the_first_sequence_however_the_text_is_cut_into_deltas(
    deltas: list[str], stop: list[str]
) -> None:
    text = "".join(deltas)
    found = [at for one in stop if (at := text.find(one)) >= 0]
    kept = StopFilter(stop)
    pieces = [*map(kept.feed, deltas), kept.finish()]
    assert "".join(pieces) == text[: min(found, default=len(text))]
    assert kept.has_stopped is bool(found)
    for before in itertools.accumulate(pieces):
        assert not any(one in before for one in stop)


async def test_a_provider_is_left_at_the_first_sequence_and_the_answer_ends_as_by_itself() -> None:
    provider = says("One. E", "ND", " Two.")
    answer = await ask(provider, "END", "Three")
    assert (answer.text, answer.done.finish_reason, answer.done.model) == ("One. END", "stop", "m")
    assert provider.closed == 1


@pytest.mark.parametrize("stop", [(), ("END",), ("Three", "END.")])
async def test_a_provider_that_says_no_sequence_is_heard_to_its_end_as_it_speaks(stop: tuple[str, ...]) -> None:
    said: list[Step] = [TextDelta("One. E", is_quoted=True), TextDelta("N", is_quoted=True), END]
    events = [event async for event in StoppingProvider(ScriptedProvider(said)).stream(asking(*stop))]
    assert events == said


@pytest.mark.parametrize(
    ("vendor", "path"),
    [
        ("anthropic", ("stop_sequences",)),
        ("gemini", ("generationConfig", "stopSequences")),
        ("mistral", ("stop",)),
    ],
)
async def test_a_vendor_that_takes_them_is_sent_those_that_have_a_word(
    connect: Connect, server: MockServer, path: tuple[str, ...]
) -> None:
    provider = connect()
    await collect(provider.stream(asking("END", "\n\n")))
    await provider.aclose()
    found: object = server.app.requests[-1].body
    for name in path:
        assert isinstance(found, dict)
        found = found[name]
    assert found == ["END"]


@pytest.mark.parametrize("vendor", ["openai", "openai-compatible", "ollama"])
async def test_a_vendor_with_models_that_refuse_them_or_stop_in_their_thoughts_is_not_sent_any(
    connect: Connect, server: MockServer, vendor: str
) -> None:
    assert not PROVIDERS.vendors[vendor].takes_stop
    provider = connect()
    await collect(provider.stream(asking("END")))
    await provider.aclose()
    assert "END" not in str(server.app.requests[-1].body)
