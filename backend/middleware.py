"""A bound on request bodies, answered as a problem.

Starlette has one too, but it answers an honest Content-Length with text/plain, whatever the application says.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import NexusError
from backend.problems import problem_of, refusal


class BodyTooLarge(NexusError):
    code, status, title = "body_too_large", 413, "The request is too large"


class BodyLimitMiddleware:
    """At most `limit` bytes, or what `larger` says for a path. An honest length is refused unread."""

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            answer = refusal(scope["path"], problem_of(_too_large(limit)), {"Connection": "close"})
            await answer(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"a request to this address has at most {limit} bytes")
