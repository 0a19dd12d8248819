"""Uploading: what is taken, what is refused, and that a refusal leaves nothing."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from backend.db.models import VectorPoint
from backend.settings import Settings
from tests.fixtures.documents import blank_pdf, docx_bomb, image_pdf, write_docx, write_pdf
from tests.support import END, FORM, MARKDOWN, Api, RawCall, part, refused, streamed

LIMIT = 200_000


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_limit": LIMIT, "upload_request_limit": 4 * LIMIT, "files_per_upload": 5})


async def test_every_kind_of_document_is_taken_in_the_order_it_was_sent(api: Api, tmp_path: Path) -> None:
    sent = [
        ("b.pdf", write_pdf(tmp_path / "b.pdf").read_bytes()),
        ("a.docx", write_docx(tmp_path / "a.docx").read_bytes()),
        ("c.html", b"<!doctype html><html><body><h1>Tea</h1><p>Steep it for three minutes.</p></body></html>"),
        ("d.md", MARKDOWN.encode()),
        ("e.txt", b"Tea\n===\n\nSteep it for three minutes.\n"),
    ]

    answer = await api.upload(*sent)

    assert answer.status_code == 202
    jobs = answer.json()["jobs"]
    assert [job["title"] for job in jobs] == [name for name, _ in sent]
    assert {job["kind"] for job in jobs} == {"extract_document"}
    await api.drain()
    documents = (await api.get("/documents"))["items"]
    assert {document["name"]: document["status"] for document in documents} == {name: "ready" for name, _ in sent}
    assert all(document["faqs"] > 0 for document in documents if document["name"] in ("a.docx", "d.md"))


async def test_refused_files_stand_between_the_accepted_ones_in_order(api: Api) -> None:
    answer = await api.upload(
        ("empty.md", b""), ("good.md", MARKDOWN.encode()), ("picture.pdf", b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    )

    assert answer.status_code == 202
    entries = answer.json()["jobs"]
    assert [entry.get("code", entry["status"]) for entry in entries] == ["empty_file", "pending", "type_mismatch"]
    assert {entry["request_id"] for entry in entries if "code" in entry} == {answer.headers["x-request-id"]}
    assert len((await api.stored()).files) == 1


async def test_when_every_file_is_refused_the_answer_has_the_first_status_and_one_error_a_file(api: Api) -> None:
    before = await api.stored()

    answer = await api.upload(("a.exe", b"MZ\0\0"), ("b.md", b""))

    problem = refused(answer, 415, "unsupported_type")
    assert [error["code"] for error in problem["errors"]] == ["unsupported_type", "empty_file"]
    assert await api.stored() == before


@pytest.mark.fault("A1")
async def test_an_empty_file_is_refused_and_nothing_is_stored(api: Api) -> None:
    before = await api.stored()
    problem = refused(await api.upload(("nothing.md", b"")), 422, "empty_file")
    assert "'nothing.md'" in problem["detail"]
    assert await api.stored() == before


@pytest.mark.fault("A2")
@pytest.mark.parametrize("content", [blank_pdf(), image_pdf()], ids=["blank", "a picture only"])
async def test_a_pdf_without_text_fails_its_job_and_says_that_ocr_is_missing(api: Api, content: bytes) -> None:
    answer = await api.upload(("scan.pdf", content))
    assert answer.status_code == 202
    await api.drain()

    job = await api.get(f"/jobs/{answer.json()['jobs'][0]['id']}")

    assert (job["status"], job["error"]["code"]) == ("failed", "no_text")
    assert "OCR" in job["error"]["detail"]
    document = await api.get(f"/documents/{job['document_id']}")
    assert (document["status"], document["faqs"]) == ("failed", 0)


@pytest.mark.fault("A2")
async def test_a_file_of_white_space_fails_its_job_instead_of_succeeding_without_faqs(api: Api) -> None:
    answer = await api.upload(("blank.md", b" \n\t\n  \n"))
    assert answer.status_code == 202
    await api.drain()
    job = await api.get(f"/jobs/{answer.json()['jobs'][0]['id']}")
    assert (job["status"], job["error"]["code"]) == ("failed", "no_text")


@pytest.mark.fault("A3")
async def test_an_honest_length_over_the_limit_is_refused_before_the_body_is_read(api: Api, settings: Settings) -> None:
    before = await api.stored()
    too_long = str(settings.upload_request_limit + 1024 * 1024 + 1)
    headers = {**FORM, "Content-Length": too_long, "Authorization": api.client.headers["authorization"]}
    app = api.client._transport.app  # type: ignore[attr-defined]  # the transport of the in-process client
    call = RawCall(app, "POST", "/faq/upload", headers.items())

    await call.run()

    assert call.received == 0
    answer = httpx.Response(call.status, headers=call.messages[0]["headers"], content=call.sent)
    refused(answer, 413, "body_too_large")
    assert await api.stored() == before


@pytest.mark.fault("A3")
async def test_a_file_one_byte_over_its_limit_is_refused_and_one_of_the_limit_is_taken(api: Api) -> None:
    before = await api.stored()
    problem = refused(await api.upload(("big.txt", b"a" * (LIMIT + 1))), 413, "file_too_large")
    assert [error["code"] for error in problem["errors"]] == ["file_too_large"]
    assert await api.stored() == before
    assert (await api.upload(("fits.txt", b"word " * (LIMIT // 5)))).status_code == 202


@pytest.mark.fault("A4")
async def test_a_body_without_a_length_is_refused_as_soon_as_the_file_passes_its_limit(api: Api) -> None:
    before = await api.stored()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield part("big.txt", b"")[:-2]
        while True:
            sent += 1
            yield b"x" * 65_536

    answer = await api.client.post("/faq/upload", content=endless(), headers=FORM)

    refused(answer, 413, "file_too_large")
    assert sent * 65_536 < LIMIT + 3 * 1024 * 1024
    assert await api.stored() == before


@pytest.mark.fault("A4")
async def test_a_request_without_a_length_is_refused_as_soon_as_it_passes_the_limit_of_all_files(
    api: Api, settings: Settings
) -> None:
    before = await api.stored()
    sent = 0

    async def many() -> AsyncIterator[bytes]:
        nonlocal sent
        for number in range(10_000):
            sent += LIMIT
            yield part(f"{number}.txt", b"%d " % number + b"x" * LIMIT)

    answer = await api.client.post("/faq/upload", content=many(), headers=FORM)

    assert answer.status_code in (413, 422)
    assert sent <= settings.upload_request_limit + 1024 * 1024 + 2 * LIMIT
    assert await api.stored() == before


NAMES = {
    "../../../etc/x.md": "x.md",
    "..\\..\\x.md": "x.md",
    "/abs/y.md": "y.md",
    "C:\\dir\\z.md": "z.md",
    "C:z.md": "z.md",
    "a\x00b.md": "a b.md",
    "a%0D%0Ab.md": None,
    "CON.md": "CON_.md",
    "\u202egpj.md": "gpj.md",
    "tea 🍵.md": "tea 🍵.md",
    unicodedata.normalize("NFD", "Müller.md"): "Müller.md",
    "x" * 300 + ".md": None,
    "....md": None,
    "%2e%2e%2fx.md": None,
}


@pytest.mark.fault("A10")
@pytest.mark.parametrize(("sent", "shown"), NAMES.items(), ids=[ascii(name)[:30] for name in NAMES])
async def test_a_name_is_cleaned_for_display_and_never_becomes_part_of_a_path(
    api: Api, settings: Settings, sent: str, shown: str | None
) -> None:
    body = part(sent, MARKDOWN.encode()) + END
    answer = await api.client.post("/faq/upload", content=body, headers=FORM)

    assert answer.status_code == 202, answer.text
    job = answer.json()["jobs"][0]
    name = job["title"]
    assert shown in (None, name)
    assert len(name) <= 180
    assert not any(unicodedata.category(sign) in ("Cc", "Cf") or sign in "/\\" for sign in name)
    assert name.strip(". ")
    document = job["document_id"].replace("-", "")
    files = (await api.stored()).files
    assert [file.rpartition("/")[2] for file in files] == [document]
    assert list(settings.data_dir.parent.rglob("*.md")) == []


@pytest.mark.fault("A11")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.pdf", b"\x89PNG\r\n\x1a\n" + b"\0" * 64),
        ("page.txt", b"<!doctype html><html><head></head><body>Hello</body></html>"),
        ("program.txt", b"MZ\x90\0" + b"\0" * 64),
        ("document.docx", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj"),
        ("archive.docx", b"PK\x05\x06" + b"\0" * 18),
    ],
    ids=["PNG", "HTML", "program", "PDF", "zip"],
)
async def test_a_file_whose_content_is_not_what_its_name_says_is_refused_whatever_the_client_claims(
    api: Api, name: str, content: bytes
) -> None:
    before = await api.stored()
    form = [("files", (name, content, "text/markdown"))]
    refused(await api.client.post("/faq/upload", files=form), 415, "type_mismatch")
    assert await api.stored() == before


@pytest.mark.fault("A15")
async def test_an_archive_that_unpacks_to_too_much_is_refused_at_once(api: Api, tmp_path: Path) -> None:
    before = await api.stored()
    bomb = docx_bomb(tmp_path / "bomb.docx", mib=150).read_bytes()
    assert len(bomb) < LIMIT
    refused(await api.upload(("bomb.docx", bomb)), 422, "archive_too_large")
    assert await api.stored() == before


@pytest.mark.fault("A20")
async def test_a_second_upload_of_the_same_file_returns_the_same_document_and_job(api: Api) -> None:
    first = (await api.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]
    await api.drain()
    stored = await api.stored()

    again = (await api.upload(("other name.md", MARKDOWN.encode()))).json()["jobs"][0]
    await api.drain()

    assert (again["id"], again["document_id"]) == (first["id"], first["document_id"])
    assert again["status"] == "succeeded"
    assert await api.stored() == stored


@pytest.mark.fault("A20")
async def test_twenty_uploads_of_the_same_file_at_once_make_one_document_one_job_and_no_double_vector(api: Api) -> None:
    answers = await asyncio.gather(*(api.upload(("machine.md", MARKDOWN.encode())) for _ in range(20)))
    await api.drain()

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["jobs"][0]["id"] for answer in answers}) == 1
    stored = await api.stored()
    assert (stored.rows["document"], len(stored.files)) == (1, 1)
    assert len((await api.get("/jobs", kind="extract_document"))["items"]) == 1
    collection = (await api.get("/collections"))["items"][0]
    assert collection["passages"] == stored.rows["passage"]
    assert collection["points"] == len({*await _points(api)}) == len(await _points(api))


async def test_the_same_file_twice_in_one_request_is_one_document(api: Api) -> None:
    answer = await api.upload(("a.md", MARKDOWN.encode()), ("b.md", MARKDOWN.encode()))
    await api.drain()
    jobs = answer.json()["jobs"]
    assert len(jobs) == 2
    assert jobs[0]["document_id"] == jobs[1]["document_id"]
    assert (await api.stored()).rows["document"] == 1


async def test_the_sample_handbook_is_loaded_once(api: Api) -> None:
    first = await api.post("/samples", status=202)
    await api.drain()
    again = await api.post("/samples", status=202)
    await api.drain()

    assert [job["document_id"] for job in first["jobs"]] == [job["document_id"] for job in again["jobs"]]
    assert {document["status"] for document in (await api.get("/documents"))["items"]} == {"ready"}
    assert (await api.stored()).rows["document"] == len(first["jobs"]) == 3


async def _points(api: Api) -> list[tuple[str, str, str]]:
    async with api.scope.database.read() as session:
        rows = await session.execute(select(VectorPoint.collection_id, VectorPoint.item_id, VectorPoint.view))
        return [(str(row[0]), str(row[1]), row[2]) for row in rows]


BROKEN = {
    "no boundary in the header": ({"Content-Type": "multipart/form-data"}, part("a.md", b"text") + END),
    "another content type": ({"Content-Type": "application/json"}, b"{}"),
    "no content type": ({}, part("a.md", b"text") + END),
    "another boundary": ({"Content-Type": "multipart/form-data; boundary=other"}, part("a.md", b"text") + END),
    "no parts": (FORM, END),
    "an empty body": (FORM, b""),
    "a text field": (FORM, part(None, b"text", field_name="files") + END),
    "another field": (FORM, part("a.md", b"text", field_name="file") + END),
    "a good file and another field": (FORM, part("a.md", b"text") + part("b.md", b"t", field_name="x") + END),
    "a good file and a cut one": (FORM, part("a.md", b"# A\n\ntext") + part("b.md", b"# B\n\nte")[:-2]),
    "no end": (FORM, part("a.md", b"# A\n\ntext")),
    "too many files": (FORM, b"".join(part(f"{n}.md", b"# %d" % n) for n in range(6)) + END),
    "huge headers": (FORM, part("a.md", b"text", headers=b"X-A: " + b"a" * 20_000 + b"\r\n") + END),
    "no disposition": (FORM, b"--nexus-test-boundary\r\nX: y\r\n\r\ntext\r\n" + END),
    "damaged headers": (FORM, b"--nexus-test-boundary\r\n\x00\xff\r\n\r\ntext\r\n" + END),
}


@pytest.mark.parametrize(("headers", "body"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_damaged_body_is_refused_and_leaves_nothing(api: Api, headers: dict[str, str], body: bytes) -> None:
    before = await api.stored()

    answer = await api.client.post("/faq/upload", content=streamed(body[:40], body[40:]), headers=headers)
    await api.drain()

    refused(answer, 422, "invalid_request")
    assert await api.stored() == before


async def test_a_client_that_leaves_in_the_middle_of_an_upload_leaves_nothing(api: Api) -> None:
    before = await api.stored()
    body = part("a.md", MARKDOWN.encode()) + part("b.md", b"# B\n\nte")[:-2]
    headers = {**FORM, "Authorization": api.client.headers["authorization"]}
    app = api.client._transport.app  # type: ignore[attr-defined]  # the transport of the in-process client
    call = RawCall(app, "POST", "/faq/upload", headers.items(), body, more_body=True)

    task = call.start()
    call.leave()
    await task
    await api.drain()

    assert await api.stored() == before
