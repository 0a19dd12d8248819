"""The ASGI application around the pages: `python -m streamlit run frontend/app.py`."""

from pathlib import Path
from typing import Final

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.config import read_config
from frontend.session_cookie import OwnPagesOnly, session_route
from frontend.sign_ins import sign_ins

POLICY: Final = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "style-src 'self' 'unsafe-inline'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "connect-src 'self' ws: wss: data: blob:",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
    ]
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
CLOSED: Final = ("/_stcore/metrics", "/_stcore/agent")


class Guard:
    """Closes the paths that tell strangers about sessions, and sends the headers that keep pages to themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_closed(scope["path"]):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def _is_closed(path: str) -> bool:
    trimmed = path.rstrip("/")
    return any(trimmed == closed or trimmed.startswith(f"{closed}/") for closed in CLOSED)


signs_in: Final = read_config().needs_sign_in
# `streamlit run` looks for this very form, `app = st.App(...)`, in the source.
app = st.App(
    Path(__file__).parent / "Home.py",
    middleware=[Middleware(Guard), *([Middleware(OwnPagesOnly)] if signs_in else [])],
    routes=[session_route(sign_ins())] if signs_in else [],
)
