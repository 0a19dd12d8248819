import json
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from backend.middleware import BodyLimitMiddleware, BodyTooLarge

LIMIT = 10


async def reader(_scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body and answers how long it was."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def call(*chunks: bytes, path: str = "/", length: str | None = None, kind: str = "http") -> tuple[list[Any], int]:
    """(messages sent, chunks received)"""
    waiting, sent, received = list(chunks), [], 0

    async def receive() -> Any:
        nonlocal received
        received += 1
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [] if length is None else [(b"content-length", length.encode())]
    app = BodyLimitMiddleware(reader, LIMIT, {"/big": 100})
    await app({"type": kind, "path": path, "headers": headers}, receive, send)
    return sent, received


async def test_a_body_within_the_limit_passes() -> None:
    sent, _ = await call(b"12345", b"67890", length="10")
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"10")


@pytest.mark.fault("A3")
async def test_an_honest_length_over_the_limit_is_answered_unread_and_the_connection_closed() -> None:
    sent, received = await call(b"x" * 11, length="11")
    assert (sent[0]["status"], received) == (413, 0)
    headers = dict(sent[0]["headers"])
    assert headers[b"connection"] == b"close"
    assert headers[b"content-type"] == b"application/problem+json"
    assert json.loads(sent[1]["body"])["code"] == "body_too_large"


@pytest.mark.fault("A4")
async def test_a_body_without_a_length_is_cut_at_the_first_byte_too_many() -> None:
    with pytest.raises(BodyTooLarge):
        await call(b"12345", b"67890", b"1", b"never read")


@pytest.mark.parametrize("length", ["5", "-1", "ten", "", "1e9", "٣"])
async def test_a_length_that_lies_does_not_help(length: str) -> None:
    with pytest.raises(BodyTooLarge):
        await call(b"x" * 11, length=length)


async def test_a_path_may_have_its_own_limit() -> None:
    sent, _ = await call(b"x" * 100, path="/big", length="100")
    assert sent[0]["status"] == 200
    sent, _ = await call(b"x" * 101, path="/big", length="101")
    assert sent[0]["status"] == 413


async def test_what_is_no_request_passes_untouched() -> None:
    sent, _ = await call(b"x" * 11, kind="lifespan")
    assert sent[1]["body"] == b"11"
