"""A vendor asked over plain HTTP, without its SDK. What goes wrong is raised as pydantic-ai's models raise it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
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

_ERROR_BODY: Final = 64 * 1024
"""Of a refusal no more is read."""
_LINE: Final = 4 * 1024 * 1024
"""Bytes of the longest line, and of the longest body, that is read."""
_REST: Final = 0.1
"""Seconds for the rest of a body after its last event."""
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


async def sent(http: httpx2.AsyncClient, url: str, body: Mapping[str, Any]) -> httpx2.Response:
    """The response, its body unread. Once more where the server hangs up without a word: it closed a connection that
    had served before."""
    try:
        return await http.send(http.build_request("POST", url, json=body), stream=True)
    except httpx2.RemoteProtocolError:
        return await http.send(http.build_request("POST", url, json=body), stream=True)


async def json_lines(response: httpx2.Response) -> AsyncIterator[object]:
    """What each line holds. Raises `ValueError` for one that is no JSON or has no end."""
    rest = bytearray()
    async for piece in response.aiter_bytes():
        rest += piece
        if b"\n" in piece:
            *lines, rest = rest.split(b"\n")
            for line in filter(bytes.strip, map(bytes, lines)):
                yield json.loads(line)
        if len(rest) > _LINE:
            raise ValueError(f"a line of the answer is longer than {_LINE} bytes")
    if rest.strip():
        yield json.loads(rest)


async def read_out(events: AsyncIterator[object]) -> None:
    """To the end of the body, where it follows at once: a connection that is read to its end serves again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_REST):
            async for _ in events:
                pass


async def json_body(response: httpx2.Response, limit: int = _LINE) -> object:
    """What the body holds; None where it is no JSON or longer than `limit` bytes."""
    raw = bytearray()
    async for piece in response.aiter_bytes():
        raw += piece
        if len(raw) > limit:
            return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


async def error_of(response: httpx2.Response) -> object:
    """The error in the body of a refusal; a bare text becomes its `message`."""
    body = await json_body(response, _ERROR_BODY)
    error = body.get("error", body) if isinstance(body, dict) else body
    return {"message": error} if isinstance(error, str) else error


def refused(
    response: httpx2.Response, error: object, model: str, category: type[ModelAPIError] | None = None
) -> ModelHTTPError:
    """For a status of 400 or more. `category` is what the protocol's own words make of it."""
    status = response.status_code
    return ModelHTTPError.for_category(
        category or category_of(error, status),  # type: ignore[arg-type]  # every category of ours is one that it takes
        status_code=status,
        model_name=model,
        body=error,
        headers=dict(response.headers),
    )


def failed_within(error: object, model: str, status: int, category: type[ModelAPIError] | None = None) -> ModelAPIError:
    """For an error that came within a stream; `status` is what it would have had, 0 where that is not known."""
    if (kind := category or category_of(error, status)) is None:
        return ModelAPIError(model, "an error within the answer", body=error, in_stream=True)
    return ModelHTTPError.for_category(
        kind,  # type: ignore[arg-type]  # as above
        status_code=status,
        model_name=model,
        body=error,
        in_stream=True,
    )


def category_of(error: object, status: int) -> type[ModelAPIError] | None:
    """By the vendor's own word for it, then by the status; None where neither tells."""
    for name in ("code", "type") if isinstance(error, dict) else ():
        said = error.get(name)  # type: ignore[attr-defined]  # a dict where there are names
        if isinstance(said, str) and said in _CODES:
            return _CODES[said]
    return _STATUSES.get(status, ModelServerError if status >= 500 else None)


@contextmanager
def transport_errors(model: str) -> Iterator[None]:
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


def fields_of(value: object) -> dict[str, Any]:
    """Raises `ValueError` for what is no object."""
    if not isinstance(value, dict):
        raise ValueError(f"a part of the answer is {type(value).__name__}")
    return value


def count_of(value: object) -> int:
    """Tokens; 0 for what is no number."""
    return value if isinstance(value, int) else 0
