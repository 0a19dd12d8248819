"""Datasets as files: what is written is read back as the same dataset, and other programs' files become one."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from tests.api.test_datasets import fill, make, rows_of
from tests.support import Api, refused

FORMS = ["openai", "alpaca", "alpaca_lines", "sharegpt", "csv"]


async def exported(api: Api, dataset: dict[str, Any], form: str, **query: str) -> str:
    answer = await api.client.get(f"/datasets/{dataset['id']}/export", params={"format": form, **query})
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return answer.text


async def sent(api: Api, content: bytes, name: str = "rows.jsonl", **query: str) -> httpx.Response:
    form = [("files", (name, content, "application/octet-stream"))]
    return await api.client.post("/datasets/import", params={"name": "Imported", **query}, files=form)


async def imported(api: Api, content: bytes, name: str = "rows.jsonl") -> dict[str, Any]:
    """A dataset whose job has ended."""
    answer = await sent(api, content, name)
    assert answer.status_code == 202, answer.text
    await api.drain()
    found: dict[str, Any] = await api.get(f"/datasets/{answer.json()['dataset']['id']}")
    return found


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_exported_is_imported_as_the_same_dataset(
    api: Api, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.services.datasets.EXPORTED", 7)
    await fill(api)
    dataset = await make(api, system="Answer briefly.")
    again = await imported(api, (await exported(api, dataset, form)).encode())
    assert again["content_hash"] == dataset["content_hash"]
    assert await rows_of(api, again) == await rows_of(api, dataset)
    assert (again["file"], again["recipe"], dataset["file"]) == ("rows.jsonl", None, None)


async def test_a_file_for_other_programs_has_their_keys_alone(api: Api) -> None:
    await fill(api)
    dataset = await make(api, system="Answer briefly.")
    lines = (await exported(api, dataset, "openai", metadata="false", split="train")).splitlines()
    rows = await rows_of(api, dataset, split="train")
    assert [json.loads(line) for line in lines] == [
        {
            "messages": [
                {"role": "system", "content": "Answer briefly."},
                {"role": "user", "content": row["question"]},
                {"role": "assistant", "content": row["answer"]},
            ]
        }
        for row in rows
    ]
    table = list(csv.reader(io.StringIO(await exported(api, dataset, "csv", metadata="false"))))
    assert table[0] == ["question", "answer", "system", "split"]
    assert len(table) == 1 + len(await rows_of(api, dataset))


async def test_a_file_of_another_program_is_split_here_and_every_row_says_its_place(api: Api) -> None:
    words = ("boiler", "invoice", "password", "parcel", "alarm", "refund", "scanner", "holiday", "printer", "account")
    lines = [
        {
            "instruction": f"Where is the {word} of house {at}?",
            "input": "",
            "output": f"It is on shelf {at * 7} {word}.",
        }
        for at, word in enumerate(words)
    ]
    dataset = await imported(api, "\n".join(map(json.dumps, lines)).encode(), "alpaca.jsonl")
    rows = await rows_of(api, dataset)
    assert sorted(row["question"] for row in rows) == sorted(line["instruction"] for line in lines)
    assert {row["origin"] for row in rows} == {"imported"}
    assert {(row["source"]["file"], row["source"]["row"]) for row in rows} == {
        ("alpaca.jsonl", number) for number in range(1, 11)
    }
    assert {row["split"] for row in rows} == {"train", "validation", "held_out"}
    assert list(api.settings.tuned.rglob("*.import")) == []


async def test_a_row_that_is_wrong_is_named_and_the_file_can_be_sent_again(api: Api) -> None:
    good = json.dumps({"messages": [{"role": "user", "content": "A?"}, {"role": "assistant", "content": "B."}]})
    dataset = await imported(api, f'{good}\n{{"messages": 3}}\n'.encode())
    job = await api.get(f"/jobs/{dataset['job_id']}")
    assert (job["status"], job["error"]["code"]) == ("failed", "unreadable_dataset")
    assert "'rows.jsonl', row 2" in job["error"]["detail"]
    assert dataset["content_hash"] is None
    assert (await api.client.delete(f"/datasets/{dataset['id']}")).status_code == 204
    assert list(api.settings.tuned.rglob("*.import")) == []


async def test_no_file_several_and_no_form_are_refused_and_leave_nothing(api: Api) -> None:
    before = await api.stored()
    two = [("files", ("a.csv", b"question,answer\na,b\n", "text/csv"))] * 2
    problem = refused(
        await api.client.post("/datasets/import", params={"name": "D"}, files=two), 422, "invalid_request"
    )
    assert "exactly one" in problem["detail"]
    refused(await api.client.post("/datasets/import?name=D", content=b"{}"), 422, "invalid_request")
    refused(await api.client.post("/datasets/import", files=two[:1]), 422, "invalid_request")
    assert await api.stored() == before


async def test_a_repeated_import_with_the_same_key_gives_the_same_dataset(api: Api) -> None:
    await fill(api)
    content = (await exported(api, await make(api), "csv")).encode()
    form = [("files", ("rows.csv", content, "text/csv"))]
    key = {"Idempotency-Key": "import-1"}
    answers = [
        await api.client.post("/datasets/import", params={"name": "D"}, files=form, headers=key) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    other = [("files", ("rows.csv", content + b"x", "text/csv"))]
    refused(
        await api.client.post("/datasets/import", params={"name": "D"}, files=other, headers=key),
        422,
        "idempotency_mismatch",
    )


async def test_a_dataset_that_is_not_made_is_not_exported(api: Api) -> None:
    await fill(api, 1)
    dataset = await make(api)
    refused(await api.client.get(f"/datasets/{dataset['id']}/export"), 409, "conflict")
    refused(await api.client.get(f"/datasets/{dataset['id']}/export?format=pickle"), 422, "invalid_request")
