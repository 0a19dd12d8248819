"""The agent that answers from retrieved passages and cites them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from backend.agents.citations import CitationFilter
from backend.agents.cited import CitationCheck, CitedAnswer, SupportsClaims
from backend.agents.prompts.rag import SYSTEM_PROMPT
from backend.agents.providers import builtin
from backend.agents.providers.base import (
    Done,
    FinishReason,
    GenerationRequest,
    Message,
    PassageText,
    Provider,
    Sampling,
    TextDelta,
)
from backend.agents.providers.retry import AnsweredBy, Failure
from backend.agents.providers.streams import closing
from backend.agents.texts import NOT_FOUND, says_not_found
from backend.errors import ProviderBadAnswer


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What the search found, best first. `answerable` is the verdict of `retrieval/answerability.py`."""

    passages: tuple[PassageText, ...]
    answerable: bool


@dataclass(frozen=True, slots=True)
class AnswerToken:
    text: str


@dataclass(frozen=True, slots=True)
class AnswerDone:
    """The last event. `text` is the tokens joined; `cited` are passage numbers in order of their first mark.

    `failures` are the providers that were asked before the one that answered.
    """

    text: str
    cited: tuple[int, ...]
    answered: bool
    model: str
    provider: str
    failures: tuple[Failure, ...] = ()
    finish_reason: FinishReason = "stop"
    checks: tuple[CitationCheck, ...] = ()


AgentEvent = AnswerToken | AnswerDone


class Agent(Protocol):
    """Answers one question at a time; keeps no state between them."""

    def answer(self, question: str, history: Sequence[Message], found: Retrieval, /) -> AsyncIterator[AgentEvent]:
        """Tokens, then `AnswerDone`. Raises `ProviderError`."""
        ...


@dataclass(frozen=True, slots=True)
class RagSettings:
    """`provider` and `model` name who is asked first. `history` is how many earlier messages the model sees."""

    provider: str
    model: str
    instructions: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    history: int = 12


class RagAgent:
    """The citations of a provider that writes its own words are verified, not those of one that quotes, whether it is
    asked first or stands in for another.
    """

    def __init__(self, provider: Provider, settings: RagSettings, verifier: SupportsClaims | None = None) -> None:
        self._provider = provider
        self._settings = settings
        self._verifier = verifier

    async def answer(
        self, question: str, history: Sequence[Message], retrieval: Retrieval
    ) -> AsyncIterator[AgentEvent]:
        """Tokens, then `AnswerDone`. Raises `ProviderError`.

        Asks no provider when the passages do not answer: those words are the product's own, and signed as built-in.
        """
        if not retrieval.answerable or not retrieval.passages:
            yield AnswerToken(NOT_FOUND)
            yield AnswerDone(NOT_FOUND, (), False, model=builtin.MODEL, provider=builtin.NAME)
            return
        answer = CitedAnswer(retrieval.passages, self._verifier)
        async with closing(self._provider.stream(self._request(question, history, retrieval))) as events:
            async for event in events:
                text = ""
                if isinstance(event, TextDelta):
                    if event.is_quoted:
                        answer.trust()
                    text = await answer.feed(event.text)
                elif isinstance(event, Done):
                    text = await answer.finish()
                if text:
                    yield AnswerToken(text)
                if isinstance(event, Done):
                    yield self._done(event, answer)

    def _request(self, question: str, history: Sequence[Message], retrieval: Retrieval) -> GenerationRequest:
        system = "\n\n".join(part for part in (SYSTEM_PROMPT, self._settings.instructions.strip()) if part)
        earlier = [_as_history(message) for message in history if message.role in ("user", "assistant")]
        kept = earlier[-self._settings.history :] if self._settings.history else []
        return GenerationRequest(
            model=self._settings.model,
            messages=(Message("system", system), *kept, Message("user", question)),
            passages=retrieval.passages,
            sampling=self._settings.sampling,
        )

    def _done(self, done: Done, answer: CitedAnswer) -> AnswerDone:
        provider, failures = who_answered(done, self._settings, answer.text)
        return AnswerDone(
            text=answer.text,
            cited=answer.cited,
            answered=not says_not_found(answer.text) and not answer.is_refuted,
            model=done.model,
            provider=provider,
            failures=failures,
            finish_reason=done.finish_reason,
            checks=tuple(answer.checks),
        )


def who_answered(done: Done, settings: RagSettings, said: str) -> tuple[str, tuple[Failure, ...]]:
    """The provider, and those that failed before it. Raises `ProviderBadAnswer` where nothing was said, unless a stop
    sequence may have been what came first."""
    provider, failures = settings.provider, tuple[Failure, ...]()
    if isinstance(done, AnsweredBy):
        provider, failures = done.provider, done.failures
    if not said.strip() and not settings.sampling.stop:
        raise ProviderBadAnswer(f"{provider!r} (model {done.model!r}) ended without a word; ask again")
    return provider, failures


def _as_history(message: Message) -> Message:
    """An earlier answer without its marks: their numbers meant other passages."""
    if message.role == "user":
        return message
    marks = CitationFilter(())
    return Message("assistant", marks.feed(message.content) + marks.finish())
