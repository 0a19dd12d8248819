"""Answers that are only text, from servers that speak OpenAI's chat completions, read without an SDK.

Of the work for a streamed word this leaves an eighth: what three hundred streams at once need. Whatever has tools or an
output type goes by the SDK and pydantic-ai, and so does OpenAI itself, whose models differ in what they accept.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
from pydantic_ai.exceptions import ModelAPIError

from backend.agents.providers.base import Done, Event, FinishReason, GenerationRequest, Message, TextDelta, Usage
from backend.agents.providers.pace import Heard
from backend.agents.providers.protocols.plain_http import (
    count_of,
    error_of,
    failed_within,
    fields_of,
    read_out,
    refused,
    sent,
    transport_errors,
)
from backend.agents.providers.protocols.thoughts import Thoughts
from backend.agents.providers.vendor_errors import broken_off

_END: Final = "[DONE]"
_FINISH: Final[Mapping[str, FinishReason]] = {
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


@dataclass(frozen=True, slots=True)
class OpenAIText:
    """`vendor` is named in errors. `base_url` ends before `/chat/completions`, an answer before a text of `stop`."""

    vendor: str
    base_url: str
    http: httpx2.AsyncClient
    stop: tuple[str, ...] = ()

    async def stream(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event | Heard]:
        """Text deltas, `Heard` for what is none, then `Done`.

        Raises pydantic-ai's errors as its models do, and `ProviderError` for an answer that has no end.
        """
        url = f"{self.base_url.rstrip('/')}/chat/completions"
        reading = _Reading(request.model)
        with transport_errors(request.model):
            async with aclosing(await sent(self.http, url, _body(request, messages, self.stop))) as response:
                if response.status_code >= 400:
                    raise refused(response, await error_of(response), request.model)
                events = aiter(httpx2.EventSource(response))
                async for event in events:
                    if event.data == _END:
                        await read_out(events)
                        break
                    yield reading.read(json.loads(event.data))
        if reading.finish is None:
            raise broken_off(self.vendor, request.model, said=reading.said)
        yield Done(reading.usage, reading.finish, reading.model)


@dataclass(slots=True)
class _Reading:
    """What the chunks of one answer said so far. Nothing is taken for granted about their shape."""

    model: str
    said: bool = False
    finish: FinishReason | None = None
    usage: Usage = field(default_factory=Usage)
    thoughts: Thoughts = field(default_factory=Thoughts)

    def read(self, chunk: object) -> TextDelta | Heard:
        """Raises `ModelAPIError` for an error within the stream and `ValueError` for what is no chunk."""
        if not isinstance(chunk, dict):
            raise ValueError(f"a chunk of the answer is {type(chunk).__name__}")
        if chunk.get("error"):
            raise _failure(chunk["error"], self.model)
        if isinstance(name := chunk.get("model"), str) and name:
            self.model = name
        if isinstance(usage := chunk.get("usage"), dict):
            self.usage = Usage(count_of(usage.get("prompt_tokens")), count_of(usage.get("completion_tokens")))
        choices = chunk.get("choices") or ()
        return self._said(fields_of(choices[0])) if choices else Heard()

    def _said(self, choice: dict[str, Any]) -> TextDelta | Heard:
        reason, delta = choice.get("finish_reason"), fields_of(choice.get("delta") or {})
        if delta.get("refusal"):
            self.finish = "content_filter"
        elif reason and self.finish is None:
            self.finish = _FINISH.get(reason, "stop")
        text = self.thoughts.without(_text(delta.get("content")))
        if not text:
            return Heard()
        self.said = True
        return TextDelta(text)


def _body(request: GenerationRequest, messages: Sequence[Message], stop: tuple[str, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.sampling.temperature is not None:
        body["temperature"] = request.sampling.temperature
    if request.sampling.max_tokens is not None:
        body["max_tokens"] = request.sampling.max_tokens
    if stop:
        body["stop"] = stop
    return body


def _text(content: object) -> str:
    """Some servers send a list of parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _failure(error: object, model: str) -> ModelAPIError:
    """Gateways put the status that it would have had in `code`."""
    code = error.get("code") if isinstance(error, dict) else None
    return failed_within(error, model, int(code) if isinstance(code, int | str) and str(code).isdigit() else 0)
