"""What was said is kept once, also when writing it fails or somebody leaves while it is written."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from backend.errors import DatabaseBusy, ProviderUnavailable
from backend.services.answering import Answering
from backend.services.chat import ChatService
from tests import postgres
from tests.api.test_chat import QUESTION, Slow, begun, known, slow
from tests.support import Api, eventually, refused

__all__ = ["known", "slow"]

Add = Callable[..., Any]


async def turns(api: Api) -> list[tuple[str, str | None]]:
    """What was said and the code of its error, of the only conversation."""
    [one] = (await api.get("/conversations"))["items"]
    kept = (await api.get(f"/conversations/{one['id']}"))["turns"]
    return [(turn["content"], turn["error"] and turn["error"]["code"]) for turn in kept]


def failing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Writing an answer fails so many times; what it tried to write."""
    add: Add = ChatService._add
    tried: list[str] = []

    async def broken(self: ChatService, tx: Any, exchange: Any, message: Any) -> None:
        tried.append(message.content)
        if len(tried) <= times:
            raise DatabaseBusy("the database is busy")
        await add(self, tx, exchange, message)

    monkeypatch.setattr(ChatService, "_add", broken)
    return tried


async def test_an_answer_that_could_not_be_written_is_kept_with_what_failed(
    known: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = failing(monkeypatch, 1)
    refused(await known.ask(QUESTION), 503, "db_busy")
    assert await turns(known) == [(QUESTION, None), (tried[0], "db_busy")]
    assert "under the stone" in tried[0]


async def test_writing_is_tried_once_more_and_no_oftener(known: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = failing(monkeypatch, 9)
    refused(await known.ask(QUESTION), 503, "db_busy")
    assert len(tried) == 2
    assert await turns(known) == [(QUESTION, None)]


async def test_the_failure_of_a_provider_is_kept_and_told(known: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = failing(monkeypatch, 0)

    async def fails(self: Answering, inquiry: Any, found: Any) -> Any:  # noqa: ARG001
        raise ProviderUnavailable("down")
        yield

    monkeypatch.setattr(Answering, "_said", fails)
    refused(await known.ask(QUESTION), 503, "provider_unavailable")
    assert tried == [""]
    assert await turns(known) == [(QUESTION, None), ("", "provider_unavailable")]


@pytest.mark.skipif(postgres.WANTED, reason="a transaction over Postgres has no thread that could be held")
async def test_whoever_leaves_while_the_answer_is_written_finds_it_once_and_whole(
    known: Api, app: FastAPI, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, may_write = threading.Event(), threading.Event()
    add: Add = ChatService._add

    async def waits(self: ChatService, tx: Any, exchange: Any, message: Any) -> None:
        writing.set()
        assert may_write.wait(20)  # a transaction has a thread of its own
        await add(self, tx, exchange, message)

    monkeypatch.setattr(ChatService, "_add", waits)
    await known.use_provider("echo")
    slow.go_on.set()
    call, task = await begun(known, app)
    await asyncio.to_thread(writing.wait, 20)
    call.leave()
    for _ in range(50):  # turns of the loop in which its going away is seen; the writing waits
        await asyncio.sleep(0)
    may_write.set()
    await task

    async def saved() -> bool:
        return len(await turns(known)) == 2

    await eventually(saved)
    assert await turns(known) == [(QUESTION, None), ("One two three.", None)]
