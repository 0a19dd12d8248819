"""An OpenAI-compatible server for tests and demos. The model's name chooses how it behaves.

Run it by hand: `python -m tests.mock_openai --port 9100`, base URL `http://127.0.0.1:9100/v1`.

ok (and any other name)  answers from the passages in the prompt, citing them
badcite                  also cites a passage that does not exist
unsure                   says that the passages do not answer
slow, drip, hang         waits first; sends words for ever; never answers
flaky                    two 503, then an answer
429, 429-seconds, 429-date, 429-hour, 429-garbage   with that kind of Retry-After
status-400, status-503, ...                         that status; `leak-401` repeats the key in its text
cut, garbage, garbage-sse                           breaks off; no JSON; no readable events
badjson, badjson-twice   structured output that is wrong once, or always
"""

import argparse
import asyncio
import json
import math
import re
import socket
import sys
import threading
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Self

import uvicorn

Json = dict[str, object]
Receive = Callable[[], Awaitable[MutableMapping[str, object]]]
Send = Callable[[MutableMapping[str, object]], Awaitable[None]]

MODELS = ("ok", "badcite", "unsure", "slow", "drip", "hang", "flaky", "429", "cut", "garbage", "badjson")
UNSURE = "I could not find this in the documents."
_PASSAGE = re.compile(r'<passage n="(\d+)" title="([^"]*)">\n(.*?)\n</passage>', re.DOTALL)
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|\Z)|\Z)", re.DOTALL)
_RETRY_AFTER: Mapping[str, Callable[[], str]] = {
    "429": lambda: "0",
    "429-seconds": lambda: "1",
    "429-date": lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True),
    "429-hour": lambda: "3600",
    "429-garbage": lambda: "soon",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    path: str
    headers: Mapping[str, str]
    body: Json

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))


class _Failure(Exception):
    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


@dataclass(slots=True)
class MockOpenAI:
    """The ASGI app. `requests` and `disconnects` tell what reached it; `disconnected` is set at the first hang-up."""

    slow_seconds: float = 2.0
    drip_seconds: float = 0.02
    delta_seconds: float = 0.0
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
                self.disconnects.append(request.model)
                self.disconnected.set()
        finally:
            for task in (work, hang_up):
                task.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await task

    async def _answer(self, request: Recorded, send: Send) -> None:
        try:
            if request.path.endswith("/models"):
                rows = [{"id": name, "object": "model", "created": 1, "owned_by": "mock"} for name in MODELS]
                await _send_json(send, {"object": "list", "data": rows})
            elif request.path.endswith("/embeddings"):
                await _send_json(send, _embeddings(request))
            elif request.path.endswith("/chat/completions"):
                await self._complete(request, send)
            else:
                raise _Failure(404, f"no route {request.path!r}")
        except _Failure as failure:
            error: Json = {"error": {"message": failure.message, "type": "mock_error", "code": None}}
            await _send_json(send, error, failure.status, failure.headers)

    async def _complete(self, request: Recorded, send: Send) -> None:
        mode = request.model
        self._calls[mode] += 1
        self._fail(request, mode)
        if mode == "hang":
            await asyncio.Event().wait()
        if mode == "slow":
            await asyncio.sleep(self.slow_seconds)
        if mode == "garbage":
            await _send_body(send, b"<html>It works!</html>", "text/html")
        elif request.body.get("stream"):
            await self._stream(request, send)
        else:
            await _send_json(send, _completion(mode, _text_for(request)))

    def _fail(self, request: Recorded, mode: str) -> None:
        if mode == "flaky" and self._calls[mode] % 3:
            raise _Failure(503, "the mock is overloaded")
        if mode in _RETRY_AFTER:
            raise _Failure(429, "too many requests", (("retry-after", _RETRY_AFTER[mode]()),))
        if mode.startswith("status-"):
            raise _Failure(int(mode.removeprefix("status-")), f"the mock answers {mode}")
        if mode == "leak-401":
            key = request.headers.get("authorization", "").removeprefix("Bearer ")
            raise _Failure(401, f"Incorrect API key provided: {key}. It starts with {key[:6]}***.")

    async def _stream(self, request: Recorded, send: Send) -> None:
        mode = request.model
        await send(_start(200, (("content-type", "text/event-stream"),)))
        if mode == "garbage-sse":
            await send(_part(b"data: {not json\n\ndata: [DONE]\n\n", more=False))
            return
        async for delta in self._deltas(request):
            await send(_part(_event(_chunk(mode, delta))))
        if mode == "cut":
            raise ConnectionResetError("the mock breaks off")
        reason = "tool_calls" if "tool_calls" in _final_delta(request) else "stop"
        await send(_part(_event(_chunk(mode, _final_delta(request), reason))))
        usage = {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19}
        await send(_part(_event({**_chunk(mode, {}), "choices": [], "usage": usage})))
        await send(_part(b"data: [DONE]\n\n", more=False))

    async def _deltas(self, request: Recorded) -> AsyncIterator[Json]:
        while request.model == "drip":
            yield {"content": "drip "}
            await asyncio.sleep(self.drip_seconds)
        text = _text_for(request)
        # Seven characters: citation marks fall across two deltas.
        for start in range(0, len(text), 7):
            if self.delta_seconds:
                await asyncio.sleep(self.delta_seconds)
            yield {"content": text[start : start + 7]}
            if request.model == "cut" and start > len(text) // 3:
                return


