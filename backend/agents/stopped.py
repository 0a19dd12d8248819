"""An agent's answer up to a stop sequence, in the words that are shown."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from backend.agents.citations import CitationFilter
from backend.agents.providers.stops import StopFilter
from backend.agents.providers.streams import closing
from backend.agents.rag import AgentEvent, AnswerDone, AnswerToken


async def up_to_stop(events: AsyncIterator[AgentEvent], stop: Sequence[str]) -> AsyncIterator[AgentEvent]:
    """The same events without what follows the first of the sequences, be it in the words of a provider or of the
    product. An answer that was cut cites what is marked before the cut."""
    kept, said = StopFilter(stop), ""
    async with closing(events):
        async for event in events:
            text = kept.feed(event.text) if isinstance(event, AnswerToken) else kept.finish()
            said += text
            if text:
                yield AnswerToken(text)
            if isinstance(event, AnswerDone):
                yield _cut(event, said) if kept.has_stopped else event


def _cut(done: AnswerDone, said: str) -> AnswerDone:
    marks = CitationFilter(done.cited)
    marks.feed(said)
    marks.finish()
    return replace(done, text=said, cited=marks.cited, finish_reason="stop")
