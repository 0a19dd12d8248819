"""The mock's ASGI app, and a thread that serves it on a loopback port."""

import asyncio
import json
import math
import re
import socket
import threading
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Self

import uvicorn

from tests.mock_llm.anthropic import Anthropic
from tests.mock_llm.asked import Asked, Dialect, Failure, Json, Recorded
from tests.mock_llm.gemini import Gemini
from tests.mock_llm.ollama import Ollama
from tests.mock_llm.openai import Mistral, OpenAI
from tests.mock_llm.speech import call_for, text_for

Receive = Callable[[], Awaitable[MutableMapping[str, object]]]
Send = Callable[[MutableMapping[str, object]], Awaitable[None]]

MODELS = ("ok", "badcite", "unsure", "slow", "drip", "hang", "flaky", "429", "cut", "garbage", "badjson")
_OPENAI = OpenAI()
_OLLAMA = Ollama()
DIALECTS: tuple[Dialect, ...] = (Mistral(), _OLLAMA, _OPENAI, Anthropic(), Gemini())
_RETRY_AFTER: Mapping[str, Callable[[], str]] = {
    "": lambda: "0",
    "seconds": lambda: "1",
    "date": lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True),
    "hour": lambda: "3600",
    "garbage": lambda: "soon",
}


@dataclass(slots=True)
class MockLlm:
    """The ASGI app. `requests` and `disconnects` tell what reached it; `disconnected` is set at the first hang-up.

    `is_down` answers everything with 503.
    """

    slow_seconds: float = 2.0
    drip_seconds: float = 0.02
    delta_seconds: float = 0.0
    thoughts: int = 20
    thought_seconds: float = 0.1
    is_down: bool = False
    requests: list[Recorded] = field(default_factory=list)
    disconnects: list[str] = field(default_factory=list)
    disconnected: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    _calls: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        self.requests.append(request)
        self.started.set()
        work = asyncio.ensure_future(self._answer(request, send))
        hang_up = asyncio.ensure_future(_disconnect(receive))
        try:
            await asyncio.wait((work, hang_up), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self.disconnects.append(self.requests[-1].model)
                self.disconnected.set()
        finally:
            for task in (work, hang_up):
                task.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await task

    async def _answer(self, request: Recorded, send: Send) -> None:
        dialect = next((each for each in DIALECTS if each.speaks(request.path)), _OPENAI)
        try:
            if request.path.endswith("/models"):
                rows = [{"id": name, "object": "model", "created": 1, "owned_by": "mock"} for name in MODELS]
                await _send_json(send, {"object": "list", "data": rows})
            elif (told := _OLLAMA.tells(request.path, MODELS)) is not None:
                await _send_json(send, told)
            elif request.path.endswith("/embeddings"):
                await self._embed(dialect, request, send)
            elif dialect.speaks(request.path):
                await self._complete(dialect, request, send)
            else:
                raise Failure(404, f"no route {request.path!r}")
        except Failure as failure:
            if failure.status < 400:
                await _send_body(send, b"<html>Moved</html>", "text/html", failure.status)
                return
            await _send_json(send, dialect.error(failure), failure.status, failure.headers)

    async def _complete(self, dialect: Dialect, request: Recorded, send: Send) -> None:
        asked = dialect.asked(request)
        self.requests[self.requests.index(request)] = replace(request, model=asked.model)
        self._calls[asked.mode] += 1
        self._fail(dialect, request, asked.mode)
        if asked.mode == "hang":
            await asyncio.Event().wait()
        if asked.mode == "slow":
            await asyncio.sleep(self.slow_seconds)
        if asked.mode == "garbage":
            await _send_body(send, b"<html>It works!</html>", "text/html")
        elif asked.stream:
            await self._stream(dialect, asked, send)
        else:
            await _send_json(send, _OPENAI.completion(asked.model, text_for(asked)))

    async def _embed(self, dialect: Dialect, request: Recorded, send: Send) -> None:
        self._calls[request.model] += 1
        self._fail(dialect, request, request.model)
        if request.model.startswith("slow"):
            await asyncio.sleep(self.slow_seconds)
        if request.model == "garbage":
            await _send_body(send, b"<html>It works!</html>", "text/html")
        else:
            await _send_json(send, _embeddings(request))

    def _fail(self, dialect: Dialect, request: Recorded, mode: str) -> None:
        if self.is_down:
            raise Failure(503, "the mock is down")
        name, _, status = mode.partition("-")
        if name == "flaky" and self._calls[mode] % 3:
            raise Failure(int(status or 503), "the mock is overloaded")
        if name in ("429", "503"):
            raise Failure(int(name), "too many requests", (("retry-after", _RETRY_AFTER[status]()),))
        if name == "status":
            raise Failure(int(status), f"the mock answers {mode}")
        if mode == "leak-401":
            key = dialect.key(request.headers)
            raise Failure(401, f"Incorrect API key provided: {key}. It starts with {key[:6]}***.")

    async def _stream(self, dialect: Dialect, asked: Asked, send: Send) -> None:
        await send(_start(200, (("content-type", dialect.media_type),)))
        if asked.mode == "garbage-sse":
            await send(_part(dialect.frame("{not json") + dialect.frame("[DONE]"), more=False))
            return
        if asked.mode == "other-schema":
            surprise = '{"type": "surprise", "choices": 3, "candidates": "none"}'
            await send(_part(dialect.frame(surprise), more=False))
            return
        await send(_part(dialect.begin(asked)))
        for _ in range(self.thoughts if asked.mode == "think" else 0):
            await send(_part(dialect.thought(asked)))
            await asyncio.sleep(self.thought_seconds)
        async for text in self._deltas(asked):
            await send(_part(dialect.delta(asked, text)))
        if asked.mode == "cut":
            raise ConnectionResetError("the mock breaks off")
        if asked.mode != "cut-clean":
            for frame in dialect.end(asked, call_for(asked)):
                await send(_part(frame))
        await send(_part(b"", more=False))

    async def _deltas(self, asked: Asked) -> AsyncIterator[str]:
        while asked.mode == "drip":
            yield "drip "
            await asyncio.sleep(self.drip_seconds)
        text = text_for(asked)
        # Seven characters: citation marks fall across two deltas.
        for start in range(0, len(text), 7):
            if self.delta_seconds:
                await asyncio.sleep(self.delta_seconds)
            yield text[start : start + 7]
            if asked.mode.startswith("cut") and start > len(text) // 3:
                return


class MockServer:
    """Runs an app on a loopback port in a thread. `app` may be replaced: old requests go on in the old one."""

    def __init__(self, app: MockLlm | None = None, port: int = 0) -> None:
        self.app = app or MockLlm()
        # asyncio turns Nagle's delay off only where the protocol is named; `create_server` leaves it at 0.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(128)
        config = uvicorn.Config(
            self._dispatch,
            log_level="critical",
            lifespan="off",
            ws="none",
            interface="asgi3",
            timeout_graceful_shutdown=1,
            access_log=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def base_url(self) -> str:
        """Where the chat completions are; `url_of` knows the others."""
        return f"{self.root}/v1"

    def url_of(self, vendor: str) -> str:
        """The base URL under which the mock speaks that vendor's protocol."""
        own = {
            "anthropic": self.root,
            "gemini": self.root,
            "mistral": f"{self.root}/mistral",
            "ollama": f"{self.root}/ollama",
        }
        return own.get(vendor, self.base_url)

    async def _dispatch(self, scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


async def _read(scope: MutableMapping[str, object], receive: Receive) -> Recorded:
    parts: list[bytes] = []
    while True:
        message = await receive()
        body = message.get("body", b"")
        assert isinstance(body, bytes)
        parts.append(body)
        if not message.get("more_body"):
            break
    raw = scope["headers"]
    assert isinstance(raw, list)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    payload = json.loads(b"".join(parts) or b"{}")
    return Recorded(str(scope["path"]), headers, payload, str(payload.get("model", "")), scope.get("client"))


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _embeddings(request: Recorded) -> Json:
    """Hashed bags of words of unit length; a model named `embed-768` gives that many dimensions."""
    given = request.body.get("input")
    texts = given if isinstance(given, list) else [given]
    size = int(found[1]) if (found := re.search(r"-(\d+)\Z", request.model)) else 8
    rows = [{"object": "embedding", "index": i, "embedding": _vector(str(t), size)} for i, t in enumerate(texts)]
    return {
        "object": "list",
        "model": request.model,
        "data": rows,
        "usage": {"prompt_tokens": len(rows), "total_tokens": len(rows)},
    }


def _vector(text: str, size: int) -> list[float]:
    counts = [0.0] * size
    for word in re.findall(r"\w+", text.casefold()) or [""]:
        counts[zlib.crc32(word.encode()) % size] += 1.0
    norm = math.sqrt(sum(value * value for value in counts))
    return [value / norm for value in counts]


def _start(status: int, headers: tuple[tuple[str, str], ...]) -> Json:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": raw}


def _part(body: bytes, *, more: bool = True) -> Json:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _send_body(
    send: Send, body: bytes, media_type: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> None:
    await send(_start(status, (("content-type", media_type), ("content-length", str(len(body))), *headers)))
    await send(_part(body, more=False))


async def _send_json(send: Send, payload: Json, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> None:
    await _send_body(send, json.dumps(payload).encode(), "application/json", status, headers)
