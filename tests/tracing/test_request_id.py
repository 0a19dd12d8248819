import asyncio
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from backend.tracing.context import request_id
from backend.tracing.request_id import RequestIdMiddleware


async def show(request: Request) -> PlainTextResponse:
    await asyncio.sleep(0)
    return PlainTextResponse(f"{request_id.get()} {request.state.request_id}")


def client() -> httpx.AsyncClient:
    app = RequestIdMiddleware(Starlette(routes=[Route("/", show)]))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://nexus")


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64])
async def test_a_sane_id_of_the_caller_is_kept_everywhere(given: str) -> None:
    async with client() as http:
        answer = await http.get("/", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given
    assert answer.text == f"{given} {given}"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "é".encode(), b"\xff\xfe", "a;b", '{"a":1}', "a\u202e"])
async def test_any_other_id_is_replaced(given: str | bytes) -> None:
    raw = given.encode() if isinstance(given, str) else given
    async with client() as http:
        answer = await http.get("/", headers=[(b"X-Request-ID", raw)])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.text.split() == [answer.headers["x-request-id"]] * 2


async def test_ids_are_new_for_each_request_and_end_with_it() -> None:
    async with client() as http:
        answers = await asyncio.gather(*(http.get("/") for _ in range(20)))
        await http.get("/")
    assert len({answer.headers["x-request-id"] for answer in answers}) == 20
    assert request_id.get() is None


async def test_an_unknown_path_has_an_id_too() -> None:
    async with client() as http:
        answer = await http.get("/nowhere")
    assert answer.status_code == 404
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
