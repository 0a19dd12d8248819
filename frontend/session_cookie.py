"""The cookie that carries a sign-in: the route that sets and ends it, and the guard of the websocket that reads it.

A page cannot set a cookie: what it sends comes over a websocket. So it gets a ticket, good once and for a minute,
and a script of ours exchanges it here. The key never takes this way, and the id never is where scripts can read it.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from frontend.sign_ins import COOKIE, SignIns

PATH: Final = "/session"
TICKET: Final = "X-Nexus-Ticket"
_PORTS: Final = {"http": 80, "https": 443}


def session_route(sign_ins: SignIns) -> Route:
    """`POST /session`: 204 and the cookie for a ticket; 403 from another site's page, 410 for a ticket that is over."""

    async def exchange(request: Request) -> Response:
        if not is_own_page(request.headers, needs_origin=True):
            return PlainTextResponse("Only a page of AI Nexus may ask for this.", status_code=403)
        sign_in = sign_ins.redeem(request.headers.get(TICKET, ""))
        if sign_in is None:
            return PlainTextResponse("This ticket is used or too old: sign in again.", status_code=410)
        before = request.cookies.get(COOKIE, "")
        if before != sign_in:
            # One sign-in a browser: one that no tab's "Sign out" reaches any more must not stay.
            sign_ins.end(before)
        return _with_cookie(Response(status_code=204, headers={"Cache-Control": "no-store"}), request, sign_in)

    return Route(PATH, exchange, methods=["POST"])


def _with_cookie(response: Response, request: Request, sign_in: str) -> Response:
    """A cookie of the browser's session; with "" it ends. `Secure` where the browser itself came by https."""
    is_secure = "https" in (request.url.scheme, urlsplit(request.headers["origin"]).scheme)
    response.set_cookie(
        COOKIE, sign_in, max_age=None if sign_in else 0, path="/", secure=is_secure, httponly=True, samesite="strict"
    )
    return response


class OwnPagesOnly:
    """Takes the cookie from a websocket that a page of another origin opens.

    A browser sends it to every port of this host (RFC 6265, 8.5), and `SameSite` counts those as one site.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not is_own_page(Headers(scope=scope)):
            scope = {**scope, "headers": list(_without_cookies(scope["headers"]))}
        await self._app(scope, receive, send)


def _without_cookies(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    return (header for header in headers if header[0].lower() != b"cookie")


def is_own_page(headers: Headers, *, needs_origin: bool = False) -> bool:
    """Whether the browser says that the page asking is of the origin asked. Programs that are no browser say nothing.

    The scheme is not compared: behind a proxy that ends https the request itself came by http.
    """
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return not needs_origin
    try:
        return _is_same_host(urlsplit(origin), urlsplit(f"//{headers.get('host', '')}"))
    except ValueError:
        return False


def _is_same_host(origin: SplitResult, host: SplitResult) -> bool:
    """A `Host` without a port says nothing of it: a proxy may have left it out."""
    port = origin.port or _PORTS.get(origin.scheme)
    return bool(origin.hostname) and origin.hostname == host.hostname and host.port in (None, port)