class MockServer:
    """Runs an app on a loopback port in a thread. `app` may be replaced: old requests go on in the old one."""

    def __init__(self, app: MockOpenAI | None = None, port: int = 0) -> None:
        self.app = app or MockOpenAI()
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
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

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
    return Recorded(str(scope["path"]), headers, payload)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _text_for(request: Recorded) -> str:
    schema = _schema(request)
    if schema is not None:
        return _structured(request, schema)
    if request.body.get("tools"):
        return ""
    if request.model == "unsure":
        return UNSURE
    prompt = _last_user_text(request)
    question = prompt.rpartition("Question: ")[2]
    passages = _PASSAGE.findall(prompt)
    if not passages:
        return f"You asked: {question}"
    n, _, text = max(passages, key=lambda passage: len(_words(question) & _words(f"{passage[1]} {passage[2]}")))
    sentence = _SENTENCE.match(" ".join(text.split()))
    answer = f"{sentence.group() if sentence else text} [{n}]"
    return f"{answer} The moon is made of cheese [{len(passages) + 40}]." if request.model == "badcite" else answer


def _structured(request: Recorded, schema: Json) -> str:
    is_repair = "not valid" in _last_user_text(request)
    if request.model == "badjson-twice" or (request.model == "badjson" and not is_repair):
        return 'Here it is: {"wrong": true}'
    return json.dumps(_instance(schema, schema))


def _schema(request: Recorded) -> Json | None:
    form = request.body.get("response_format")
    wrapper = form.get("json_schema") if isinstance(form, dict) else None
    schema = wrapper.get("schema") if isinstance(wrapper, dict) else None
    return schema if isinstance(schema, dict) else None


def _instance(schema: Json, root: Json) -> object:
    """The simplest value that fits a JSON schema."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        definitions = root["$defs"]
        assert isinstance(definitions, dict)
        return _instance(definitions[name], root)
    for choice in ("anyOf", "allOf"):
        options = schema.get(choice)
        if isinstance(options, list):
            return _instance(options[0], root)
    values = schema.get("enum")
    if isinstance(values, list):
        return values[0]
    properties = schema.get("properties")
    if isinstance(properties, dict):
        return {name: _instance(each, root) for name, each in properties.items()}
    simple: Mapping[str, object] = {"integer": 1, "number": 0.5, "boolean": True, "array": [], "object": {}}
    return simple.get(str(schema.get("type")), "mock text")


def _final_delta(request: Recorded) -> Json:
    tools = request.body.get("tools")
    if not isinstance(tools, list):
        return {}
    function = tools[0]["function"]
    arguments = json.dumps(_instance(function["parameters"], function["parameters"]))
    call = {"index": 0, "id": "call_1", "type": "function"}
    return {"tool_calls": [{**call, "function": {"name": function["name"], "arguments": arguments}}]}


def _last_user_text(request: Recorded) -> str:
    messages = request.body.get("messages")
    assert isinstance(messages, list)
    texts = [message["content"] for message in messages if message["role"] == "user"]
    last = texts[-1] if texts else ""
    return last if isinstance(last, str) else "".join(part.get("text", "") for part in last)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}


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


def _completion(model: str, text: str) -> Json:
    message = {"role": "assistant", "content": text, "refusal": None}
    usage = {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {
        "id": "mock",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


def _chunk(model: str, delta: Json, finish_reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish_reason}
    return {"id": "mock", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}


def _event(payload: Json) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


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


def main() -> None:
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server that answers from the given passages.")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--delta-seconds", type=float, default=0.03, help="pause between two deltas")
    options = parser.parse_args()
    sys.stdout.write(f"http://127.0.0.1:{options.port}/v1  models: {', '.join(MODELS)}\n")
    app = MockOpenAI(delta_seconds=options.delta_seconds)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", lifespan="off", ws="none")


if __name__ == "__main__":
    main()
