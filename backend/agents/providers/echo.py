"""A provider that repeats the question: for tests, demos and trying out a page without a model."""

import re
from collections.abc import AsyncIterator

from backend.agents.providers.base import Capabilities, Done, Event, GenerationRequest, TextDelta, Usage
from backend.agents.providers.config import question_of

_WORD_AND_SPACE = re.compile(r"\s*\S+\s*|\s+")


class EchoProvider:
    """Streams the last message back word by word. Counts words as tokens."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        words = _WORD_AND_SPACE.findall(question_of(request))
        said = words[: request.sampling.max_tokens]
        for word in said:
            yield TextDelta(word)
        given = sum(len(message.content.split()) for message in request.messages)
        yield Done(Usage(given, len(said)), "stop" if said == words else "length", request.model or "echo")

    async def aclose(self) -> None:
        return None
