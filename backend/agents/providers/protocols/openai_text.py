"""Answers that are only text, from servers that speak OpenAI's chat completions, read without an SDK.

Of the work for a streamed word this leaves an eighth: what three hundred streams at once need. Whatever has tools or an
output type goes by the SDK and pydantic-ai, and so does OpenAI itself, whose models differ in what they accept.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
)

from backend.agents.providers.base import Done, Event, FinishReason, GenerationRequest, Message, TextDelta, Usage
from backend.agents.providers.pace import Heard
from backend.agents.providers.vendor_errors import broken_off

_ERROR_BODY: Final = 64 * 1024
"""Of a refusal no more is read."""
_END: Final = "[DONE]"
_REST: Final = 0.1
"""Seconds for the rest of a body after its last event."""
_THINKING: Final = ("<think>", "</think>")
"""Servers that do not tell a model's reasoning from its answer send these as words of their own."""
_FINISH: Final[Mapping[str, FinishReason]] = {
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_CODES: Final[Mapping[str, type[ModelAPIError]]] = {
    "insufficient_quota": ModelQuotaExceededError,
    "billing_hard_limit_reached": ModelQuotaExceededError,
    "context_length_exceeded": ModelContextWindowExceededError,
    "model_not_found": ModelNotFoundError,
    "invalid_api_key": ModelAuthenticationError,
    "rate_limit_exceeded": ModelRateLimitError,
    "rate_limit_error": ModelRateLimitError,
    "overloaded": ModelUnavailableError,
    "service_unavailable": ModelUnavailableError,
    "server_error": ModelServerError,
}
_STATUSES: Final[Mapping[int, type[ModelAPIError]]] = {
    400: ModelRequestRejectedError,
    401: ModelAuthenticationError,
    402: ModelQuotaExceededError,
    403: ModelAuthenticationError,
    404: ModelNotFoundError,
    422: ModelRequestRejectedError,
    429: ModelRateLimitError,
    503: ModelUnavailableError,
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
        with _transport_errors(request.model):
            async with aclosing(await self._sent(url, _body(request, messages, self.stop))) as response:
                if response.status_code >= 400:
                    raise await _refusal(response, request.model)
                events = aiter(httpx2.EventSource(response))
                async for event in events:
                    if event.data == _END:
                        await _read_out(events)
                        break
                    yield reading.read(json.loads(event.data))
        if reading.finish is None:
            raise broken_off(self.vendor, request.model, said=reading.said)
        yield Done(reading.usage, reading.finish, reading.model)

    async def _sent(self, url: str, body: dict[str, Any]) -> httpx2.Response:
        """Once more where the server hangs up without a word: it closed a connection that had served before."""
        try:
            return await self.http.send(self.http.build_request("POST", url, json=body), stream=True)
        except httpx2.RemoteProtocolError:
            return await self.http.send(self.http.build_request("POST", url, json=body), stream=True)


@dataclass(slots=True)
class _Reading:
    """What the chunks of one answer said so far. Nothing is taken for granted about their shape."""

    model: str
    said: bool = False
    finish: FinishReason | None = None
    usage: Usage = field(default_factory=Usage)
    is_thinking: bool = False

    def read(self, chunk: object) -> TextDelta | Heard:
        """Raises `ModelAPIError` for an error within the stream and `ValueError` for what is no chunk."""
        if not isinstance(chunk, dict):
            raise ValueError(f"a chunk of the answer is {type(chunk).__name__}")
        if chunk.get("error"):
            raise _failure(chunk["error"], self.model)
        if isinstance(name := chunk.get("model"), str) and name:
            self.model = name
        if isinstance(usage := chunk.get("usage"), dict):
            self.usage = Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
        choices = chunk.get("choices") or ()
        return self._said(_fields(choices[0])) if choices else Heard()

    def _said(self, choice: dict[str, Any]) -> TextDelta | Heard:
        reason, delta = choice.get("finish_reason"), _fields(choice.get("delta") or {})
        if delta.get("refusal"):
            self.finish = "content_filter"
        elif reason and self.finish is None:
            self.finish = _FINISH.get(reason, "stop")
        text = _text(delta.get("content"))
        if text in _THINKING:
            self.is_thinking = text == _THINKING[0]
            return Heard()
        if not text or self.is_thinking:
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


async def _read_out(events: AsyncIterator[object]) -> None:
    """To the end of the body, where it follows at once: a connection that is read to its end serves again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_REST):
            async for _ in events:
                pass


async def _refusal(response: httpx2.Response, model: str) -> ModelHTTPError:
    raw = bytearray()
    async for piece in response.aiter_bytes():
        raw += piece
        if len(raw) > _ERROR_BODY:
            break
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    body = body.get("error", body) if isinstance(body, dict) else body
    status = response.status_code
    return ModelHTTPError.for_category(
        _category(body, status),  # type: ignore[arg-type]  # every category of ours is one that it takes
        status_code=status,
        model_name=model,
        body=body,
        headers=dict(response.headers),
    )


def _failure(error: object, model: str) -> ModelAPIError:
    """An error that came within a stream: gateways put the status that it would have had in `code`."""
    code = error.get("code") if isinstance(error, dict) else None
    status = int(code) if isinstance(code, int | str) and str(code).isdigit() else 0
    if (category := _category(error, status)) is None:
        return ModelAPIError(model, "an error within the answer", body=error, in_stream=True)
    return ModelHTTPError.for_category(
        category,  # type: ignore[arg-type]  # as above
        status_code=status,
        model_name=model,
        body=error,
        in_stream=True,
    )


def _category(error: object, status: int) -> type[ModelAPIError] | None:
    """By the vendor's own word for it, then by the status; None where neither tells."""
    for name in ("code", "type") if isinstance(error, dict) else ():
        said = error.get(name)  # type: ignore[attr-defined]  # a dict where there are names
        if isinstance(said, str) and said in _CODES:
            return _CODES[said]
    return _STATUSES.get(status, ModelServerError if status >= 500 else None)


@contextmanager
def _transport_errors(model: str) -> Iterator[None]:
    try:
        yield
    except httpx2.ConnectTimeout as exc:
        raise ModelTimeoutError(model, str(exc), phase="connect") from exc
    except httpx2.TimeoutException as exc:
        raise ModelTimeoutError(model, str(exc)) from exc
    except httpx2.ConnectError as exc:
        raise ModelConnectionError(model, str(exc), phase="connect") from exc
    except (httpx2.ReadError, httpx2.RemoteProtocolError) as exc:
        raise ModelConnectionError(model, str(exc), phase="read") from exc
    except httpx2.SSEError as exc:
        raise ModelAPIError(model, str(exc)) from exc
    except httpx2.TransportError as exc:
        raise ModelConnectionError(model, str(exc)) from exc
    except httpx2.HTTPError as exc:
        raise ModelAPIError(model, str(exc)) from exc


def _fields(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"a part of the answer is {type(value).__name__}")
    return value


def _text(content: object) -> str:
    """Some servers send a list of parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
