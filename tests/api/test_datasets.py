"""Datasets from approved FAQs: what goes in, on which side, and that it stays what it was."""

from collections import defaultdict
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.datasets.rephrasing import HELD_OUT_RULES, TRAINING_RULES
from backend.repositories.datasets import DatasetRepository
from backend.services import dataset_making
from tests.support import Api, refused

TOPICS = (
    "the boiler",
    "an invoice",
    "my password",
    "the coffee machine",
    "a parcel",
    "the alarm",
    "the newsletter",
    "a refund",
    "the scanner",
    "a holiday",
    "the printer",
    "an account",
)
VERBS = ("order", "cancel", "reset", "repair")


async def fill(api: Api, count: int = 12, *, tags: list[str] | None = None, verb: str = "order") -> list[str]:
    """Approved FAQs about different things; their ids."""
    made = [
        await api.add_faq(
            f"How do I {verb} {topic}?",
            f"To {verb} {topic}, open the page of {topic} and choose '{verb}' in the menu {at}.",
            tags=tags or [],
        )
        for at, topic in enumerate(TOPICS[:count])
    ]
    return [faq["id"] for faq in made]


async def make(api: Api, name: str = "Support", **recipe: Any) -> dict[str, Any]:
    """A dataset whose job has ended."""
    accepted = await api.post("/datasets", {"name": name, **recipe}, status=202)
    assert accepted["job"]["status"] == "pending"
    assert accepted["dataset"]["content_hash"] is None
    await api.drain()
    found: dict[str, Any] = await api.get(f"/datasets/{accepted['dataset']['id']}")
    return found


