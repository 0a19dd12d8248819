"""Every error of the API is a problem with a stable code and the id that finds it in the log."""

import json
import logging
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from backend import errors
from backend.db.models import Collection
from backend.errors import (
    BudgetExhausted,
    DatabaseBusy,
    NexusError,
    ProviderPaused,
    ProviderRateLimited,
    TooManyRequests,
)
from backend.problems import internal_problem, problem_of
from backend.settings import Settings
from tests.support import Api, client_of, refused, streamed


def every_error() -> list[type[NexusError]]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NexusError)]
    return sorted(kinds, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", every_error())
def test_every_error_has_a_code_a_status_and_a_title_of_its_own(kind: type[NexusError]) -> None:
    waits = kind in (BudgetExhausted, ProviderPaused, TooManyRequests)
    problem = problem_of(kind("the tea is cold; make another", *([5.0] if waits else [])))
    assert problem.code == kind.code
    assert problem.code.isidentifier()
    assert problem.code == problem.code.lower()
    assert 400 <= problem.status < 600
    assert problem.title
    assert problem.detail == "the tea is cold; make another"


def test_two_errors_never_share_a_code_unless_they_inherit_it() -> None:
    by_code: dict[str, type[NexusError]] = {}
    for kind in every_error():
        owner = next(each for each in kind.__mro__ if "code" in vars(each))
        assert by_code.setdefault(kind.code, owner) is owner, (kind, owner)


def test_what_nobody_foresaw_says_nothing_of_its_cause() -> None:
    assert (internal_problem().code, internal_problem().status) == ("internal_error", 500)


async def test_an_unexpected_error_is_logged_with_its_cause_and_answered_without(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ValueError("password=hunter2 in /srv/secret/path.py")

    monkeypatch.setattr(api.scope.services.faqs, "page", broken)
    with caplog.at_level(logging.ERROR):
        answer = await api.client.get("/faqs")

    problem = refused(answer, 500, "internal_error")
    assert not any(word in answer.text for word in ("hunter2", "secret", "ValueError", "Traceback", ".py"))
    assert problem["retryable"] is False
    [record] = [record for record in caplog.records if record.exc_info]
    assert "hunter2" in str(record.exc_info)
    assert (await api.client.get("/health")).status_code == 200


async def test_a_busy_database_is_told_as_something_to_try_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: Any, **__: Any) -> None:
        raise DatabaseBusy("another process holds the database; try again")

    monkeypatch.setattr(api.scope.services.faqs, "page", busy)
    assert refused(await api.client.get("/faqs"), 503, "db_busy")["retryable"] is True


@pytest.mark.parametrize(("seconds", "header"), [(12.4, "12"), (0.2, "1"), (None, None)])
async def test_the_time_to_wait_is_a_header_of_whole_seconds(
    api: Api, monkeypatch: pytest.MonkeyPatch, seconds: float | None, header: str | None
) -> None:
    async def limited(*_: Any, **__: Any) -> None:
        raise ProviderRateLimited("slow down", seconds)

    monkeypatch.setattr(api.scope.services.faqs, "page", limited)
    answer = await api.client.get("/faqs")
    refused(answer, 429, "provider_rate_limited")
    assert answer.headers.get("retry-after") == header


BODIES = {
    "no JSON": b"{",
    "not UTF-8": b'{"question": "\xff"}',
    "deep": b"[" * 100_000,
    "a number": b"1",
    "nothing": b"",
    "text": b'"x"',
    "an unknown field": b'{"question": "a", "answer": "b", "admin": true}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_body_that_is_no_request_is_refused(api: Api, body: bytes) -> None:
    answer = await api.client.post("/faqs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    refused(answer, answer.status_code, "invalid_request")


async def test_every_field_that_is_wrong_is_named(api: Api) -> None:
    body = {"question": "", "answer": 1, "tags": ["x" * 61]}
    problem = refused(await api.client.post("/faqs", json=body), 422, "invalid_request")
    assert {error["field"] for error in problem["errors"]} == {"question", "answer", "tags.0"}
    assert "question: " in problem["detail"]


async def test_what_is_wrong_with_a_field_is_said_without_the_validators_own_words(api: Api) -> None:
    problem = refused(await api.client.get("/conversations", params={"q": "a\0b"}), 422, "invalid_request")
    assert problem["errors"] == [{"field": "q", "message": "must not contain NUL characters"}]
    assert problem["detail"] == "q: must not contain NUL characters"


@pytest.mark.parametrize("body", [b"{", b'{"question": "x",}', b"{\"question\": 'x'}"])
async def test_a_body_that_is_no_json_says_so_and_where(api: Api, body: bytes) -> None:
    with pytest.raises(json.JSONDecodeError) as refusal:  # the place of a trailing comma differs between Pythons
        json.loads(body)
    answer = await api.client.post("/faqs", content=body, headers={"Content-Type": "application/json"})
    problem = refused(answer, 422, "invalid_request")
    [error] = problem["errors"]
    assert error["field"] == "body"
    assert error["message"].startswith("is not JSON: ")
    assert error["message"].endswith(f"(character {refusal.value.pos})")
    assert problem["detail"] == f"the body {error['message']}"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/health", 405, "method_not_allowed"),
        ("POST", "/faqs", 400, "invalid_request"),
    ],
)
async def test_title_and_detail_never_say_the_same(api: Api, method: str, path: str, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await api.client.request(method, path, content=b"\xff", headers=headers)
    problem = refused(answer, status, code)
    assert problem["title"] != problem["detail"]
    assert problem["detail"].startswith(f"{method} {path}: ")


async def test_a_wrong_value_is_not_repeated_in_the_answer(api: Api) -> None:
    body = {"base_url": "http://127.0.0.1:9/v1", "api_key": ["sk-very-secret"]}
    assert "sk-very-secret" not in (await api.client.put("/providers/openai-compatible", json=body)).text


class TestWithASmallLimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"body_limit": 2048})

    @pytest.mark.fault("A3")
    async def test_an_honest_body_over_the_limit_is_refused(self, api: Api) -> None:
        answer = await api.client.post("/faqs", json={"question": "a", "answer": "b" * 3000})
        refused(answer, 413, "body_too_large")

    @pytest.mark.fault("A4")
    async def test_a_body_of_unknown_length_is_refused_where_it_passes_the_limit(self, api: Api) -> None:
        sent = streamed(b'{"question": "a", "answer": "', *[b"b" * 500] * 20, b'"}')
        headers = {"Content-Type": "application/json"}
        refused(await api.client.post("/faqs", content=sent, headers=headers), 413, "body_too_large")
        keyed = streamed(b'{"question": "a", "answer": "', *[b"b" * 500] * 20, b'"}')
        answer = await api.client.post("/faqs", content=keyed, headers=headers | {"Idempotency-Key": "k"})
        refused(answer, 413, "body_too_large")
        assert await api.faqs() == []


