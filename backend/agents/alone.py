"""The agent that answers from what its model learnt, without a document."""

from collections.abc import AsyncIterator, Sequence

from backend.agents.citations import CitationFilter
from backend.agents.providers.base import Done, GenerationRequest, Message, Provider, TextDelta
from backend.agents.providers.streams import closing
from backend.agents.rag import AgentEvent, AnswerDone, AnswerToken, RagSettings, Retrieval, who_answered
from backend.agents.texts import NOT_ANSWERED, says_not_found


class AloneAgent:
    """Asks as the model was trained to be asked: the instructions, if there are any, and the question."""

    def __init__(self, provider: Provider, settings: RagSettings) -> None:
        self._provider = provider
        self._settings = settings

    async def answer(
        self, question: str, history: Sequence[Message], _found: Retrieval | None = None
    ) -> AsyncIterator[AgentEvent]:
        """Tokens, then `AnswerDone`. Marks of sources go: there are none. Raises `ProviderError`.

        What stands in by quoting has nothing to quote: its words, which are of documents, are not said.
        """
        marks, said, is_quoted = CitationFilter(()), "", False
        async with closing(self._provider.stream(self._request(question, history))) as events:
            async for event in events:
                text = ""
                if isinstance(event, TextDelta):
                    is_quoted = is_quoted or event.is_quoted
                    text = "" if event.is_quoted else marks.feed(event.text)
                elif isinstance(event, Done):
                    text = NOT_ANSWERED if is_quoted else marks.finish()
                said += text
                if text:
                    yield AnswerToken(text)
                if isinstance(event, Done):
                    yield self._done(event, said, is_answer=not is_quoted)

    def _request(self, question: str, history: Sequence[Message]) -> GenerationRequest:
        settings = self._settings
        instructions = settings.instructions.strip()
        system = [Message("system", instructions)] if instructions else []
        kept = history[-settings.history :] if settings.history else []
        return GenerationRequest(
            model=settings.model,
            messages=(*system, *kept, Message("user", question)),
            sampling=settings.sampling,
        )

    def _done(self, done: Done, said: str, *, is_answer: bool) -> AnswerDone:
        provider, failures = who_answered(done, self._settings, said)
        return AnswerDone(
            text=said,
            cited=(),
            answered=is_answer and not says_not_found(said),
            model=done.model,
            provider=provider,
            failures=failures,
            finish_reason=done.finish_reason,
        )
