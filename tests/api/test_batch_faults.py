"""A batch when a lane, a budget, a person or the database puts an end to it."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from backend.services import batch_asking
from backend.services.answering import Answering
from tests.api.batches import BUILTIN, begin, compared, dataset_of, exported, keys_of, lane, metric, questions
from tests.api.drafting import KEY, SERVER
from tests.mock_openai import MockServer
from tests.support import Api, eventually, refused


@pytest.fixture
async def dataset(writer: Api) -> dict[str, Any]:
    return await dataset_of(writer)


async def read(api: Api, batch: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await api.get(f"/comparisons/batch/{batch['id']}")
    return found


async def begun(api: Api, batch: dict[str, Any], done: int = 0) -> None:
    async def is_running() -> bool:
        job = (await read(api, batch))["job"]
        return job["status"] == "running" and len(await questions(api, batch)) >= done

    await eventually(is_running)


async def test_the_errors_of_a_lane_are_kept_counted_and_fail_nothing(writer: Api, dataset: dict[str, Any]) -> None:
    batch = await compared(writer, dataset, [lane("status-401"), BUILTIN])
    assert batch["job"]["status"] == "succeeded", batch["job"]["error"]
    keys, asked = keys_of(batch), dataset["train"]
    assert batch["results"]["failures"] == {keys["status-401"]: asked, keys["builtin"]: 0}
    assert batch["job"]["result"] == {"failures": asked, "judge_failures": 0}
    for name in ("refusal", "latency", "cost", "hit_at_k"):
        found = metric(batch, keys["status-401"], name)
        assert (found["n"], found["missing"], found["mean"]) == (0, asked, None)
    failed = [row for row in await exported(writer, batch) if row["name"] == "status-401"]
    assert all(row["error"] and not row["latency_ms"] for row in failed)
    assert all(one["can_vote"] is False for one in await questions(writer, batch))
    async with writer.scope.database.read() as session:
        query = "SELECT count(*) FROM comparison_lane WHERE answer IS NULL AND error IS NOT NULL"
        assert await session.scalar(sa.text(query)) == asked


@pytest.mark.fault("C16")
async def test_a_lane_that_never_answers_takes_its_own_time_alone(
    writer: Api, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, slots = await dataset_of(writer, paraphrases=3), batch_asking.AT_ONCE // 2
    assert dataset["train"] > slots + 4
    monkeypatch.setattr(asking_of(writer), "lane_seconds", 3.0)
    batch = await begin(writer, dataset, [lane("hang"), lane()], limit=slots + 4)
    await writer.drain()
    found = await read(writer, batch)
    assert found["job"]["status"] == "succeeded"
    keys = keys_of(found)
    assert found["results"]["failures"] == {keys["hang"]: slots + 4, keys["ok"]: 0}
    errors = {row["error"] for row in await exported(writer, found) if row["name"] == "hang"}
    assert errors == {"'hang' did not answer within 3 s; the others have theirs"}
    order = [request.model for request in mock.app.requests if request.path.endswith("completions")]
    rounds = [place for place, model in enumerate(order) if model == "hang"]
    assert order[rounds[slots] :].count("ok") == 0  # all were asked before the second round of the one that hangs


async def test_sixteen_lanes_are_asked_at_once_and_never_more(writer: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = await dataset_of(writer, paraphrases=3)
    inner, under_way, most = Answering.answer, 0, 0
    full = asyncio.Event()

    async def counted(self: Answering, workspace_id: Any, inquiry: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == batch_asking.AT_ONCE:
            full.set()
        await full.wait()
        try:
            async for event in inner(self, workspace_id, inquiry):
                yield event
        finally:
            under_way -= 1

    monkeypatch.setattr(Answering, "answer", counted)
    batch = await compared(writer, dataset, [lane(), BUILTIN])
    assert batch["job"]["status"] == "succeeded"
    assert (most, under_way) == (batch_asking.AT_ONCE, 0)


def asking_of(api: Api) -> batch_asking.BatchAsking:
    """That of the running workflow."""
    inner: Any = api.scope.workflows["compare"]
    compare = inner._inner.__closure__
    found = next(cell.cell_contents for cell in compare if hasattr(cell.cell_contents, "_asking"))
    asking: batch_asking.BatchAsking = found._asking
    return asking


async def test_lanes_that_all_fail_from_the_start_end_it_with_the_cause(writer: Api) -> None:
    dataset = await dataset_of(writer, 12, paraphrases=3)
    assert dataset["train"] > batch_asking.TELLING
    batch = await compared(writer, dataset, [lane("status-401"), lane("status-404")])
    assert (batch["job"]["status"], batch["job"]["error"]["code"]) == ("failed", "nothing_answered")
    assert "first 20 questions" in batch["job"]["error"]["detail"]
    assert "status-404" in batch["job"]["error"]["detail"]
    assert batch["results"] is None
    assert await questions(writer, batch) == []


async def test_what_ends_a_day_s_budget_ends_the_batch_and_keeps_what_was_compared(writer: Api) -> None:
    dataset = await dataset_of(writer, 12, paraphrases=3)
    body = {"name": "Sales", "provider": SERVER, "model": "ok", "daily_tokens": 4_000}
    agent = await writer.post("/agents", body, status=201)
    batch = await compared(writer, dataset, [{"agent_id": agent["id"]}, BUILTIN])
    assert (batch["job"]["status"], batch["job"]["error"]["code"]) == ("failed", "budget_exhausted")
    assert "Sales" in batch["job"]["error"]["detail"]
    kept = await questions(writer, batch)
    assert 0 < len(kept) < dataset["train"]
    assert all(len(one["lanes"]) == 2 for one in kept)
    used = (await writer.get(f"/agents/{agent['id']}"))["used_today"]
    assert used % 19 == 0  # what was held is given back
    assert used >= 19 * len(kept)

    edited = await writer.client.patch(f"/agents/{agent['id']}", json={"daily_tokens": None})
    assert edited.status_code == 200
    await writer.post(f"/jobs/{batch['id']}/retry")
    await writer.drain()
    again = await read(writer, batch)
    assert (again["job"]["status"], again["job"]["attempt"]) == ("succeeded", 2)
    assert len(await exported(writer, batch)) == 2 * dataset["train"]


@pytest.mark.fault("B6")
async def test_a_batch_is_cancelled_in_every_state(writer: Api, mock: MockServer, dataset: dict[str, Any]) -> None:
    batch = await begin(writer, dataset, [lane("hang"), BUILTIN])
    cancelled = await writer.post(f"/jobs/{batch['id']}/cancel")
    assert cancelled["status"] in ("cancelled", "running")
    await writer.drain()
    assert (await read(writer, batch))["job"]["status"] == "cancelled"

    batch = await begin(writer, dataset, [lane("hang"), BUILTIN])
    await begun(writer, batch)
    assert await asyncio.to_thread(mock.app.started.wait, 20)
    await writer.post(f"/jobs/{batch['id']}/cancel")
    await asyncio.wait_for(writer.drain(), 10)
    ended = await read(writer, batch)
    assert (ended["job"]["status"], ended["results"]) == ("cancelled", None)
    refused(await writer.client.post(f"/jobs/{batch['id']}/cancel"), 409, "conflict")

    batch = await begin(writer, dataset, [lane(), lane("unsure")], judge={"provider": SERVER, "model": "hang"})
    await begun(writer, batch, done=dataset["train"])
    await writer.post(f"/jobs/{batch['id']}/cancel")
    await asyncio.wait_for(writer.drain(), 10)
    assert (await read(writer, batch))["job"]["status"] == "cancelled"
    assert len(await questions(writer, batch)) == dataset["train"]
    await writer.post(f"/jobs/{batch['id']}/retry")
    await begun(writer, batch)
    await writer.post(f"/jobs/{batch['id']}/cancel")
    await asyncio.wait_for(writer.drain(), 10)


@pytest.mark.fault("A25")
async def test_a_dataset_that_is_deleted_ends_the_batch_with_the_reason(
    writer: Api, dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    inner = Answering.answer

    async def held(self: Answering, workspace_id: Any, inquiry: Any) -> Any:
        reached.set()
        await go_on.wait()
        async for event in inner(self, workspace_id, inquiry):
            yield event

    monkeypatch.setattr(Answering, "answer", held)
    batch = await begin(writer, dataset, [lane(), BUILTIN])
    await reached.wait()
    assert (await writer.client.delete(f"/datasets/{dataset['id']}")).status_code == 204
    go_on.set()
    await writer.drain()
    ended = await read(writer, batch)
    assert (ended["job"]["status"], ended["dataset_id"], ended["dataset_name"]) == ("cancelled", None, "Support")
    assert "the dataset 'Support', version 1, was deleted" in ended["job"]["message"]
    assert ended["results"] is None
    assert await questions(writer, batch) == []


async def test_a_contest_is_not_deleted_under_a_batch(writer: Api, dataset: dict[str, Any]) -> None:
    batch = await begin(writer, dataset, [lane("hang"), BUILTIN])
    refused(await writer.client.delete(f"/contests/{batch['contest_id']}"), 409, "conflict")
    await writer.post(f"/jobs/{batch['id']}/cancel")
    await writer.drain()
    assert (await writer.client.delete(f"/contests/{batch['contest_id']}")).status_code == 204
    refused(await writer.client.get(f"/comparisons/batch/{batch['id']}"), 404, "not_found")
    await writer.post(f"/jobs/{batch['id']}/retry")
    await writer.drain()
    job = await writer.get(f"/jobs/{batch['id']}")
    assert (job["status"], "contest" in job["message"]) == ("cancelled", True)


async def test_a_target_that_was_changed_meanwhile_is_not_asked_in_the_place_of_what_it_was(
    writer: Api, dataset: dict[str, Any]
) -> None:
    agent = await writer.post("/agents", {"name": "Sales", "provider": SERVER, "model": "hang"}, status=201)
    batch = await begin(writer, dataset, [{"agent_id": agent["id"]}, BUILTIN])
    await writer.post(f"/jobs/{batch['id']}/cancel")
    await writer.drain()
    edit = {"parameters": {"instructions": "Answer in rhymes."}}
    assert (await writer.client.patch(f"/agents/{agent['id']}", json=edit)).status_code == 200
    await writer.post(f"/jobs/{batch['id']}/retry")
    await writer.drain()
    job = (await read(writer, batch))["job"]
    assert (job["status"], job["error"]["code"]) == ("failed", "contestant_changed")
    assert "'Sales'" in job["error"]["detail"]


async def test_no_key_is_in_what_is_stored_of_a_batch(writer: Api, dataset: dict[str, Any]) -> None:
    batch = await compared(writer, dataset, [lane(), BUILTIN], judge={"provider": SERVER, "model": "ok"})
    async with writer.scope.database.read() as session:
        for table in ("job", "comparison_batch", "comparison", "comparison_lane", "contest"):
            rows = (await session.execute(sa.text(f"SELECT * FROM {table}"))).all()
            assert rows
            assert KEY not in str(rows)
    assert KEY not in str(batch)
