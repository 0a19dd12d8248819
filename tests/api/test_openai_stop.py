"""`stop` under `/v1`: the answer ends before the first of the sequences, whoever gives it and however it is sent."""

import json
from typing import Any

import pytest

from backend.agents.texts import NOT_FOUND
from tests.api.test_compare import ANSWER, QUESTION, known
from tests.support import Api

__all__ = ["known"]

ASK: dict[str, Any] = {"model": "default", "messages": [{"role": "user", "content": QUESTION}]}


async def whole(api: Api, stop: object, **more: Any) -> tuple[str, Any]:
    """The text, and the answer."""
    answer = await api.post("/v1/chat/completions", {**ASK, "stop": stop, **more})
    [choice] = answer["choices"]
    return choice["message"]["content"], answer


async def streamed(api: Api, stop: object) -> tuple[str, str]:
    """The text of all chunks, and why it ended."""
    answer = await api.client.post("/v1/chat/completions", json={**ASK, "stop": stop, "stream": True})
    assert answer.status_code == 200, answer.text
    text, reason = "", ""
    for line in answer.text.splitlines():
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line.removeprefix("data: "))["choices"]:
            text += choice["delta"].get("content") or ""
            reason = choice["finish_reason"] or reason
    return text, reason


@pytest.mark.parametrize("provider", ["builtin", "openai-compatible"])
@pytest.mark.parametrize(
    ("stop", "left"),
    [
        ("under", "The silver key is "),
        (["no such words", "stone", "key is under the"], "The silver "),
        ([], f"{ANSWER} [1]"),
        (None, f"{ANSWER} [1]"),
        ("no such words", f"{ANSWER} [1]"),
        (["The"], ""),
        ([" [1]"], ANSWER),
    ],
)
async def test_an_answer_ends_before_the_first_sequence_whole_and_streamed(
    known: Api, provider: str, stop: object, left: str
) -> None:
    if provider != "builtin":
        await known.use_provider(provider, "ok")
    text, answer = await whole(known, stop)
    assert (text, answer["choices"][0]["finish_reason"]) == (left, "stop")
    assert bool(answer["nexus"]["citations"]) is ("[1]" in left)
    assert answer["nexus"]["provider"] == provider
    assert await streamed(known, stop) == (left, "stop")
    turns = (await known.get(f"/conversations/{answer['nexus']['conversation_id']}"))["turns"]
    assert turns[-1]["content"] == left


async def test_words_of_the_product_itself_end_there_too(known: Api) -> None:
    asked = {"messages": [{"role": "user", "content": "Who won the football world cup in 1998?"}]}
    text, answer = await whole(known, "find", **asked)
    assert text == NOT_FOUND.partition("find")[0]
    assert answer["nexus"]["answered"] is False


async def test_a_sequence_that_a_removed_mark_makes_is_not_said(known: Api) -> None:
    await known.use_provider("openai-compatible", "badcite")
    said, _ = await whole(known, None)
    assert "[9]" not in said
    stop = said[-3:]
    assert (await whole(known, stop))[0] == said[: said.index(stop)]


@pytest.mark.parametrize("stop", ["", ["a", ""], ["a"] * 5, 7, {"a": 1}, [["a"]], "a" * 501])
async def test_what_is_no_stop_sequence_is_refused_by_name(known: Api, stop: object) -> None:
    answer = await known.client.post("/v1/chat/completions", json={**ASK, "stop": stop})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith("stop"), answer.text
