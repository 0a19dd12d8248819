"""Lists of FAQs: filters, search as written, orders, pages that stay stable, exports."""

import base64
import csv
import io
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.support import Api, refused

TEXTS = ["100% sure", "100 % sure", "snake_case", "snakeXcase", 'say "yes"', "it's", "back\\slash", "GROSS", "Grün"]


async def every_page(api: Api, limit: int, **query: str) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await api.get("/faqs", limit=limit, **query, **cursor)
        found += [faq["id"] for faq in page["items"]]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == limit
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("100%", ["100% sure"]),
        ("%", ["100% sure", "100 % sure"]),
        ("snake_case", ["snake_case"]),
        ("_", ["snake_case"]),
        ('"', ['say "yes"']),
        ("'", ["it's"]),
        ("\\", ["back\\slash"]),
        ("gross", ["GROSS"]),
        ("grün", ["Grün"]),
        ("nothing", []),
    ],
)
async def test_a_search_takes_every_character_as_it_is_written(api: Api, q: str, found: list[str]) -> None:
    for text in TEXTS:
        await api.add_faq(f"What about {text}", "x")
    assert sorted(faq["question"][11:] for faq in await api.faqs(q=q)) == sorted(found)


async def test_filters_narrow_the_list_and_the_counts_together(api: Api) -> None:
    document = str(await api.extracted())
    manual = await api.add_faq("Who?", "Somebody.", tags=["people", "a,b"])
    drafts = await api.faqs(document_id=document)
    await api.post("/faqs/reject", {"ids": [drafts[0]["id"]]})

    assert {faq["id"] for faq in await api.faqs(status="draft")} == {faq["id"] for faq in drafts[1:]}
    assert [faq["id"] for faq in await api.faqs(kind="manual")] == [manual["id"]]
    assert [faq["id"] for faq in await api.faqs(tag="a,b")] == [manual["id"]]
    assert await api.faqs(tag="a") == []
    counts = await api.get("/faqs/counts", document_id=document)
    assert counts == {"draft": len(drafts) - 1, "approved": 0, "rejected": 1}
    assert await api.get("/faqs/counts", q="somebody") == {"draft": 0, "approved": 1, "rejected": 0}
    refused(await api.client.get("/faqs", params={"document_id": str(uuid4())}), 404, "not_found")
    refused(await api.client.get("/faqs/counts", params={"group_id": str(uuid4())}), 404, "not_found")


async def test_a_list_has_the_faqs_of_the_collections_that_it_asks_for(api: Api) -> None:
    document = str(await api.extracted())
    drafted = {faq["question"] for faq in await api.faqs()}
    ids = {
        name: (await api.post("/collections", {"name": name}, status=201))["id"] for name in ("tea", "books", "bare")
    }
    await api.post(
        "/ingest", {"collection": "tea", "faqs": [{"question": "Is there tea?", "answer": "Yes."}]}, status=202
    )
    await api.post("/ingest", {"collection": "books", "document_ids": [document]}, status=202)
    await api.add_faq("Who?")
    await api.drain()

    async def asked(*names: str, **query: str) -> set[str]:
        params = {**query, "collection_id": [ids.get(name) or await api.collection() for name in names]}
        answer = await api.client.get("/faqs", params=params)
        assert answer.status_code == 200, answer.text
        return {faq["question"] for faq in answer.json()["items"]}

    assert await asked("tea") == {"Is there tea?"}
    assert await asked("books") == drafted
    assert await asked("books", status="approved") == set()
    assert await asked("tea", "books") == {"Is there tea?"} | drafted
    assert await asked("bare") == set()
    assert await asked("tea", "default") == {"Is there tea?", "Who?"} | drafted
    assert await api.get("/faqs/counts", collection_id=ids["tea"]) == {"draft": 0, "approved": 1, "rejected": 0}
    assert len((await api.client.get("/faqs/export", params={"collection_id": ids["tea"]})).text.splitlines()) == 1
    many = {"collection_id": [ids["tea"]] * 33}
    refused(await api.client.get("/faqs", params=many), 422, "invalid_request")


