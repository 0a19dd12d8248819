"""Ollama's own protocol: `POST /api/chat`, answered by a line of JSON for each piece.

Its server has an API like OpenAI's, too, which cannot say how much of a prompt is read.
https://github.com/ollama/ollama/blob/main/docs/api.md; `truncate` and `shift` are in `api/types.go` there.
"""

import json
import shlex
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx2
from pydantic_ai.exceptions import ModelAPIError, ModelContextWindowExceededError

from backend.agents.providers.base import (
    Done,
    Event,
    FinishReason,
    GenerationRequest,
    Message,
    TextDelta,
    ToolCall,
    Usage,
)
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.pace import Heard
from backend.agents.providers.protocols.base import Chat, KeyHeader
from backend.agents.providers.protocols.ollama_context import ANSWER, CONTEXTS, ContextSizes
from backend.agents.providers.protocols.plain_http import (
    count_of,
    error_of,
    failed_within,
    fields_of,
    json_body,
    json_lines,
    read_out,
    refused,
    sent,
    transport_errors,
)
from backend.agents.providers.protocols.thoughts import Thoughts
from backend.agents.providers.streams import closing
from backend.agents.providers.vendor_errors import broken_off, vendor_errors
from backend.agents.tokens import tokens_in
from backend.errors import ProviderBadAnswer, ProviderRejected

_LISTED: Final = 8
"""Models that an error names."""


class OllamaProtocol:
    """Ollama asks for no key; one is sent to whatever stands before it."""

    key_header = KeyHeader()

    def __init__(self, contexts: ContextSizes = CONTEXTS) -> None:
        self._contexts = contexts

    def chat(self, endpoint: Endpoint, http: httpx2.AsyncClient) -> Chat:
        return OllamaChat(endpoint, http, self._contexts)


