"""A folder with a Hugging Face model as a server, in the child: three routes of OpenAI's API, for whoever has the key.

Only what transformers' own server does for chats: what else it has (other models, other routes) cannot be reached.
"""

import hmac
import socket
import threading
from dataclasses import dataclass
from uuid import uuid4

import torch
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.agents.providers.local_models.child import threads
from backend.agents.providers.local_models.transformers_chat import Chat, Refused, loaded


def serve(folder: str, name: str, key: str) -> tuple[str, object]:
    """Its URL and what must live as long, once the model is loaded. Ends the process, with the reason in one line, for
    a model that transformers cannot load."""
    torch.set_num_threads(threads())
    try:
        chat = loaded(folder, name)
    except Exception as exc:
        raise SystemExit(f"{type(exc).__name__}: {' '.join(str(exc).split())}"[:200]) from exc
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(chat, name, key), log_level="error", lifespan="off"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}", server


def app(chat: Chat, name: str, key: str) -> Starlette:
    async def completions(request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError as exc:
            raise HTTPException(400, f"the body is no JSON ({exc})") from exc
        if not isinstance(body, dict):
            raise HTTPException(400, f"the body is a {type(body).__name__}, no JSON object")
        answer: Response = await chat.handle_request(body, f"chatcmpl-{uuid4().hex}")
        return answer

    async def models(_request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model", "owned_by": "local"}]})

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", models),
            Route("/v1/chat/completions", completions, methods=["POST"]),
        ],
        middleware=[Middleware(Guarded, key=key)],
        exception_handlers={HTTPException: _told},
    )


@dataclass(frozen=True, slots=True)
class Guarded:
    """Refuses with 401 whoever lacks the key, but for the check of health."""

    app: ASGIApp
    key: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if scope["path"] == "/health" or hmac.compare_digest(given, f"Bearer {self.key}".encode()):
            await self.app(scope, receive, send)
        else:
            await _error(401, "the key is missing or wrong")(scope, receive, send)


async def _told(_request: Request, exc: Exception) -> Response:
    """As OpenAI's API tells errors."""
    assert isinstance(exc, HTTPException)
    return _error(exc.status_code, str(exc.detail), exc.code if isinstance(exc, Refused) else None)


def _error(status: int, message: str, code: str | None = None) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "code": code}}, status)