async def test_near_duplicates_of_two_documents_share_a_group(api: Api) -> None:
    await api.extracted("a.md", b"# Machine\n\n## How do I descale the machine?\n\nWith the descaler and some water.\n")
    await api.extracted("b.md", b"# Other\n\n## How do I descale the machine?\n\nUse vinegar, then rinse it twice.\n")
    faqs = [faq for faq in await api.faqs() if faq["question"] == "How do I descale the machine?"]
    assert len(faqs) == 2
    groups = {faq["group_id"] for faq in faqs}
    assert len(groups) == 1
    assert {faq["id"] for faq in await api.faqs(group_id=str(groups.pop()))} == {faq["id"] for faq in faqs}


async def test_each_faq_says_how_many_of_its_group_are_not_rejected(api: Api) -> None:
    for number, answer in enumerate(("With the descaler.", "Use vinegar, then rinse.", "Call the service team.")):
        text = f"# Book {number}\n\n## How do I descale the machine?\n\n{answer} It takes twenty minutes.\n"
        await api.extracted(f"{number}.md", text.encode())
    await api.add_faq("Who built it?")
    alike = [faq for faq in await api.faqs() if faq["group_id"] is not None]
    assert [faq["group_size"] for faq in alike] == [3, 3, 3]
    assert [faq["group_size"] for faq in await api.faqs(q="Who built it?")] == [0]

    await api.post("/faqs/reject", {"ids": [alike[0]["id"]]})

    assert {faq["group_size"] for faq in await api.faqs(group_id=alike[0]["group_id"])} == {2}
    assert (await api.get(f"/faqs/{alike[1]['id']}"))["group_size"] == 2


async def test_each_faq_says_how_many_of_its_group_are_approved(api: Api) -> None:
    for number, answer in enumerate(("With the descaler.", "Use vinegar, then rinse.")):
        text = f"# Book {number}\n\n## How do I descale the machine?\n\n{answer} It takes twenty minutes.\n"
        await api.extracted(f"{number}.md", text.encode())
    alike = [faq for faq in await api.faqs() if faq["group_id"] is not None]
    assert [faq["group_approved"] for faq in alike] == [0, 0]
    await api.post("/faqs/approve", {"ids": [alike[0]["id"]]})
    assert [faq["group_approved"] for faq in await api.faqs(group_id=alike[0]["group_id"])] == [1, 1]


async def test_a_range_of_confidence_narrows_the_list_and_the_counts(api: Api) -> None:
    """From the first on, below the second."""
    await api.extracted()
    every = await api.faqs()
    middle = sorted(faq["confidence"] for faq in every)[len(every) // 2]
    low = {faq["id"] for faq in every if faq["confidence"] < middle}
    assert low
    assert {faq["id"] for faq in await api.faqs(max_confidence=middle)} == low
    assert {faq["id"] for faq in await api.faqs(min_confidence=middle)} == {faq["id"] for faq in every} - low
    assert await api.faqs(min_confidence=middle, max_confidence=middle) == []
    assert (await api.get("/faqs/counts", max_confidence=middle))["draft"] == len(low)
    refused(await api.client.get("/faqs", params={"min_confidence": 1.5}), 422, "invalid_request")


@pytest.mark.parametrize("sort", ["document", "confidence", "newest"])
async def test_every_order_pages_through_each_faq_once(api: Api, sort: str) -> None:
    await api.extracted()
    for number in range(7):
        await api.add_faq(f"Why {number}?")

    whole = [faq["id"] for faq in await api.faqs(sort=sort, limit=200)]

    assert len(whole) == len(set(whole)) > 7
    for limit in (1, 3, len(whole)):
        assert await every_page(api, limit, sort=sort) == whole


async def test_orders_are_what_they_say(api: Api) -> None:
    await api.extracted()
    await api.add_faq("Why?")
    by_confidence = [faq["confidence"] for faq in await api.faqs(sort="confidence")]
    assert by_confidence == sorted(by_confidence, reverse=True)
    newest = [faq["created_at"] for faq in await api.faqs(sort="newest")]
    assert newest == sorted(newest, reverse=True)
    in_document = [faq["source"]["start"] for faq in await api.faqs(sort="document") if faq["source"]]
    assert len(in_document) >= 2


async def test_equally_confident_drafts_come_in_reading_order(api: Api) -> None:
    for name in ("one", "two"):
        sections = [f"## How do I {name} {number}?\n\nWith tool {number} of the {name} box.\n" for number in range(9)]
        await api.extracted(f"{name}.md", "\n".join([f"# {name}\n", *sections]).encode())
    read = await api.faqs(sort="document", limit=200)
    assert len(read) > len({faq["confidence"] for faq in read})
    expected = sorted(read, key=lambda faq: -faq["confidence"])
    assert [faq["id"] for faq in await api.faqs(sort="confidence", limit=200)] == [faq["id"] for faq in expected]


@pytest.mark.parametrize("sort", ["document", "newest"])
async def test_a_page_goes_on_where_the_last_one_ended_while_rows_come_and_go(api: Api, sort: str) -> None:
    for number in range(6):
        await api.add_faq(f"Why {number}?")
    whole = await api.faqs(sort=sort)
    first = await api.get("/faqs", sort=sort, limit=3, status="approved")

    await api.post("/faqs/reject", {"ids": [whole[0]["id"], whole[2]["id"]]})
    await api.add_faq("Why so late?")
    rest = await api.get("/faqs", sort=sort, limit=10, status="approved", cursor=first["next_cursor"])

    old = [faq["id"] for faq in whole[3:]]
    assert [faq["id"] for faq in rest["items"] if faq["question"] != "Why so late?"] == old


def _cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


CURSORS = {
    "no base64": "%%%",
    "no JSON": "AAAA",
    "a number": base64.urlsafe_b64encode(b"1").decode(),
    "too few": _cursor(1),
    "no id": _cursor(1, "x"),
    "text for a number": _cursor("1", str(uuid4())),
    "huge": _cursor(10**40, str(uuid4())),
    "infinite": base64.urlsafe_b64encode(b'[1e999,"%s"]' % str(uuid4()).encode()).decode(),
    "not a number": base64.urlsafe_b64encode(b'[NaN,"%s"]' % str(uuid4()).encode()).decode(),
    "deep": base64.urlsafe_b64encode(b"[" * 300).decode(),
    "an object": _cursor({"a": 1}, str(uuid4())),
    "another alphabet": "привет",
}


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS.keys())
@pytest.mark.parametrize("path", ["/faqs", "/documents", "/jobs", "/conversations", "/collections"])
async def test_a_cursor_that_no_list_made_is_refused(api: Api, path: str, cursor: str) -> None:
    refused(await api.client.get(path, params={"cursor": cursor}), 422, "invalid_request")


