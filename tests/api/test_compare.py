"""Comparisons over the API: lanes at once, blind until the vote, and what votes say."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from backend.services.answering import Answering
from tests.mock_openai import MockServer
from tests.support import Api, RawCall, events_of, eventually, refused

QUESTION = "Where is the silver key?"
ANSWER = "The silver key is under the stone."
KEY = "sk-test-abcdefghij0123456789"
Json = dict[str, Any]


@pytest.fixture
async def known(api: Api, mock: MockServer) -> Api:
    """A question that is answered, and a server that writes answers."""
    await api.add_faq(QUESTION, ANSWER)
    await api.drain()
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "api_key": KEY})
    return api


def of_model(name: str, **more: Any) -> Json:
    return {"provider": "openai-compatible", "model": name, **more}


async def default(api: Api) -> Json:
    return {"agent_id": (await api.get("/agents"))["items"][0]["id"]}


async def compare(api: Api, *lanes: Json, question: str = QUESTION, **more: Any) -> Json:
    targets = list(lanes) or [await default(api), of_model("ok")]
    compared: Json = await api.post("/compare", {"question": question, "lanes": targets, **more})
    return compared


def lane_of(compared: Json, name: str) -> Json:
    """The lane of a contestant, once the names are told."""
    found: Json = next(lane for lane in compared["lanes"] if lane["contestant"]["name"] == name)
    return found


# --- lanes ---------------------------------------------------------------------------
async def test_each_lane_answers_with_its_sources_time_and_tokens(known: Api) -> None:
    compared = await compare(known, blind=False)
    assert compared["blind"] is False
    assert [lane["label"] for lane in compared["lanes"]] == ["left", "right"]
    quoted, written = lane_of(compared, "default"), lane_of(compared, "ok")
    assert quoted["text"] == quoted["answer"]["response"]
    assert ANSWER in quoted["text"]
    assert written["text"] == f"{ANSWER} [1]"
    assert [one["quote"] for one in written["answer"]["citations"]] == [ANSWER]
    assert written["answer"]["usage"]["output_tokens"] == 7
    for lane in (quoted, written):
        assert 0 < lane["first_token_ms"] <= lane["latency_ms"]
        assert lane["error"] is None
    assert (written["contestant"]["kind"], written["contestant"]["provider"]) == ("model", "openai-compatible")
    assert quoted["contestant"]["about"] == "Built-in, from default"


async def test_left_and_right_are_two_lanes_and_three_have_letters(known: Api) -> None:
    sides = {"left": await default(known), "right": of_model("ok")}
    two = await known.post("/compare", {"question": QUESTION, **sides})
    assert sorted(lane["label"] for lane in two["lanes"]) == ["left", "right"]
    three = await compare(known, of_model("ok"), of_model("badcite"), of_model("unsure"))
    assert [lane["label"] for lane in three["lanes"]] == ["a", "b", "c"]


async def test_where_a_lane_stands_is_drawn(known: Api) -> None:
    first = {(await compare(known, blind=False))["lanes"][0]["contestant"]["name"] for _ in range(24)}
    assert first == {"default", "ok"}


async def test_nothing_is_kept_as_a_conversation(known: Api) -> None:
    await compare(known)
    assert (await known.get("/conversations"))["items"] == []


async def test_a_model_alone_is_asked_without_a_passage(known: Api, mock: MockServer) -> None:
    compared = await compare(known, of_model("ok"), of_model("ok", documents=False), blind=False)
    alone = next(lane for lane in compared["lanes"] if lane["contestant"]["about"].endswith("without documents"))
    assert alone["answer"]["retrieved"] == alone["answer"]["citations"] == []
    asked = [request for request in mock.app.requests if ANSWER not in str(request.body)]
    assert len(asked) == 1
    messages: Any = asked[0].body["messages"]
    assert [one["role"] for one in messages] == ["user"]


async def test_a_lane_that_fails_says_why_and_the_other_has_its_answer(known: Api) -> None:
    compared = await compare(known, of_model("status-400"), of_model("ok"))
    assert (compared["blind"], compared["can_vote"]) == (False, False)
    assert compared["reason"] == "only 1 of 2 have an answer"
    failed = lane_of(compared, "status-400")
    assert (failed["answer"], failed["error"]["code"]) == (None, "provider_rejected")
    assert lane_of(compared, "ok")["text"] == f"{ANSWER} [1]"
    refused(await vote(known, compared, "left"), 409, "conflict")


async def test_a_lane_that_never_answers_has_its_own_time(known: Api) -> None:
    await compare(known)  # what is loaded with the first answer is no part of a lane's time
    known.scope.services.comparisons._lane_seconds = 5.0
    compared = await compare(known, of_model("hang"), of_model("ok"))
    failed = lane_of(compared, "hang")
    assert failed["error"]["code"] == "lane_timeout"
    assert "within 5 s" in failed["error"]["detail"]
    assert lane_of(compared, "ok")["text"] == f"{ANSWER} [1]"


async def test_an_unexpected_failure_of_a_lane_stays_in_it(known: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    find = Answering._find

    async def broken(self: Answering, workspace_id: Any, inquiry: Any) -> Any:
        if inquiry.answerer.config.primary.model_name == "unsure":
            raise ValueError("password=hunter2")
        return await find(self, workspace_id, inquiry)

    monkeypatch.setattr(Answering, "_find", broken)
    compared = await compare(known, of_model("unsure"), of_model("ok"))
    failed = lane_of(compared, "unsure")
    assert failed["error"]["code"] == "internal_error"
    assert "hunter2" not in str(compared)


async def test_another_model_does_not_stand_in_for_the_one_that_is_compared(known: Api, mock: MockServer) -> None:
    agent = (await default(known))["agent_id"]
    fallback = {"provider": "openai-compatible", "model": "ok"}
    await known.client.patch(f"/agents/{agent}", json={"fallbacks": [fallback]})
    compared = await compare(known, of_model("status-400"), of_model("ok"), blind=False)
    assert lane_of(compared, "status-400")["error"]["code"] == "provider_rejected"
    assert [request.model for request in mock.app.requests].count("ok") == 1


@pytest.mark.parametrize(
    ("lanes", "says"),
    [
        ([of_model("ok")], "give two to four lanes"),
        ([of_model("ok"), of_model("ok")], "two of the lanes have the same target"),
        ([of_model(str(n)) for n in range(5)], "at most 4"),
        ([{}, of_model("ok")], "give agent_id, provider or model"),
    ],
)
async def test_what_cannot_be_compared_is_refused(known: Api, lanes: list[Json], says: str) -> None:
    answer = await known.client.post("/compare", json={"question": QUESTION, "lanes": lanes})
    assert says in refused(answer, 422, "invalid_request")["detail"]


async def test_two_targets_that_turn_out_to_be_one_are_refused(known: Api) -> None:
    lanes = [{"provider": "builtin"}, {"provider": "builtin", "model": "builtin"}]
    answer = await known.client.post("/compare", json={"question": QUESTION, "lanes": lanes})
    assert "lanes[0] and lanes[1] are the same" in refused(answer, 422, "invalid_request")["detail"]


async def test_the_builtin_provider_cannot_answer_without_documents(known: Api) -> None:
    lanes = [{"provider": "builtin", "documents": False}, of_model("ok")]
    answer = await known.client.post("/compare", json={"question": QUESTION, "lanes": lanes})
    assert "only quotes documents" in refused(answer, 422, "invalid_request")["detail"]


# --- blind ---------------------------------------------------------------------------
async def vote(api: Api, compared: Json, choice: str) -> Any:
    return await api.client.post(f"/comparisons/{compared['id']}/vote", json={"choice": choice})


async def voted(api: Api, compared: Json, choice: str) -> Json:
    answer = await vote(api, compared, choice)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def test_before_the_vote_nothing_tells_who_is_who(known: Api) -> None:
    compared = await compare(known)
    again = await known.get(f"/comparisons/{compared['id']}")
    listed = (await known.get("/comparisons"))["items"][0]
    for seen in (compared, again, listed):
        assert seen["blind"] is True
        for lane in seen["lanes"]:
            told = {name for name, value in lane.items() if value not in (None, {}, [])}
            assert told == {"label", "text"}
            assert "[1]" not in lane["text"]


async def test_the_vote_tells_the_names_and_is_the_callers(known: Api) -> None:
    told = await voted(known, await compare(known), "left")
    assert told["blind"] is False
    assert (told["vote"]["choice"], told["vote"]["counts"]) == ("left", True)
    assert {lane["contestant"]["name"] for lane in told["lanes"]} == {"default", "ok"}
    contest = await known.get(f"/contests/{told['contest_id']}")
    assert (contest["votes"], contest["others"], contest["questions"]) == (1, 0, 1)
    left = told["lanes"][0]["contestant"]["key"]
    assert contest["verdict"]["order"][0] == left


async def test_a_vote_that_is_changed_with_the_names_in_sight_does_not_count(known: Api) -> None:
    compared = await compare(known)
    await voted(known, compared, "left")
    same = await voted(known, compared, "left")
    assert same["vote"]["counts"] is True
    other = await voted(known, compared, "right")
    assert (other["vote"]["choice"], other["vote"]["counts"]) == ("right", False)
    contest = await known.get(f"/contests/{compared['contest_id']}")
    assert (contest["votes"], contest["others"]) == (0, 1)
    assert contest["verdict"]["text"] == "no votes yet"


async def test_a_vote_that_returns_to_what_it_was_before_the_names_were_told_counts_again(known: Api) -> None:
    compared = await compare(known)
    for choice, counts in (("left", True), ("all_bad", False), ("right", False), ("left", True)):
        vote = (await voted(known, compared, choice))["vote"]
        assert (vote["choice"], vote["counts"]) == (choice, counts)
    contest = await known.get(f"/contests/{compared['contest_id']}")
    assert (contest["votes"], contest["others"]) == (1, 0)


async def test_a_vote_that_was_never_blind_does_not_count_when_it_returns_either(known: Api) -> None:
    told = await compare(known, blind=False)
    for choice in ("left", "right", "left"):
        assert (await voted(known, told, choice))["vote"]["counts"] is False


async def test_a_vote_on_what_was_not_blind_does_not_count(known: Api) -> None:
    told = await voted(known, await compare(known, blind=False), "all_good")
    assert told["vote"] == told["vote"] | {"choice": "all_good", "counts": False}


async def test_a_label_that_is_not_there_is_refused(known: Api) -> None:
    compared = await compare(known)
    assert "choose one of" in refused(await vote(known, compared, "c"), 422, "invalid_request")["detail"]


async def test_only_a_lane_with_an_answer_can_be_the_better_one(known: Api) -> None:
    compared = await compare(known, of_model("ok"), of_model("unsure"), of_model("status-400"))
    assert compared["blind"] is True
    empty = next(lane for lane in compared["lanes"] if lane["error"])
    assert (empty["error"]["code"], empty["error"]["title"], empty["text"]) == ("lane_failed", "No answer", "")
    refused(await vote(known, compared, empty["label"]), 422, "invalid_request")


async def test_a_closed_contest_takes_no_vote_and_no_question(known: Api) -> None:
    compared = await compare(known)
    path = f"/contests/{compared['contest_id']}"
    assert (await known.client.patch(path, json={"closed": True})).json()["closed"] is True
    refused(await vote(known, compared, "left"), 409, "contest_closed")
    body = {"question": QUESTION, "lanes": [await default(known), of_model("ok")]}
    refused(await known.client.post("/compare", json=body), 409, "contest_closed")
    assert (await known.get(f"/comparisons/{compared['id']}"))["blind"] is False
    await known.client.patch(path, json={"closed": False})
    late = (await voted(known, compared, "left"))["vote"]
    assert (late["choice"], late["counts"]) == ("left", False), "the names were told when it was closed"
    assert (await compare(known))["blind"] is True


async def test_what_is_still_to_be_voted_on_can_be_listed(known: Api) -> None:
    one, two = await compare(known), await compare(known)
    await voted(known, one, "left")
    left = (await known.get("/comparisons", contest_id=one["contest_id"], to_vote=True))["items"]
    assert [item["id"] for item in left] == [two["id"]]


async def test_an_agent_that_is_changed_is_another_contestant(known: Api) -> None:
    agent = await default(known)
    before = await compare(known)
    await known.client.patch(f"/agents/{agent['agent_id']}", json={"parameters": {"instructions": "Be short."}})
    after = await compare(known)
    assert before["contest_id"] != after["contest_id"]
    assert len((await known.get("/contests"))["items"]) == 2


async def test_a_contest_is_deleted_with_all_that_is_in_it(known: Api) -> None:
    compared = await compare(known)
    await voted(known, compared, "left")
    before = await known.stored()
    assert (await known.client.delete(f"/contests/{compared['contest_id']}")).status_code == 204
    after = await known.stored()
    gone = {name: count - after.rows[name] for name, count in before.rows.items() if count != after.rows[name]}
    assert gone == {"contest": 1, "comparison": 1, "comparison_lane": 2, "vote": 1}


# --- verdicts ------------------------------------------------------------------------
async def test_the_verdict_and_its_curve_follow_the_votes(known: Api) -> None:
    for n in range(12):
        compared = await compare(known, question=f"Where is the silver key number {n}?")
        texts = [lane["text"].strip() for lane in compared["lanes"]]
        if n < 2:
            await voted(known, compared, "all_good")
        else:
            # The server writes no words of its own around the sentence that it found.
            await voted(known, compared, "left" if texts[0] == ANSWER and texts[1] != ANSWER else "right")
    contest = await known.get(f"/contests/{compared['contest_id']}")
    verdict = contest["verdict"]
    [duel] = verdict["duels"]
    assert (duel["wins"] + duel["losses"], duel["ties"]) == (10, 2)
    assert duel["low"] <= duel["win_rate"] <= duel["high"]
    [curve] = contest["curves"]
    assert [point["votes"] for point in curve["points"]] == list(range(1, 13))
    assert curve["points"][-1]["win_rate"] == duel["win_rate"]


async def test_of_one_persons_votes_on_the_same_question_the_last_counts(known: Api) -> None:
    for question in (QUESTION, "where is the  silver key", QUESTION):
        compared = await compare(known, question=question)
        await voted(known, compared, "all_good")
    contest = await known.get(f"/contests/{compared['contest_id']}")
    assert (contest["votes"], contest["others"], contest["questions"]) == (1, 2, 3)
    assert contest["verdict"]["duels"][0]["ties"] == 1


async def test_before_the_vote_the_builtin_provider_is_not_known_by_what_it_adds(known: Api) -> None:
    await known.add_faq("Where is the silver spoon?", "The silver spoon is in the drawer.")
    await known.drain()
    compared = await compare(known)
    texts = [lane["text"] for lane in compared["lanes"]]
    assert not any("Related" in text or text != text.strip() for text in texts), texts
    told = await voted(known, compared, "all_good")
    assert any("Related" in lane["text"] for lane in told["lanes"])


# --- streams -------------------------------------------------------------------------
async def test_lanes_stream_side_by_side(known: Api) -> None:
    lanes = [await default(known), of_model("ok")]
    body = {"question": QUESTION, "lanes": lanes, "blind": False, "stream": True}
    events = events_of((await known.client.post("/compare", json=body)).text)
    assert events[-1][0] == "done"
    compared = events[-1][1]["comparison"]
    for lane in compared["lanes"]:
        said = "".join(data["text"] for name, data in events if name == "token" and data["lane"] == lane["label"])
        assert said == lane["text"]
    assert sorted(data["lane"]["label"] for name, data in events if name == "lane") == ["left", "right"]
    assert (await known.get(f"/comparisons/{compared['id']}")) == compared


async def test_a_blind_stream_tells_nothing_until_both_are_ready(known: Api) -> None:
    body = {"question": QUESTION, "lanes": [await default(known), of_model("ok")], "stream": True}
    events = events_of((await known.client.post("/compare", json=body)).text)
    assert [name for name, _ in events] == ["done"]
    assert events[0][1]["comparison"]["blind"] is True


async def test_whoever_leaves_ends_the_lanes_and_keeps_nothing(known: Api, app: FastAPI, mock: MockServer) -> None:
    body = {"question": QUESTION, "lanes": [of_model("drip"), of_model("hang")], "blind": False, "stream": True}
    before = await known.stored()
    headers = {"Authorization": known.client.headers["authorization"], "Content-Type": "application/json"}
    call = RawCall(app, "POST", "/compare", headers.items(), json.dumps(body).encode())
    task = call.start()
    await call.until(lambda call: bool(call.messages) and b"event: token" in call.sent)
    call.leave()
    await task

    async def both_are_gone() -> bool:
        return len(mock.app.disconnects) == 2

    async def is_settled() -> bool:
        return (await known.stored()).rows["agent_usage"] == 1

    await eventually(both_are_gone)
    await eventually(is_settled)
    assert (await known.stored()).rows == before.rows | {"agent_usage": 1}
