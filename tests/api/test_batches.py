"""Batch comparisons over the API: what is asked, what is measured of the answers, and that a reader can check it."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from backend.retrieval.base import Scope, SearchResult
from backend.retrieval.searcher import Query, Searcher
from contracts.access import Role
from tests.api.batches import (
    BUILTIN,
    OFF_TOPIC,
    begin,
    compared,
    dataset_of,
    exported,
    keys_of,
    lane,
    metric,
    questions,
)
from tests.api.conftest import Keys
from tests.api.drafting import KEY
from tests.mock_openai import MockServer
from tests.support import Api, refused

Z = 1.959963984540054


def wilson(hits: int, of: int) -> tuple[float, float]:
    rate = hits / of
    centre = (rate + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z * math.sqrt(rate * (1 - rate) / of + Z * Z / (4 * of * of)) / (1 + Z * Z / of)
    return centre - half, centre + half


async def test_every_question_goes_to_every_target_and_can_be_voted_on_blind(writer: Api) -> None:
    dataset = await dataset_of(writer)
    batch = await compared(writer, dataset, [lane(), BUILTIN], off_topic=OFF_TOPIC)
    assert (batch["job"]["status"], batch["job"]["progress"]) == ("succeeded", 1.0)
    assert batch["job"]["title"] == "Support, version 1: ok against builtin"
    assert (batch["questions"], batch["off_topic"]) == (dataset["train"], 2)
    assert (batch["dataset_id"], batch["dataset_version"], batch["split"]) == (dataset["id"], 1, "train")

    found = await questions(writer, batch)
    rows = await writer.get(f"/datasets/{dataset['id']}/rows", split="train", limit=200)
    assert [one["question"] for one in found] == [*(row["question"] for row in rows["items"]), *OFF_TOPIC]
    assert [one["expected"] for one in found] == [*(row["answer"] for row in rows["items"]), None, None]
    assert all(one["blind"] and one["can_vote"] and one["contest_id"] == batch["contest_id"] for one in found)
    assert [[each["label"] for each in one["lanes"]] for one in found] == [["left", "right"]] * len(found)
    assert all(each["contestant"] is None and each["metrics"] == {} for one in found for each in one["lanes"])

    voted = await writer.post(f"/comparisons/{found[0]['id']}/vote", {"choice": "left"})
    assert {each["contestant"]["key"] for each in voted["lanes"]} == set(keys_of(batch).values())
    again = await writer.get(f"/comparisons/batch/{batch['id']}")
    assert again["results"] == batch["results"]
    contest = await writer.get(f"/contests/{batch['contest_id']}")
    assert (contest["votes"], contest["questions"]) == (1, len(found))


async def test_places_are_drawn_for_each_question_alone(writer: Api) -> None:
    dataset = await dataset_of(writer)
    batch = await compared(writer, dataset, [lane(), BUILTIN])
    first = [(row["ordinal"], row["contestant"]) for row in await exported(writer, batch)]
    assert first == sorted(first, key=lambda one: (int(one[0]), one[1]))
    places = {
        one["lanes"][0]["contestant"]["key"]
        for one in [
            await writer.post(f"/comparisons/{one['id']}/vote", {"choice": "all_good"})
            for one in await questions(writer, batch)
        ]
    }
    assert places == set(keys_of(batch).values())


async def test_lanes_that_search_alike_search_once_for_a_question(writer: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    search = Searcher._search

    async def counted(self: Searcher, scope: Scope, query: Query, documents: Sequence[UUID] | None) -> SearchResult:
        searched.append(query.text)
        return await search(self, scope, query, documents)

    monkeypatch.setattr(Searcher, "_search", counted)
    batch = await compared(writer, await dataset_of(writer), [lane(), BUILTIN])
    assert sorted(searched) == sorted(one["question"] for one in await questions(writer, batch))


async def test_the_figures_are_those_counted_by_hand(writer: Api) -> None:
    dataset = await dataset_of(writer)
    asked = dataset["train"]
    lanes = [lane(), lane("badcite"), lane("unsure"), lane("ok", documents=False)]
    batch = await compared(writer, dataset, lanes, off_topic=OFF_TOPIC)
    ok, badcite, unsure, alone = (
        next(one["key"] for one in batch["contestants"] if one["target"].items() >= target.items())
        for target in (lane(documents=True), lane("badcite"), lane("unsure"), lane(documents=False))
    )
    hits = metric(batch, ok, "hit_at_k")
    assert (hits["mean"], hits["n"], hits["missing"]) == (1.0, asked, 2)
    assert hits["low"] == pytest.approx(wilson(asked, asked)[0])
    assert [metric(batch, key, "hit_at_k")["n"] for key in (ok, badcite, unsure, alone)] == [asked, asked, asked, 0]
    assert metric(batch, ok, "similarity")["mean"] == pytest.approx(1.0)
    assert (metric(batch, unsure, "similarity")["n"], metric(batch, unsure, "similarity")["missing"]) == (0, asked + 2)
    assert metric(batch, ok, "support")["mean"] == 1.0
    assert metric(batch, badcite, "support")["mean"] == 0.5
    assert [metric(batch, key, "support")["n"] for key in (unsure, alone)] == [0, 0]
    right = metric(batch, unsure, "refusal")
    assert right["mean"] == pytest.approx(2 / (asked + 2))
    assert (right["low"], right["high"]) == pytest.approx(wilson(2, asked + 2))
    assert metric(batch, ok, "refusal")["mean"] == 1.0
    assert metric(batch, alone, "refusal")["mean"] == pytest.approx(asked / (asked + 2))
    assert batch["results"]["failures"] == dict.fromkeys((ok, badcite, unsure, alone), 0)
    assert batch["results"]["cost_per_thousand"] == dict.fromkeys((ok, badcite, unsure, alone))

    duels = {(one["metric"], one["lane"], one["rival"]): one for one in batch["results"]["duels"]}
    assert len(duels) == 7 * 6
    duel = duels.get(("refusal", ok, unsure)) or duels["refusal", unsure, ok]
    sign = 1 if duel["lane"] == ok else -1
    counts = (duel["wins"], duel["ties"], duel["losses"])
    assert counts == ((asked, 2, 0) if sign == 1 else (0, 2, asked))
    assert duel["difference"] == pytest.approx(sign * asked / (asked + 2))
    assert duel["text"].endswith("ok is better") or duel["text"].endswith("ok (2) is better")


async def test_an_export_gives_every_figure_again(writer: Api) -> None:
    dataset = await dataset_of(writer)
    batch = await compared(writer, dataset, [lane("badcite"), BUILTIN], off_topic=OFF_TOPIC)
    rows = await exported(writer, batch)
    assert len(rows) == 2 * (dataset["train"] + 2)
    for key in keys_of(batch).values():
        mine = [row for row in rows if row["contestant"] == key]
        for name, column in [
            *((one, one) for one in ("hit_at_k", "mrr", "similarity", "support", "refusal")),
            ("latency", "latency_ms"),
        ]:
            values = [float(row[column]) for row in mine if row[column]]
            found = metric(batch, key, name)
            assert (found["n"], found["missing"]) == (len(values), len(mine) - len(values)), name
            if name == "latency":
                assert found["mean"] == pytest.approx(np.quantile(values, 0.5))
                assert found["p95"] == pytest.approx(np.quantile(values, 0.95))
                assert batch["results"]["latencies"][key] == [round(one, 3) for one in sorted(values)]
            else:
                assert found["mean"] == pytest.approx(sum(values) / len(values)), name
        for row in mine:
            is_hit = row["faq_id"] in row["retrieved_ids"].split()[:5]
            assert row["hit_at_k"] == (("1.0" if is_hit else "0.0") if row["faq_id"] else "")
            assert row["refusal"] == ("1.0" if row["is_answerable"] == row["answered"] else "0.0")


async def test_an_export_in_lines_says_the_same_and_no_cell_is_a_formula(writer: Api) -> None:
    await writer.add_faq("=1+1 is what?", "-2 is the sum of all.")
    await writer.add_faq("=HYPERLINK(1) is where?", "@home is the address.")
    await writer.drain()
    dataset = (await writer.post("/datasets", {"name": "Sums", "paraphrases": 0}, status=202))["dataset"]
    await writer.drain()
    batch = await compared(writer, dataset, [lane(), BUILTIN])
    [first, _] = await exported(writer, batch)
    assert (first["question"][:2], first["expected"][0]) == ("'=", "'")
    answer = await writer.client.get(f"/comparisons/batch/{batch['id']}/export", params={"format": "jsonl"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(one) for one in answer.text.splitlines()]
    assert [line["question"] for line in lines] == [first["question"].removeprefix("'")] * 2
    assert list(lines[0]) == list(first)
    assert all(isinstance(line["cited_faq_ids"], list) for line in lines)


async def test_costs_are_those_of_the_models_prices(api: Api, mock: MockServer) -> None:
    settings = {"base_url": mock.base_url, "api_key": KEY, "model": "gpt-4o-mini"}
    assert (await api.client.put("/providers/openai", json=settings)).status_code == 200
    dataset = await dataset_of(api, 6)
    batch = await compared(api, dataset, [{"provider": "openai", "model": "gpt-4o-mini"}, BUILTIN])
    keys = keys_of(batch)
    # 12 tokens at 0.15 and 7 at 0.60 US dollars a million, each thousand times.
    assert float(batch["results"]["cost_per_thousand"][keys["gpt-4o-mini"]]) == pytest.approx(0.006)
    assert float(batch["results"]["cost_per_thousand"][keys["builtin"]]) == 0
    assert metric(batch, keys["gpt-4o-mini"], "cost")["mean"] == pytest.approx(0.006)
    duel = next(one for one in batch["results"]["duels"] if one["metric"] == "cost")
    assert abs(duel["difference"]) == pytest.approx(0.006)


async def test_a_passage_that_holds_the_source_of_a_faq_is_a_hit(writer: Api) -> None:
    await writer.extracted()
    await writer.approve_all()
    dataset = (await writer.post("/datasets", {"name": "Machine", "paraphrases": 0}, status=202))["dataset"]
    await writer.drain()
    made = await writer.get(f"/datasets/{dataset['id']}")
    split = max(("train", "validation", "held_out"), key=lambda name: made[name])
    collection = await writer.collection()
    sources = await writer.get(f"/collections/{collection}")
    assert sources["id"] == collection
    batch = await compared(writer, made, [lane(), BUILTIN], split=split)
    before = metric(batch, keys_of(batch)["ok"], "hit_at_k")
    assert (before["mean"], before["n"]) == (1.0, made[split])
    for faq in await writer.faqs(status="approved"):
        await writer.post("/faqs/reject", {"ids": [faq["id"]]})
    await writer.drain()
    batch = await compared(writer, made, [lane(), BUILTIN], split=split)
    rows = await exported(writer, batch)
    assert all(row["faq_id"] not in row["retrieved_ids"] for row in rows)
    assert metric(batch, keys_of(batch)["ok"], "hit_at_k")["mean"] == 1.0


async def test_one_row_is_enough_and_says_so_little(writer: Api) -> None:
    dataset = await dataset_of(writer, 3)
    batch = await compared(writer, dataset, [lane(), BUILTIN], limit=1)
    assert (batch["questions"], batch["job"]["status"]) == (1, "succeeded")
    similarity = metric(batch, keys_of(batch)["ok"], "similarity")
    assert (similarity["n"], similarity["low"], similarity["high"]) == (1, None, None)
    duel = next(one for one in batch["results"]["duels"] if one["metric"] == "similarity")
    assert duel["text"].endswith("the same on 1 questions; too few to tell")
    assert batch["results"]["judged"] is batch["results"]["judge_usage"] is None


async def test_batches_are_listed_newest_first_and_their_metrics_explained(writer: Api) -> None:
    dataset = await dataset_of(writer, 4)
    made = [(await compared(writer, dataset, [lane(), BUILTIN], limit=n))["id"] for n in (1, 2)]
    page = await writer.get("/comparisons/batch", limit=1)
    following = await writer.get("/comparisons/batch", limit=1, cursor=page["next_cursor"])
    assert [page["items"][0]["id"], following["items"][0]["id"]] == made[::-1]
    assert "results" not in page["items"][0]
    words = await writer.get("/comparisons/metrics")
    assert [one["name"] for one in words] == ["hit_at_k", "mrr", "similarity", "support", "refusal", "latency", "cost"]
    assert all(one["meaning"] and one["source"] for one in words)


async def test_two_batches_at_once_stay_apart(writer: Api) -> None:
    dataset = await dataset_of(writer)
    one = await begin(writer, dataset, [lane(), BUILTIN])
    other = await begin(writer, dataset, [lane("unsure"), BUILTIN], off_topic=OFF_TOPIC)
    await writer.drain()
    first = await writer.get(f"/comparisons/batch/{one['id']}")
    second = await writer.get(f"/comparisons/batch/{other['id']}")
    assert [each["job"]["status"] for each in (first, second)] == ["succeeded", "succeeded"]
    assert len(await questions(writer, first)) == dataset["train"]
    assert len(await questions(writer, second)) == dataset["train"] + 2
    assert metric(first, keys_of(first)["ok"], "refusal")["mean"] == 1.0
    assert metric(second, keys_of(second)["unsure"], "refusal")["n"] == dataset["train"] + 2


async def test_an_idempotency_key_starts_one_batch(writer: Api) -> None:
    dataset = await dataset_of(writer, 3)
    body = {"dataset_id": dataset["id"], "split": "train", "lanes": [lane(), BUILTIN]}
    answers = [
        await writer.client.post("/comparisons/batch", json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    await writer.drain()
    assert len((await writer.get("/comparisons/batch"))["items"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "code", "word"),
    [
        ({"dataset_id": str(uuid4())}, 404, "not_found", "dataset"),
        ({"split": "validation"}, 422, "invalid_request", "no rows in 'validation'"),
        ({"lanes": [BUILTIN]}, 422, "invalid_request", "lanes"),
        ({"lanes": [BUILTIN, BUILTIN]}, 422, "invalid_request", "the same target"),
        ({"lanes": [BUILTIN, {"provider": "builtin", "model": "builtin"}]}, 422, "invalid_request", "are the same"),
        ({"lanes": [BUILTIN, {"provider": "anthropic"}]}, 422, "invalid_request", "needs a key"),
        ({"lanes": [BUILTIN, {"model": "nobody"}]}, 404, "not_found", "nobody"),
        ({"judge": {"provider": "anthropic"}}, 422, "invalid_request", "judge.provider"),
        ({"judge": {"provider": "builtin"}}, 422, "invalid_request", "cannot judge"),
    ],
)
async def test_what_cannot_be_compared_is_refused_before_anything_begins(
    writer: Api, change: dict[str, Any], status: int, code: str, word: str
) -> None:
    dataset = await dataset_of(writer, 2)
    before = await writer.stored()
    body = {"dataset_id": dataset["id"], "split": "train", "lanes": [lane(), BUILTIN], **change}
    problem = refused(await writer.client.post("/comparisons/batch", json=body), status, code)
    assert word in json.dumps(problem)
    assert await writer.stored() == before


async def test_a_dataset_that_is_not_made_and_a_closed_contest_are_refused(writer: Api) -> None:
    dataset = await dataset_of(writer, 3)
    unmade = (await writer.post("/datasets", {"name": "New"}, status=202))["dataset"]
    body = {"dataset_id": unmade["id"], "split": "train", "lanes": [lane(), BUILTIN]}
    refused(await writer.client.post("/comparisons/batch", json=body), 409, "conflict")
    await writer.drain()
    batch = await compared(writer, dataset, [lane(), BUILTIN])
    closed = await writer.client.patch(f"/contests/{batch['contest_id']}", json={"closed": True})
    assert closed.status_code == 200
    body["dataset_id"] = dataset["id"]
    refused(await writer.client.post("/comparisons/batch", json=body), 409, "contest_closed")


async def test_differences_are_sorted_by_how_far_the_lanes_are_apart(writer: Api) -> None:
    dataset = await dataset_of(writer)
    batch = await compared(writer, dataset, [lane(), lane("unsure")], off_topic=OFF_TOPIC)
    found = batch["results"]["differences"]
    assert len(found) == dataset["train"]
    assert all(one["spread"] >= other["spread"] for one, other in pairwise(found))
    assert not {one["question"] for one in found} & set(OFF_TOPIC)


async def test_an_export_tells_who_wrote_what_so_who_may_only_vote_gets_none(keys: Keys) -> None:
    admin = await keys.sign_in()
    analyst = await keys.sign_in(role=Role.ANALYST)
    agents = [await admin.post("/agents", {"name": name}, status=201) for name in ("one", "two")]
    batch = await compared(admin, await dataset_of(admin), [{"agent_id": one["id"]} for one in agents], limit=1)
    path = f"/comparisons/batch/{batch['id']}"
    assert (await analyst.client.get(path)).status_code == 200
    refused(await analyst.client.get(f"{path}/export", params={"format": "csv"}), 403, "forbidden")
    assert (await admin.client.get(f"{path}/export", params={"format": "csv"})).status_code == 200
