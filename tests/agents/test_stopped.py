"""An answer up to a stop sequence: its text, its marks and why it ended."""

from collections.abc import AsyncIterator

from backend.agents.rag import AgentEvent, AnswerDone, AnswerToken
from backend.agents.stopped import up_to_stop


async def said(*texts: str, cited: tuple[int, ...] = ()) -> AsyncIterator[AgentEvent]:
    for text in texts:
        yield AnswerToken(text)
    yield AnswerDone("".join(texts), cited, True, model="m", provider="p", finish_reason="length")


async def cut(events: AsyncIterator[AgentEvent], *stop: str) -> tuple[str, AnswerDone]:
    """The tokens joined, and how it ended."""
    *tokens, done = [event async for event in up_to_stop(events, stop)]
    assert isinstance(done, AnswerDone)
    return "".join(token.text for token in tokens if isinstance(token, AnswerToken)), done


async def test_an_answer_that_is_cut_cites_what_is_marked_before_the_cut() -> None:
    text, done = await cut(said("Under it [2", "]. E", "ND In the well [1].", cited=(2, 1)), "END")
    assert text == done.text == "Under it [2]. "
    assert (done.cited, done.finish_reason, done.answered) == ((2,), "stop", True)


async def test_an_answer_without_a_sequence_stays_as_it_is() -> None:
    text, done = await cut(said("Under it [2", "]. E", "N", cited=(2,)), "END")
    assert text == done.text == "Under it [2]. EN"
    assert (done.cited, done.finish_reason) == ((2,), "length")
