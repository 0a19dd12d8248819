"""Paraphrases that a model writes: checked, within a budget, and not asked for twice."""

import re
from typing import Any

import pytest

from backend.errors import ProviderUnavailable
from backend.services.rewording import ModelRewording
from tests.api.test_datasets import fill, make, rows_of
from tests.mock_openai import MockServer
from tests.support import Api, refused

KEY = "sk-test-abcdefghij0123456789"
Json = dict[str, Any]


@pytest.fixture
async def furnished(api: Api, mock: MockServer) -> Api:
    await fill(api)
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "api_key": KEY})
    return api


def by(model: str = "ok", **more: Any) -> Json:
    return {"provider": "openai-compatible", "model": model, **more}


async def paraphrases(api: Api, dataset: Json) -> list[Json]:
    return [row for row in await rows_of(api, dataset) if row["origin"] == "paraphrase"]


async def test_what_a_model_writes_goes_in_with_its_name_and_the_rules_fill_up(furnished: Api) -> None:
    dataset = await make(furnished, reword_by=by(), paraphrases=4)
    rows = await paraphrases(furnished, dataset)
    written = [row for row in rows if row["source"]["reworded_by"] == "model"]
    assert {row["source"]["rewording"] for row in written} == {"openai-compatible: ok"}
    assert {row["question"].split()[0] for row in written} <= {"Please", "I", "Do"}
    assert {row["split"] for row in written} == {"train", "validation", "held_out"}
    assert any(row["source"]["reworded_by"] == "rule" for row in rows)
    of_one = [row["question"] for row in rows if row["source"]["faq_id"] == rows[0]["source"]["faq_id"]]
    assert len(of_one) == len({one.casefold() for one in of_one}) <= 4
    [wrote, dropped] = dataset["notes"]
    assert wrote.startswith(f"openai-compatible: ok wrote {len(written)} paraphrases")
    assert "were there already" in dropped


async def test_what_asks_for_something_else_is_dropped_and_counted(furnished: Api) -> None:
    dataset = await make(furnished, reword_by=by("invent"))
    assert "moon" not in str(await rows_of(furnished, dataset))
    assert "may ask for something else" in dataset["notes"][1]


async def test_at_the_end_of_the_budget_the_rules_write_the_rest(furnished: Api, mock: MockServer) -> None:
    dataset = await make(furnished, reword_by=by(budget_tokens=2_000))
    asked = len(mock.app.requests)
    assert 0 < asked < dataset["faqs"]
    assert dataset["notes"][-1].startswith(f"The budget ended before {dataset['faqs'] - asked}")
    rows = await paraphrases(furnished, dataset)
    assert {row["source"]["reworded_by"] for row in rows} == {"model", "rule"}


async def test_answers_that_cannot_be_read_end_the_job_with_the_cause(furnished: Api) -> None:
    body = {"name": "Support", "reword_by": by("badjson-twice")}
    accepted = await furnished.post("/datasets", body, status=202)
    await furnished.drain()
    job = await furnished.get(f"/jobs/{accepted['job']['id']}")
    assert (job["status"], job["error"]["code"]) == ("failed", "provider_bad_answer")


async def test_another_attempt_asks_only_for_what_is_missing(
    furnished: Api, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = ModelRewording._checked
    seen: list[str] = []

    async def breaks(self: ModelRewording, example: Any, *rest: Any) -> Any:
        seen.append(example.question)
        if len(seen) == 6:
            raise ProviderUnavailable("down")
        return await checked(self, example, *rest)

    monkeypatch.setattr(ModelRewording, "_checked", breaks)
    accepted = await furnished.post("/datasets", {"name": "Support", "reword_by": by()}, status=202)
    await furnished.drain()
    job = await furnished.get(f"/jobs/{accepted['job']['id']}")
    assert (job["status"], job["error"]["code"]) == ("failed", "provider_unavailable")
    first, kept = len(mock.app.requests), (await furnished.stored()).rows["dataset_wording"]
    assert kept == first - 1, "the calls under way came to their end"
    inner, steps = ModelRewording.wordings, list[tuple[int, int]]()

    async def watched(self: ModelRewording, *given: Any, step: Any, **more: Any) -> Any:
        async def seen(done: int, total: int) -> None:
            steps.append((done, total))
            await step(done, total)

        return await inner(self, *given, step=seen, **more)

    monkeypatch.setattr(ModelRewording, "wordings", watched)
    await furnished.post(f"/jobs/{job['id']}/retry")
    await furnished.drain()
    assert steps[0] == (kept, kept + len(mock.app.requests) - first), "it counts on"
    dataset = await furnished.get(f"/datasets/{accepted['dataset']['id']}")
    assert dataset["content_hash"]
    assert len(mock.app.requests) - first == dataset["faqs"] - kept
    assert (await furnished.stored()).rows["dataset_wording"] == 0


@pytest.mark.parametrize(
    ("chosen", "says"),
    [({"provider": "builtin"}, "cannot write paraphrases"), ({"provider": "nobody"}, "no model provider 'nobody'")],
)
async def test_a_model_that_cannot_write_them_is_refused(furnished: Api, chosen: Json, says: str) -> None:
    answer = await furnished.client.post("/datasets", json={"name": "Support", "reword_by": chosen})
    assert says in refused(answer, 422, answer.json()["code"])["detail"]


async def test_a_model_that_is_to_write_no_paraphrase_is_refused(furnished: Api) -> None:
    body = {"name": "Support", "reword_by": by(), "paraphrases": 0}
    answer = await furnished.client.post("/datasets", json=body)
    detail = refused(answer, 422, "invalid_request")["detail"]
    assert "ask for 1 to 8, or leave the model out" in detail
    assert (await furnished.stored()).rows["dataset"] == 0


async def test_a_budget_below_one_question_is_refused_with_the_least(furnished: Api, mock: MockServer) -> None:
    body: Json = {"name": "Support", "reword_by": by(budget_tokens=10)}
    detail = refused(await furnished.client.post("/datasets", json=body), 422, "invalid_request")["detail"]
    found = re.search(r"give at least ([\d,]+), or no limit", detail)
    assert found is not None, detail
    least = int(found[1].replace(",", ""))
    below = {**body, "reword_by": by(budget_tokens=least - 1)}
    refused(await furnished.client.post("/datasets", json=below), 422, "invalid_request")
    dataset = await make(furnished, reword_by=by(budget_tokens=least))
    assert len(mock.app.requests) >= 1
    assert "paraphrases of 0 questions" not in dataset["notes"][0]
