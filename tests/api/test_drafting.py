"""Drafting from a document with a model: what it would take, what it keeps, who may, when it stops."""

import re
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from backend.db.models import Job
from contracts.access import Role
from tests.api.conftest import Keys
from tests.api.drafting import KEY, SERVER, asked, by_model, connected, drafted, estimated, rules, start
from tests.mock_openai import MockServer
from tests.support import MARKDOWN, Api, eventually, refused


async def test_an_estimate_costs_no_call_and_says_what_drafting_takes(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(5))
    found = await estimated(writer, document)

    assert (found["provider"], found["model"], found["job_id"]) == (SERVER, "ok", None)
    assert (found["sections"], found["done"], found["calls"]) == (5, 0, 5)
    assert 5 * 300 < found["input_tokens"] < 5 * 800
    assert found["output_tokens"] == 5 * (500 + 2 * 250)
    assert (found["least_usd"], found["most_usd"]) == (None, None)
    assert mock.app.requests == []


async def test_how_long_it_takes_is_what_the_model_took_before(writer: Api) -> None:
    first, second = await writer.extracted(content=rules(2)), await writer.extracted("other.md", rules(7))
    assert (await estimated(writer, second))["seconds"] is None
    job = await drafted(writer, first)
    spent = datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["started_at"])
    found = await estimated(writer, second)
    assert found["calls"] == 7
    assert found["seconds"] == pytest.approx(spent.total_seconds() / 2 * 7)
    other = await writer.get(f"/documents/{second}/drafting", provider=SERVER, model="unsure")
    assert other["seconds"] is None, "another model"


async def test_a_drafting_that_failed_or_was_repeated_tells_no_pace(writer: Api) -> None:
    document = await writer.extracted(content=rules(2))
    assert (await drafted(writer, document, model="status-401"))["status"] == "failed"
    assert (await writer.get(f"/documents/{document}/drafting", provider=SERVER, model="status-401"))["seconds"] is None
    await drafted(writer, document)
    async with writer.scope.database.write() as session:
        await session.execute(sa.update(Job).values(attempt=2))  # it may have waited for hours in between
    assert (await estimated(writer, document, again="true"))["seconds"] is None


async def test_a_known_price_gives_a_range_and_takes_a_budget_in_dollars(api: Api, mock: MockServer) -> None:
    document = await api.extracted(content=rules(5))
    settings = {"base_url": mock.base_url, "api_key": KEY, "model": "gpt-4o-mini"}
    assert (await api.client.put("/providers/openai", json=settings)).status_code == 200
    query = {"provider": "openai", "model": "gpt-4o-mini"}
    found = await api.get(f"/documents/{document}/drafting", **query)
    assert 0 < float(found["least_usd"]) < float(found["most_usd"]) < 0.1

    path = f"/documents/{document}/drafting"
    small = await api.client.post(path, json={**query, "budget_usd": 0.000001})
    least = re.search(r"give at least ([\d.]+), or no limit", refused(small, 422, "invalid_request")["detail"])
    assert least is not None
    assert mock.app.requests == []
    job = await api.post(path, {**query, "budget_usd": float(least[1]), "sections": 1}, status=202)
    await api.drain()
    assert (await api.get(f"/jobs/{job['id']}"))["result"]["done"] == 1

    job = await api.post(f"/documents/{document}/drafting", {**query, "budget_usd": 1}, status=202)
    await api.drain()
    ended = await api.get(f"/jobs/{job['id']}")
    assert (ended["result"]["done"], ended["result"]["stopped"]) == (5, None)
    assert 0 < float(ended["result"]["cost_usd"]) < float(found["most_usd"])


async def test_an_unknown_price_takes_no_budget_in_dollars(writer: Api) -> None:
    document = await writer.extracted()
    body = {"provider": SERVER, "model": "ok", "budget_usd": 1}
    refused(await writer.client.post(f"/documents/{document}/drafting", json=body), 422, "invalid_request")