class OllamaChat:
    """The `Chat` of one server. Its address may end in the `/v1` of the API that is like OpenAI's."""

    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, contexts: ContextSizes) -> None:
        self._vendor = endpoint.vendor.name
        self._key = endpoint.key
        self._api = f"{endpoint.root('/v1', '/api')}/api"
        self._http = http
        self._contexts = contexts

    async def stream(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event | Heard]:
        with vendor_errors(self._vendor, request.model, self._key), transport_errors(request.model):
            async with closing(self._events(request, messages)) as events:
                async for event in events:
                    yield event

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _events(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event | Heard]:
        reading = _Reading(request.model)
        body = _body(request, messages)
        body["options"]["num_ctx"] = await self._contexts.of(
            self._api, request.model, _tokens(request, body), self._trained
        )
        async with aclosing(await sent(self._http, f"{self._api}/chat", body)) as response:
            if response.status_code >= 400:
                raise await self._refusal(response, request.model)
            async with closing(json_lines(response)) as lines:
                async for line in lines:
                    for event in reading.read(line):
                        yield event
                    if reading.finish is not None:
                        await read_out(lines)
                        break
        if reading.finish is None:
            raise broken_off(self._vendor, request.model, said=reading.said)
        yield Done(reading.usage, reading.finish, reading.model)

    async def _refusal(self, response: httpx2.Response, model: str) -> Exception:
        error = await error_of(response)
        said = _said_in(error)
        if response.status_code == 404 and "model" in said and "not found" in said:
            return await self._not_pulled(model)
        return refused(response, error, model, _category(said))

    async def _not_pulled(self, model: str) -> ProviderRejected:
        names = await self._pulled()
        known = f"; it has {names[:_LISTED]}{' and others' if len(names) > _LISTED else ''}" if names else ""
        return ProviderRejected(
            f"{self._vendor!r} has no model {model!r}: check the model's name, or run "
            f"`ollama pull {shlex.quote(model)}` where Ollama runs{known}"
        )

    async def _pulled(self) -> list[str]:
        """The models that the server has; none where it does not tell."""
        try:
            asked = self._http.build_request("GET", f"{self._api}/tags")
            listed = await _told(await self._http.send(asked, stream=True))
        except httpx2.HTTPError:
            return []
        rows = listed.get("models")
        names = [row.get("name") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return [name for name in names if isinstance(name, str)]

    async def _trained(self, model: str) -> int | None:
        shown = await _told(await sent(self._http, f"{self._api}/show", {"model": model}))
        about = fields_of(shown.get("model_info") or {})
        size = about.get(f"{about.get('general.architecture')}.context_length")
        return size if isinstance(size, int) and size > 0 else None


async def _told(response: httpx2.Response) -> Mapping[str, Any]:
    """What the server knows of its models; nothing where it refuses to tell."""
    async with aclosing(response):
        told = await json_body(response) if response.status_code == 200 else None
    return told if isinstance(told, dict) else {}


@dataclass(slots=True)
class _Reading:
    """What the lines of one answer said so far. Nothing is taken for granted about their shape."""

    model: str
    said: bool = False
    finish: FinishReason | None = None
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    thoughts: Thoughts = field(default_factory=Thoughts)

    def read(self, line: object) -> Sequence[Event | Heard]:
        """Raises `ModelAPIError` for an error within the stream and `ValueError` for what is no line of an answer."""
        row = fields_of(line)
        if error := row.get("error"):
            error = {"message": error} if isinstance(error, str) else error
            raise failed_within(error, self.model, 500, _category(_said_in(error)))
        if isinstance(name := row.get("model"), str) and name:
            self.model = name
        events = list(self._events(fields_of(row.get("message") or {})))
        self.said = self.said or bool(events)
        if row.get("done"):
            self.usage = Usage(count_of(row.get("prompt_eval_count")), count_of(row.get("eval_count")))
            ended: FinishReason = "length" if row.get("done_reason") == "length" else "stop"
            self.finish = "tool_calls" if self.calls else ended
        return events or (Heard(),)

    def _events(self, message: Mapping[str, Any]) -> Iterator[Event]:
        content = message.get("content")
        if text := self.thoughts.without(content) if isinstance(content, str) else "":
            yield TextDelta(text)
        for call in message.get("tool_calls") or ():
            yield self._call(fields_of(call))

    def _call(self, call: Mapping[str, Any]) -> ToolCall:
        """Earlier servers give a call no id."""
        function = fields_of(call.get("function"))
        name, arguments = str(function.get("name")), function.get("arguments")
        if not isinstance(arguments, dict):
            raise ProviderBadAnswer(f"the arguments of the tool call {name!r} are no JSON object")
        self.calls += 1
        return ToolCall(str(call.get("id") or f"call_{uuid4().hex}"), name, arguments)


def _body(request: GenerationRequest, messages: Sequence[Message]) -> dict[str, Any]:
    """`truncate` and `shift`: what does not fit is an error or ends the answer; nothing is left out without a word."""
    options: dict[str, Any] = {}
    if request.sampling.temperature is not None:
        options["temperature"] = request.sampling.temperature
    if request.sampling.max_tokens is not None:
        options["num_predict"] = request.sampling.max_tokens
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message, names) for message in messages],
        "stream": True,
        "truncate": False,
        "shift": False,
        "options": options,
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
            }
            for tool in request.tools
        ]
    if request.output_type is not None:
        body["format"] = request.output_type.model_json_schema()
        body["messages"] = _told_the_schema(body["messages"], body["format"])
    return body


def _message(message: Message, tool_names: Mapping[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        return {**said, "tool_name": tool_names.get(call_id, "tool"), "tool_call_id": call_id}
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": call.id, "function": {"name": call.name, "arguments": dict(call.arguments)}}
            for call in message.tool_calls
        ]
    return said


def _told_the_schema(messages: Sequence[dict[str, Any]], schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`format` only bounds what can be said: the model reads neither the names of the fields nor what they mean."""
    told = f"Answer with a JSON object of this schema:\n{json.dumps(schema, ensure_ascii=False)}"
    if messages[0]["role"] == "system":
        first = {**messages[0], "content": f"{messages[0]['content']}\n\n{told}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": told}, *messages]


def _tokens(request: GenerationRequest, body: Mapping[str, Any]) -> int:
    """Of the prompt, rather too many than too few, and of the answer."""
    prompt = json.dumps([body["messages"], body.get("tools")], ensure_ascii=False)
    return tokens_in(prompt) + (request.sampling.max_tokens or ANSWER)


def _said_in(error: object) -> str:
    said = error.get("message") if isinstance(error, dict) else None
    return said if isinstance(said, str) else ""


def _category(said: str) -> type[ModelAPIError] | None:
    """What only the words tell: Ollama has no codes."""
    return ModelContextWindowExceededError if "context" in said and "exceed" in said else None