async def rows_of(api: Api, dataset: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page = await api.get(f"/datasets/{dataset['id']}/rows", limit=50, **query)
    rows += page["items"]
    while page["next_cursor"]:
        page = await api.get(f"/datasets/{dataset['id']}/rows", limit=50, cursor=page["next_cursor"], **query)
        rows += page["items"]
    return rows


async def test_approved_faqs_become_rows_that_say_where_they_come_from(api: Api) -> None:
    ids = await fill(api)
    document = await api.extracted()  # drafts, which stay out
    dataset = await make(api)
    rows = await rows_of(api, dataset)

    assert len(dataset["content_hash"]) == 64
    assert (dataset["name"], dataset["version"], dataset["faqs"]) == ("Support", 1, 12)
    assert {row["source"]["faq_id"] for row in rows} == set(ids)
    assert {row["source"]["document_id"] for row in rows} == {None} != {str(document)}
    counts = {split: sum(row["split"] == split for row in rows) for split in ("train", "validation", "held_out")}
    assert counts == {split: dataset[split] for split in counts}
    assert all(counts.values())
    by_id = {faq["id"]: faq for faq in await api.faqs(status="approved")}
    for row in rows:
        faq = by_id[row["source"]["faq_id"]]
        assert row["answer"] == faq["answer"]
        assert row["source"]["faq_revision"] == 1
        if row["origin"] == "faq":
            assert row["question"] == faq["question"]
        else:
            assert row["source"]["reworded_from"] == faq["question"] != row["question"]


async def test_all_that_asks_the_same_is_on_one_side_and_held_out_questions_are_worded_by_other_rules(api: Api) -> None:
    await fill(api)
    near = await api.add_faq("How can I order the boiler?", "Somebody else wrote an answer of their own to it.")
    rows = await rows_of(api, await make(api, paraphrases=4))

    sides: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        sides[row["source"]["faq_id"]].add(row["split"])
    assert all(len(side) == 1 for side in sides.values())
    boiler = {row["source"]["faq_id"] for row in rows if row["question"] == "How do I order the boiler?"}
    assert sides[near["id"]] == sides[boiler.pop()]
    worded = {
        side: {row["source"]["rewording"] for row in rows if row["split"] == side} - {None}
        for side in ("train", "validation", "held_out")
    }
    assert worded["train"] <= TRAINING_RULES.keys()
    assert worded["validation"] | worded["held_out"] <= HELD_OUT_RULES.keys()
    assert all(worded.values())


async def test_the_same_choice_of_the_same_faqs_is_the_same_dataset(api: Api) -> None:
    await fill(api)
    first, second = await make(api), await make(api)
    other = await make(api, name="Other", seed="another")
    assert (first["version"], second["version"]) == (1, 2)
    assert first["content_hash"] == second["content_hash"] != other["content_hash"]


async def test_a_dataset_stays_what_it_was_when_its_faqs_change(api: Api) -> None:
    ids = await fill(api)
    dataset = await make(api)
    before = await rows_of(api, dataset)
    await api.client.patch(f"/faqs/{ids[0]}", json={"revision": 1, "answer": "Another answer by now."})
    await api.post("/faqs/reject", {"ids": [ids[1]]})
    assert await rows_of(api, dataset) == before
    assert (await api.get(f"/datasets/{dataset['id']}"))["content_hash"] == dataset["content_hash"]
    newer = await rows_of(api, await make(api))
    assert {row["source"]["faq_revision"] for row in newer if row["source"]["faq_id"] == ids[0]} == {2}
    assert ids[1] not in {row["source"]["faq_id"] for row in newer}


async def test_a_faq_stays_in_its_split_when_others_are_added(api: Api) -> None:
    await fill(api)
    old = {row["source"]["faq_id"]: row["split"] for row in await rows_of(api, await make(api))}
    for verb in ("cancel", "repair"):
        await fill(api, verb=verb)
    new = {row["source"]["faq_id"]: row["split"] for row in await rows_of(api, await make(api))}
    moved = {faq for faq, split in old.items() if new[faq] != split}
    assert len(new) == 36
    # What new FAQs connect may move, and then only to where it was learnt from.
    assert all(new[faq] == "train" for faq in moved)
    assert len(moved) < 4


async def test_faqs_are_chosen_by_tag_document_and_time(api: Api) -> None:
    await fill(api, 4, tags=["Billing"])
    await fill(api, 4, tags=["Other"], verb="repair")
    document = await api.extracted()
    await api.approve_all()
    drafted = [faq["id"] for faq in await api.faqs(document_id=str(document))]

    async def faqs(**where: Any) -> set[str]:
        rows = await rows_of(api, await make(api, name=str(uuid4()), filter=where, paraphrases=0))
        return {row["source"]["faq_id"] for row in rows}

    assert len(await faqs(tags=["Billing"])) == 4
    assert len(await faqs(tags=["Billing", "Other"])) == 8
    assert await faqs(document_ids=[str(document)]) == set(drafted)
    refused(
        await api.client.post("/datasets", json={"name": "D", "filter": {"tags": ["Nobody"]}}), 422, "invalid_request"
    )
    until = {"name": "D", "filter": {"until": "2020-01-01T00:00:00Z"}}
    assert (
        "no approved FAQ fits"
        in refused(await api.client.post("/datasets", json=until), 422, "invalid_request")["detail"]
    )
    assert len(await faqs(since="2020-01-01T00:00:00Z")) == 8 + len(drafted)


async def test_a_document_that_is_not_there_is_said_so(api: Api) -> None:
    await fill(api, 3)
    body = {"name": "D", "filter": {"document_ids": [str(uuid4())]}}
    refused(await api.client.post("/datasets", json=body), 404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"fractions": {"train": 0.5, "validation": 0.1, "held_out": 0.1}},
        {"fractions": {"train": 0.0, "validation": 0.5, "held_out": 0.5}},
        {"paraphrases": 9},
        {"paraphrases": -1},
        {"name": " "},
        {"filter": {"since": "yesterday"}},
    ],
    ids=["shares", "nothing to train on", "too many", "negative", "no name", "no time"],
)
async def test_a_recipe_that_makes_no_sense_is_refused_by_its_field(api: Api, wrong: dict[str, Any]) -> None:
    await fill(api, 3)
    problem = refused(await api.client.post("/datasets", json={"name": "D", **wrong}), 422, "invalid_request")
    assert next(iter(wrong)) in str(problem["errors"])


async def test_one_faq_cannot_be_split_and_the_job_says_what_is_needed(api: Api) -> None:
    await fill(api, 1)
    dataset = await make(api)
    job = await api.get(f"/jobs/{dataset['job_id']}")
    assert (job["status"], job["error"]["code"]) == ("failed", "invalid_request")
    assert "at least 2 are needed" in job["error"]["detail"]
    assert dataset["content_hash"] is None
    problem = refused(await api.client.get(f"/datasets/{dataset['id']}/rows"), 409, "conflict")
    assert dataset["job_id"] in problem["detail"]