async def test_drafts_are_grounded_and_shown_with_those_of_the_rules(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted()
    rule_drafts = await writer.faqs()
    ended = await drafted(writer, document)

    assert (ended["kind"], ended["status"], ended["document_id"]) == ("draft_document", "succeeded", str(document))
    result = ended["result"]
    assert (result["sections"], result["done"], result["left"], result["calls"]) == (3, 3, 0, 3)
    assert (result["input_tokens"], result["output_tokens"], result["cost_usd"]) == (36, 21, None)
    found = await by_model(writer)
    assert len(found) == result["drafts"] >= 3
    for faq in found:
        source = await writer.get(f"/faqs/{faq['id']}/source")
        assert source["text"][source["start"] : source["end"]] == faq["source"]["quote"]
        assert (faq["drafted_by"], faq["status"]) == ("ok", "draft")
        assert faq["reason"].startswith("drafted by ok from ")
    everything = await writer.faqs()
    assert len(everything) == len(rule_drafts) + len(found)
    order = [faq["source"]["section"].rpartition(" > ")[2] for faq in everything]
    headings = ["How do I descale the machine?", "Resetting the machine", "Warranty"]
    assert order == sorted(order, key=headings.index)
    assert len(mock.app.requests) == 3


async def test_a_question_of_rules_and_model_is_one_group(writer: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await writer.extracted()
    by_rules = next(faq for faq in await writer.faqs() if "descale" in faq["question"])
    monkeypatch.setattr("tests.mock_llm.speech.faqs", lambda _: {"faqs": [_copied(by_rules)]})
    ended = await drafted(writer, document)

    [model] = await by_model(writer)
    again = await writer.get(f"/faqs/{by_rules['id']}")
    assert model["question"] == by_rules["question"]
    assert model["group_id"] == again["group_id"] is not None
    assert (model["group_size"], ended["result"]["grouped"]) == (2, 2)
    assert ended["result"]["dropped"] == {"not_quoted": 2}


def _copied(faq: dict[str, Any]) -> dict[str, str]:
    quote = faq["source"]["quote"].split(". ")[0]
    return {"question": faq["question"], "answer": quote, "quote": quote}


async def test_what_the_document_does_not_say_is_dropped_and_counted(writer: Api) -> None:
    document = await writer.extracted(content=rules(4))
    result = (await drafted(writer, document, "invent"))["result"]
    assert (result["drafts"], result["dropped"]) == (4, {"not_quoted": 4})
    assert not any("moon" in faq["question"] for faq in await writer.faqs())


async def test_a_second_run_asks_nothing_and_doubles_nothing(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(4))
    await drafted(writer, document)
    before = await writer.faqs()
    result = (await drafted(writer, document))["result"]
    assert len(mock.app.requests) == 4
    assert (result["calls"], result["done"], result["drafts"]) == (0, 4, 0)
    assert (await estimated(writer, document))["calls"] == 0

    assert (await estimated(writer, document, again="true"))["calls"] == 4
    result = (await drafted(writer, document, again=True))["result"]
    assert len(mock.app.requests) == 8
    assert (result["calls"], result["drafts"], result["dropped"]) == (4, 0, {"repeated": 8})
    assert await writer.faqs() == before


async def test_a_changed_section_is_asked_about_again(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(4))
    await drafted(writer, document)
    async with writer.scope.database.write() as session:
        await session.execute(
            sa.text("UPDATE section SET text = replace(text, 'Rule 2 ', 'Law 2 ') WHERE text LIKE '%Rule 2 %'")
        )
    result = (await drafted(writer, document))["result"]
    assert (len(mock.app.requests), result["calls"], result["done"]) == (5, 1, 4)


async def test_a_budget_below_one_section_is_refused_with_the_least(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(3))
    body = {"provider": SERVER, "model": "ok", "budget_tokens": 10}
    problem = refused(await writer.client.post(f"/documents/{document}/drafting", json=body), 422, "invalid_request")
    least = re.search(r"give at least ([\d,]+), or no limit", problem["detail"])
    assert least is not None, problem["detail"]
    ended = await drafted(writer, document, budget_tokens=int(least[1].replace(",", "")))
    assert (ended["status"], len(mock.app.requests) > 0) == ("succeeded", True)


@pytest.mark.fault("C13")
async def test_a_budget_stops_before_the_call_that_could_exceed_it_and_the_rest_can_follow(
    writer: Api, mock: MockServer
) -> None:
    document = await writer.extracted(content=rules(12))
    ended = await drafted(writer, document, budget_tokens=4_000)
    result = ended["result"]
    assert (ended["status"], result["stopped"]) == ("succeeded", "budget")
    assert 0 < result["done"] < 12
    assert result["left"] == 12 - result["done"]
    assert result["input_tokens"] + result["output_tokens"] <= 4_000
    assert ended["message"] == f"stopped at the budget: {result['done']} of 12 sections"

    rest = (await drafted(writer, document))["result"]
    assert (rest["calls"], rest["done"], rest["stopped"]) == (result["left"], 12, None)
    assert max(asked(mock).values()) == 1


async def test_a_few_sections_can_be_tried_first(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(9))
    ended = await drafted(writer, document, sections=2)
    assert (ended["result"]["stopped"], ended["result"]["done"], len(mock.app.requests)) == ("sections", 2, 2)
    assert {faq["source"]["section"] for faq in await by_model(writer)} == {
        "Part 0 > Rule number 0",
        "Part 1 > Rule number 1",
    }


async def test_one_drafting_at_a_time_and_only_of_a_document_that_is_ready(writer: Api, mock: MockServer) -> None:
    mock.app.slow_seconds = 0.3
    document = await writer.extracted()
    job = await start(writer, document, "slow")
    body = {"provider": SERVER, "model": "ok"}
    problem = refused(await writer.client.post(f"/documents/{document}/drafting", json=body), 409, "conflict")
    assert job["id"] in problem["detail"]
    assert (await estimated(writer, document))["job_id"] == job["id"]
    await writer.drain()

    broken = await writer.extracted("broken.pdf", b"%PDF-1.7\n" + b"0" * 2000)
    refused(await writer.client.post(f"/documents/{broken}/drafting", json=body), 409, "conflict")
    unread = await writer.client.get(f"/documents/{broken}/drafting", params=body)
    refused(unread, 409, "conflict")


async def test_the_same_file_again_still_answers_with_the_job_that_read_it(writer: Api) -> None:
    document = await writer.extracted()
    await drafted(writer, document)
    again = (await writer.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]
    assert (again["kind"], again["document_id"]) == ("extract_document", str(document))


@pytest.mark.parametrize("provider", ["builtin", "echo"])
async def test_a_provider_that_cannot_write_structured_answers_is_refused(api: Api, provider: str) -> None:
    document = await api.extracted()
    refused(
        await api.client.post(f"/documents/{document}/drafting", json={"provider": provider}), 422, "invalid_request"
    )
    answer = await api.client.get(f"/documents/{document}/drafting", params={"provider": provider})
    refused(answer, 422, "invalid_request")


async def test_a_provider_that_is_unknown_or_not_set_up_is_refused(api: Api) -> None:
    document = await api.extracted()
    for name, code in (("nobody", "unknown_strategy"), ("anthropic", "invalid_request")):
        refused(await api.client.post(f"/documents/{document}/drafting", json={"provider": name}), 422, code)
    refused(await api.client.get(f"/documents/{uuid4()}/drafting", params={"provider": "builtin"}), 404, "not_found")


@pytest.mark.parametrize("wrong", [{"budget_tokens": 0}, {"budget_usd": -1}, {"sections": 0}, {"model": "a\x00b"}])
async def test_limits_that_are_none_are_refused(writer: Api, wrong: dict[str, object]) -> None:
    document = await writer.extracted()
    body = {"provider": SERVER, **wrong}
    refused(await writer.client.post(f"/documents/{document}/drafting", json=body), 422, "invalid_request")


async def test_an_idempotency_key_starts_one_job(writer: Api) -> None:
    document = await writer.extracted()
    headers, body = {"Idempotency-Key": "draft-1"}, {"provider": SERVER, "model": "ok"}
    answers = [
        await writer.client.post(f"/documents/{document}/drafting", json=body, headers=headers) for _ in range(2)
    ]
    assert {answer.status_code for answer in answers} == {202}
    assert answers[0].json()["id"] == answers[1].json()["id"]
    await writer.drain()
    assert len((await writer.get("/jobs", kind="draft_document"))["items"]) == 1


@pytest.mark.parametrize("role", [Role.SALES, Role.DEVOPS])
async def test_who_may_not_add_documents_may_not_spend_on_them(keys: Keys, role: Role, mock: MockServer) -> None:
    admin, other = await keys.sign_in(), await keys.sign_in(role=role)
    await connected(admin, mock)
    document = await admin.extracted()
    body = {"provider": SERVER, "model": "ok"}
    refused(await other.client.post(f"/documents/{document}/drafting", json=body), 403, "forbidden")
    analyst = await keys.sign_in(role=Role.ANALYST)
    assert (await analyst.client.post(f"/documents/{document}/drafting", json=body)).status_code == 202
    await admin.drain()


async def test_no_transaction_is_open_while_the_model_thinks(writer: Api, mock: MockServer) -> None:
    mock.app.slow_seconds = 1.0
    document = await writer.extracted(content=rules(4))
    await start(writer, document, "slow")

    async def is_asked() -> bool:
        return len(mock.app.requests) >= 4

    await eventually(is_asked)
    made = await writer.add_faq("Does writing wait?", "It does not.")
    assert made["status"] == "approved"
    assert await by_model(writer) == []
    await writer.drain()


async def test_at_most_four_calls_go_on_together(writer: Api, mock: MockServer) -> None:
    mock.app.slow_seconds = 0.5
    document = await writer.extracted(content=rules(10))
    await start(writer, document, "slow")

    async def is_asked() -> bool:
        return len(mock.app.requests) >= 4

    await eventually(is_asked)
    assert len(mock.app.requests) == 4
    await writer.drain()
    assert len(mock.app.requests) == 10
