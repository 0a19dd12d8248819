"""What Home says of failures, over the real app, without a browser."""

from io import BytesIO

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from backend.db.models import Job
from contracts.access import Role
from contracts.faqs import NewFaq
from tests.frontend.conftest import KeyPages, Pages


class File(BytesIO):
    """A file as the uploader hands it on."""

    name = "blank.md"
    type = "text/markdown"
    size = 5


def _cards(page: AppTest) -> str:
    assert not page.exception, page.exception
    return "\n".join(str(element.value) for element in page.markdown)


@pytest.mark.usefixtures("sample")
def test_a_document_that_failed_is_a_card_until_it_is_deleted(pages: Pages) -> None:
    pages.api.upload([File(b" \n\t\n ")])
    pages.drain()
    assert "1 document failed" in _cards(pages.open("Home.py"))
    failed = next(document for document in pages.api.all_documents() if document.name == "blank.md")
    pages.api.delete_document(failed.id, faqs="delete")
    assert "failed" not in _cards(pages.open("Home.py"))


@pytest.mark.usefixtures("sample")
def test_a_question_without_an_answer_waits_until_somebody_wrote_one(pages: Pages) -> None:
    pages.ask("What is the capital of Peru?")
    assert "1 question without an answer" in _cards(pages.open("Home.py"))
    pages.api.create_faq(NewFaq(question="What is the capital of Peru?", answer="Lima."))
    assert "without an answer" not in _cards(pages.open("Home.py"))


def test_a_job_is_named_and_linked_only_where_it_can_be_seen(pages: Pages) -> None:
    pages.upload("a.md", b"# Part\n\nSome words.\n")
    pages.execute(sa.update(Job).where(Job.kind == "extract_document").values(status="running"))
    page = pages.open("Home.py")
    assert "1 document being read" in _cards(page)
    pages.execute(sa.update(Job).where(Job.status == "running").values(kind="sync_collection"))
    page = pages.open("Home.py")
    assert "1 update of the answers running" in _cards(page)
    assert "are on the page" not in _cards(page)


def test_a_role_that_may_not_see_drafts_is_not_told_that_there_are_none(key_pages: KeyPages) -> None:
    key_pages.sample()
    key_pages.api.approve([faq.id for faq in key_pages.api.faqs(limit=3).items])
    key_pages.drain()
    page = key_pages.sign_in(Role.DEVOPS)
    assert "every draft is reviewed" not in _cards(page)
    assert "No job is running and none has failed" in _cards(page)
