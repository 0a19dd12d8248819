"""What Home says of failures, over the real app, without a browser."""

from io import BytesIO

from streamlit.testing.v1 import AppTest

from tests.frontend.conftest import Pages


class File(BytesIO):
    """A file as the uploader hands it on."""

    name = "blank.md"
    type = "text/markdown"
    size = 5


def _cards(page: AppTest) -> str:
    assert not page.exception, page.exception
    return "\n".join(str(element.value) for element in page.markdown)


def test_a_document_that_failed_is_a_card_until_it_is_deleted(pages: Pages) -> None:
    pages.sample()
    pages.api.upload([File(b" \n\t\n ")])
    pages.drain()
    assert "1 document failed" in _cards(pages.open("Home.py"))
    failed = next(document for document in pages.api.all_documents() if document.name == "blank.md")
    pages.api.delete_document(failed.id, faqs="delete")
    assert "failed" not in _cards(pages.open("Home.py"))