async def test_what_is_wrong_with_the_rows_is_told_and_never_shows_a_secret(api: Api) -> None:
    await fill(api)
    await api.add_faq("Which key opens the API?", "Send the header with sk-proj-abcdEFGH1234ijklMNOP5678qrstUVWX90yz.")
    await api.add_faq("Who helps me with the lift?", "Write to berta.beispiel@firma-mueller.de, she helps.")
    dataset = await make(api, paraphrases=0)
    assert {"secret", "personal_data"} <= dataset["found"].keys()
    told = str(dataset["findings"])
    assert "abcdEFGH1234" not in told
    assert "berta.beispiel" not in told
    finding = next(one for one in dataset["findings"] if one["code"] == "secret")
    row = next(row for row in await rows_of(api, dataset) if row["id"] == finding["rows"][0])
    assert row["question"] == "Which key opens the API?"


async def test_rows_are_read_by_split_and_in_pages(api: Api) -> None:
    await fill(api)
    dataset = await make(api)
    parts = [await rows_of(api, dataset, split=split) for split in ("train", "validation", "held_out")]
    assert [row for part in parts for row in part] == await rows_of(api, dataset)
    assert [len(part) for part in parts] == [dataset["train"], dataset["validation"], dataset["held_out"]]
    first = await api.get(f"/datasets/{dataset['id']}/rows", limit=1)
    assert len(first["items"]) == 1
    refused(await api.client.get(f"/datasets/{dataset['id']}/rows?split=test"), 422, "invalid_request")


async def test_a_job_that_broke_while_it_stored_makes_the_same_dataset_when_it_is_tried_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(api)
    whole = await make(api)
    monkeypatch.setattr(dataset_making, "BATCH", 5)
    put, calls = DatasetRepository.put_rows, 0

    async def breaks(self: DatasetRepository, rows: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RuntimeError("the machine is gone")
        await put(self, rows)

    monkeypatch.setattr(DatasetRepository, "put_rows", breaks)
    broken = await make(api)
    assert broken["content_hash"] is None
    assert (await api.get(f"/jobs/{broken['job_id']}"))["status"] == "failed"
    assert (await api.stored()).rows["dataset_row"] == len(await rows_of(api, whole)) + 10
    await api.post(f"/jobs/{broken['job_id']}/retry")
    await api.drain()
    again = await api.get(f"/datasets/{broken['id']}")
    assert again["content_hash"] == whole["content_hash"]
    assert await rows_of(api, again) == await rows_of(api, whole)


async def test_a_dataset_deleted_while_it_is_made_leaves_nothing_and_its_job_is_cancelled(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(api)
    monkeypatch.setattr(dataset_making, "BATCH", 5)
    put, ids = DatasetRepository.put_rows, list[UUID]()

    async def remembers(self: DatasetRepository, rows: Any) -> None:
        await put(self, rows)
        ids.append(rows[0]["dataset_id"])

    collect = dataset_making.DatasetMaking._freeze

    async def deleted_before(self: Any, dataset: Any, *rest: Any) -> Any:
        assert (await api.client.delete(f"/datasets/{dataset.id}")).status_code == 204
        return await collect(self, dataset, *rest)

    monkeypatch.setattr(DatasetRepository, "put_rows", remembers)
    monkeypatch.setattr(dataset_making.DatasetMaking, "_freeze", deleted_before)
    accepted = await api.post("/datasets", {"name": "Gone"}, status=202)
    await api.drain()
    assert len(ids) > 1
    assert (await api.get(f"/jobs/{accepted['job']['id']}"))["status"] == "cancelled"
    refused(await api.client.get(f"/datasets/{accepted['dataset']['id']}"), 404, "not_found")
    stored = (await api.stored()).rows
    assert (stored["dataset"], stored["dataset_row"]) == (0, 0)


async def test_a_deleted_dataset_leaves_nothing_and_the_others_stay(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.services.datasets.BATCH", 7)
    await fill(api)
    one, other = await make(api), await make(api)
    assert (await api.client.delete(f"/datasets/{one['id']}")).status_code == 204
    assert [item["id"] for item in (await api.get("/datasets"))["items"]] == [other["id"]]
    assert (await api.stored()).rows["dataset_row"] == len(await rows_of(api, other))
    refused(await api.client.delete(f"/datasets/{one['id']}"), 404, "not_found")


async def test_a_version_number_is_not_given_twice_while_a_later_one_exists(api: Api) -> None:
    await fill(api, 3)
    one, two = await make(api), await make(api)
    await api.client.delete(f"/datasets/{one['id']}")
    assert (await make(api))["version"] == two["version"] + 1