@pytest.mark.parametrize(("given", "kept"), [("my-id.1", True), ("a b", False), ("x" * 65, False), ("", False)])
async def test_a_sane_request_id_is_kept_and_another_replaced(api: Api, given: str, kept: bool) -> None:
    answer = await api.client.get("/documents/none", headers={"X-Request-ID": given})
    problem = refused(answer, 422, "invalid_request")
    assert (problem["request_id"] == given) is kept
    assert problem["request_id"]


async def test_health_answers_anybody_and_readiness_tells_what_is_down(app: FastAPI, api: Api) -> None:
    async with client_of(app, None) as nobody:
        assert (await nobody.get("/health")).json() == {"status": "ok"}
    ready = await api.get("/ready")
    assert ready["status"] == "ok"
    for file in api.settings.data_dir.glob("nexus.db*"):
        file.unlink()

    answer = await api.client.get("/ready")

    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    down = [part for part in answer.json()["components"] if part["status"] == "down"]
    assert [part["name"] for part in down] == ["database"]
    assert str(api.settings.data_dir) not in answer.text
    assert (await api.client.get("/health")).status_code == 200


async def test_readiness_tells_when_a_collection_is_kept_in_a_store_that_does_not_exist(api: Api) -> None:
    def store(ready: dict[str, Any]) -> dict[str, Any]:
        return next(one for one in ready["components"] if one["name"] == "vector_store")

    assert store(await api.get("/ready")) == {
        "name": "vector_store",
        "label": "Vector store",
        "status": "ok",
        "detail": "native",
    }
    async with api.scope.database.write() as session:
        await session.execute(sa.update(Collection).values(store="nowhere"))

    answer = await api.client.get("/ready")

    assert (answer.status_code, store(answer.json())["status"]) == (503, "down")
    assert "no vector store 'nowhere'; known: ['native']" in store(answer.json())["detail"]