async def test_a_cursor_of_another_order_is_refused_or_at_least_harmless(api: Api) -> None:
    for number in range(3):
        await api.add_faq(f"Why {number}?")
    cursor = (await api.get("/faqs", sort="newest", limit=1))["next_cursor"]
    refused(await api.client.get("/faqs", params={"sort": "document", "cursor": cursor}), 422, "invalid_request")


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"]


async def test_an_exported_csv_runs_no_formula_and_reads_back(api: Api) -> None:
    for formula in FORMULAS:
        await api.add_faq(formula, f"{formula}\nsecond line, with a comma", tags=[formula])

    answer = await api.client.get("/faqs/export", params={"format": "csv"})

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="faqs.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == len(FORMULAS)
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert "second line, with a comma" in row["answer"]


async def test_an_export_holds_every_faq_of_its_filter_over_many_pages(api: Api) -> None:
    body = {"faqs": [{"question": f"Why {n}?", "answer": f"Because {n}.\nReally."} for n in range(450)]}
    await api.post("/ingest", body, status=202)
    await api.drain()
    rejected = (await api.faqs(q="Why 7?"))[0]
    await api.post("/faqs/reject", {"ids": [rejected["id"]]})

    lines = (await api.client.get("/faqs/export", params={"status": "approved"})).text.splitlines()
    exported = [json.loads(line) for line in lines]

    assert {faq["question"] for faq in exported} == {f"Why {n}?" for n in range(450) if n != 7}
    assert len(exported) == 449
    text = (await api.client.get("/faqs/export", params={"format": "markdown"})).text
    assert text.startswith("# Frequently asked questions\n\n## ")
    assert text.count("\n## ") == 450


async def test_an_export_of_nothing_is_an_empty_file_in_each_format(api: Api) -> None:
    bodies = {
        form: (await api.client.get("/faqs/export", params={"format": form})).text for form in ("json", "markdown")
    }
    assert bodies == {"json": "", "markdown": "# Frequently asked questions\n"}
    refused(await api.client.get("/faqs/export", params={"format": "exe"}), 422, "invalid_request")
    refused(await api.client.get("/faqs/export", params={"document_id": str(uuid4())}), 404, "not_found")
