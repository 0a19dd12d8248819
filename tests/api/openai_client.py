"""OpenAI's official client, in the process of the app and over loopback; and the shape of an error, read raw."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2
import openai
from fastapi import FastAPI

from backend.openai_errors import speaks_openai
from tests import support
from tests.support import Api


def client_of(app: FastAPI, token: str, *, max_retries: int = 0) -> openai.AsyncOpenAI:
    """The caller closes it."""
    http = openai.DefaultAsyncHttpxClient(transport=httpx2.ASGITransport(app, raise_app_exceptions=False))
    return openai.AsyncOpenAI(api_key=token, base_url="http://nexus/v1", http_client=http, max_retries=max_retries)


def token_of(api: Api) -> str:
    return api.client.headers["authorization"].removeprefix("Bearer ")


@contextmanager
def connected(url: str, token: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=token, base_url=f"{url}/v1", max_retries=0) as client:
        yield client


def refused(answer: httpx.Response, status: int, code: str, *, param: str | None = None) -> str:
    """The message of an error, after a look at everything that every error under `/v1` has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    assert answer.headers["x-should-retry"] in ("true", "false")
    body: dict[str, Any] = answer.json()
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param), error
    assert error["type"]
    assert error["message"]
    return str(error["message"])


def refused_at(path: str, answer: httpx.Response, status: int, code: str) -> None:
    """As the address says it."""
    if speaks_openai(path):
        refused(answer, status, {"unauthenticated": "invalid_api_key"}.get(code, code))
    else:
        support.refused(answer, status, code)
