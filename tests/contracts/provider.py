"""What every model provider does, whatever is behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from backend.agents.providers.base import (
    Done,
    Event,
    GenerationRequest,
    Message,
    PassageText,
    Provider,
    TextDelta,
    collect,
)
from backend.agents.providers.streams import close, closing
from backend.errors import InvalidRequest

PASSAGES = (
    PassageText(1, "Signing in", "Open the sign-in page and enter your e-mail address. A code is sent to you."),
    PassageText(2, "Invoices", "Invoices are sent on the first working day of each month."),
)


def asking(
    question: str, *, passages: tuple[PassageText, ...] = PASSAGES, history: tuple[Message, ...] = ()
) -> GenerationRequest:
    return GenerationRequest("ok", (*history, Message("user", question)), passages)


async def events_of(events: AsyncIterator[Event]) -> list[Event]:
    async with closing(events) as open_events:
        return [event async for event in open_events]


class ProviderContract:
    """Inherit it and give the fixture `make_provider`."""

    @pytest.fixture
    def make_provider(self) -> Callable[[], Provider]:
        raise NotImplementedError("a provider's contract test gives this fixture")

    async def test_a_stream_ends_with_exactly_one_done(self, make_provider: Callable[[], Provider]) -> None:
        provider = make_provider()
        events = await events_of(provider.stream(asking("When are invoices sent?")))
        await provider.aclose()
        assert isinstance(events[-1], Done)
        assert sum(isinstance(event, Done) for event in events) == 1

    async def test_done_names_a_model_and_counts_tokens(self, make_provider: Callable[[], Provider]) -> None:
        """One that only quotes takes no tokens."""
        provider = make_provider()
        done = (await collect(provider.stream(asking("When are invoices sent?")))).done
        await provider.aclose()
        assert done.model
        assert done.finish_reason == "stop"
        assert (done.usage.output_tokens > 0) is provider.capabilities.generates

    async def test_the_deltas_are_the_text_in_pieces(self, make_provider: Callable[[], Provider]) -> None:
        provider = make_provider()
        events = await events_of(provider.stream(asking("When are invoices sent each month?")))
        whole = await collect(provider.stream(asking("When are invoices sent each month?")))
        await provider.aclose()
        deltas = [event.text for event in events if isinstance(event, TextDelta)]
        assert "".join(deltas) == whole.text
        assert len(deltas) > 1
        assert all(deltas)

    async def test_a_stream_closed_early_leaves_the_provider_usable(
        self, make_provider: Callable[[], Provider]
    ) -> None:
        provider = make_provider()
        events = provider.stream(asking("When are invoices sent?"))
        assert await anext(events)
        await close(events)
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        assert (await collect(provider.stream(asking("When are invoices sent?")))).text
        await provider.aclose()

    async def test_a_stream_that_was_never_read_closes(self, make_provider: Callable[[], Provider]) -> None:
        provider = make_provider()
        await close(provider.stream(asking("When are invoices sent?")))
        await provider.aclose()

    async def test_concurrent_streams_do_not_mix(self, make_provider: Callable[[], Provider]) -> None:
        provider = make_provider()
        passages = [(PassageText(1, f"Room {n}", f"Room {n} has {n} chairs and a table."),) for n in range(8)]
        answers = await asyncio.gather(
            *(collect(provider.stream(asking(f"What is in room {n}?", passages=passages[n]))) for n in range(8))
        )
        await provider.aclose()
        for n, answer in enumerate(answers):
            assert f"room {n}" in answer.text.lower()

    def test_one_provider_serves_several_event_loops_in_turn(self, make_provider: Callable[[], Provider]) -> None:
        provider = make_provider()

        async def once() -> str:
            try:
                return (await collect(provider.stream(asking("When are invoices sent?")))).text
            finally:
                await provider.aclose()

        assert len({asyncio.run(once()) for _ in range(3)}) == 1

    @pytest.mark.parametrize("word", ["Überweisung", "発票は毎月送られます", "счёт-фактура", "🧾🚀", "e\u0301toile"])
    async def test_any_script_comes_through_unharmed(self, make_provider: Callable[[], Provider], word: str) -> None:
        provider = make_provider()
        passages = (PassageText(1, word, f"{word} {word} is sent."),)
        answer = await collect(provider.stream(asking(f"What about {word}?", passages=passages)))
        await provider.aclose()
        assert word in answer.text

    async def test_history_is_optional_and_accepted(self, make_provider: Callable[[], Provider]) -> None:
        provider = make_provider()
        history = (Message("system", "Be brief."), Message("user", "Hello"), Message("assistant", "Hello!"))
        assert (await collect(provider.stream(asking("When are invoices sent?")))).text
        assert (await collect(provider.stream(asking("When are invoices sent?", history=history)))).text
        await provider.aclose()

    async def test_a_request_without_messages_is_refused(self, make_provider: Callable[[], Provider]) -> None:
        provider = make_provider()
        with pytest.raises(InvalidRequest, match="no messages"):
            await collect(provider.stream(GenerationRequest("ok", ())))
        await provider.aclose()

    async def test_closing_twice_is_harmless_and_a_later_stream_works(
        self, make_provider: Callable[[], Provider]
    ) -> None:
        provider = make_provider()
        await provider.aclose()
        await provider.aclose()
        assert (await collect(provider.stream(asking("When are invoices sent?")))).text
        await provider.aclose()
        await provider.aclose()
