"""The calls that the typed client is made of: sent as one person, parsed into a type, failures as `ApiError`."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID, uuid4

import httpx
from httpx_sse import EventSource, connect_sse
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.chat import CLIENT_HEADER, PAGES
from contracts.problem import Problem
from frontend.api_problems import ApiError, Translated, problem_of

A = TypeVar("A")
Params = Mapping[str, str | float | UUID | Sequence[str] | None]


class UploadFile(Protocol):
    """A file the browser sent: what is read is passed on in pieces, never as a whole."""

    name: str
    type: str
    size: int

    def read(self, size: int = -1, /) -> bytes: ...


class Calls:
    """Requests of one person (`token`)."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}", CLIENT_HEADER: PAGES}

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = self._headers | options.pop("headers", {})
        with Translated():
            response = self._http.request(method, path, headers=headers, **options)
        if not response.is_success:
            raise ApiError(problem_of(response))
        return response

    def _get(self, kind: type[A], path: str, params: Params | None = None) -> A:
        return parse(kind, self._send("GET", path, params=clean(params or {})))

    def _write(self, method: str, kind: type[A], path: str, body: BaseModel | None = None) -> A:
        edits = method == "PATCH"  # whose nulls remove
        sent = body.model_dump(mode="json", exclude_none=not edits, exclude_unset=edits) if body else None
        return parse(kind, self._send(method, path, json=sent))

    def _start(self, kind: type[A], path: str, body: BaseModel | None = None) -> A:
        sent = body.model_dump(mode="json", exclude_none=True) if body is not None else None
        return parse(kind, self._send("POST", path, json=sent, headers={"Idempotency-Key": str(uuid4())}))

    @contextmanager
    def _events(self, path: str, body: BaseModel) -> Generator[EventSource]:
        """The events of a POST. The connection is the stream's own: hanging up reaches no other."""
        sent = body.model_dump(mode="json", exclude_none=True)
        headers = {**self._headers, "Connection": "close"}
        waits = httpx.Timeout(120, connect=3)
        with (
            Translated(),
            connect_sse(self._http, "POST", path, json=sent, headers=headers, timeout=waits) as source,
        ):
            if not source.response.is_success:
                raise ApiError(problem_of(source.response))
            yield source


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def clean(params: Params) -> dict[str, str | list[str]]:
    given = {name: value for name, value in params.items() if value not in (None, "")}
    return {name: list(value) if isinstance(value, tuple) else str(value) for name, value in given.items()}


def parse(kind: type[A], response: httpx.Response) -> A:
    """An answer that does not fit its type means API and pages have different versions."""
    try:
        return cast(A, _adapter(cast(Any, kind)).validate_json(response.content))
    except ValidationError as error:
        detail = f"The answer of {response.request.url.path} does not fit. Restart AI Nexus so that its parts match."
        raise ApiError(
            Problem(title="API and pages do not match", status=response.status_code, detail=detail, code="mismatch"),
        ) from error
