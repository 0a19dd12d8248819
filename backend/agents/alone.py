"""The agent that answers from what its model learnt, without a document."""

from collections.abc import AsyncIterator, Sequence

from backend.agents.citations import CitationFilter
from backend.agents.providers.base import Done, GenerationRequest, Message, Provider, TextDelta
from backend.agents.providers.streams import closing
from backend.agents.rag import AgentEvent, AnswerDone, AnswerToken, RagSettings, Retrieval, who_answered
from backend.agents.texts import says_not_found


class AloneAgent:
    """Asks as the model was trained to be asked: the instructions, if there are any, and the question."""

    def __init__(self, provider: Provider, settings: RagSettings) -> None:
        self._provider = provider
        self._settings = settings

    async def answer(
        self, question: str, history: Sequence[Message], _found: Retrieval | None = None
    ) -> AsyncIterator[AgentEvent]:
        """Tokens, then `AnswerDone`. Marks of sources go: there are none. Raises `ProviderError`."""
        marks, said = CitationFilter(()), ""
        async with closing(self._provider.stream(self._request(question, history))) as events:
            async for event in events:
                text = ""
                if isinstance(event, TextDelta):
                    text = marks.feed(event.text)
                elif isinstance(event, Done):
                    text = marks.finish()
                said += text
                if text:
                    yield AnswerToken(text)
                if isinstance(event, Done):
                    yield self._done(event, said)

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

    def _done(self, done: Done, said: str) -> AnswerDone:
        provider, failures = who_answered(done, self._settings, said)
        return AnswerDone(
            text=said,
            cited=(),
            answered=not says_not_found(said),
            model=done.model,
            provider=provider,
            failures=failures,
            finish_reason=done.finish_reason,
        )
