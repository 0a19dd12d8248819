"""The list of documents: found, sorted, and named by what is written in them."""

from itertools import count

import pytest

from contracts.documents import Document, DocumentStatus
from frontend.api_client import Api
from tests.frontend.conftest import Pages
from tests.frontend.looking import field, words

FAQ = "pages/1_FAQ_Extraction.py"
PAGE = "<html><head><title>%s</title></head><body><h1>%s</h1><p>Some words about it are here.</p></body></html>"


def _names(said: str) -> list[str]:
    return [name for line in said.splitlines() for name in ("ch01", "ch02", "ch03") if name in line and "**" in line]


def test_a_document_is_named_by_its_title_and_its_file(pages: Pages) -> None:
    for number, title in ((2, "Vacuuming"), (3, "Backups"), (1, "Cooking")):
        pages.upload(f"ch0{number}.html", (PAGE % (title, title)).encode())
    page = pages.open(FAQ, view="documents")
    assert "**Vacuuming** :gray[— ch02.html]" in words(page)
    assert _names(words(page)) == ["ch01", "ch03", "ch02"]
    field(page.selectbox, "documents_sort").set_value("name").run()
    assert _names(words(page)) == ["ch01", "ch02", "ch03"]
    field(page.text_input, "documents_search").set_value("backup").run()
    assert _names(words(page)) == ["ch03"]
    field(page.text_input, "documents_search").set_value("nothing like it").run()
    assert "Nothing matches" in words(page)


def test_one_that_is_read_between_two_looks_is_shown_as_it_is(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page looks at the documents first and at the jobs then: nothing would draw it again."""
    pages.upload("ch01.html", (PAGE % ("Cooking", "Cooking")).encode())
    all_documents, looks = Api.all_documents, count()

    def late(api: Api) -> list[Document]:
        found = all_documents(api)
        is_first = next(looks) == 0
        return [one.model_copy(update={"status": DocumentStatus.PENDING}) for one in found] if is_first else found

    monkeypatch.setattr(Api, "all_documents", late)
    said = words(pages.open(FAQ, view="documents"))
    assert "Ready" in said
    assert "Being read" not in said
