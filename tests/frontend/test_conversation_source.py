"""Conversations of programs are kept apart from those that people have on the pages."""

from streamlit.testing.v1 import AppTest

from tests.frontend.conftest import Pages
from tests.frontend.test_pages import CHAT, _conversation, _listed, _words

FAQ = "pages/1_FAQ_Extraction.py"


def _choose(page: AppTest, key: str, value: str) -> None:
    next(one for one in page.button_group if one.key == key).set_value(value).run()


def test_conversations_of_programs_are_listed_when_they_are_asked_for(pages: Pages) -> None:
    own = _conversation(pages, "What is here?")
    page = pages.open(CHAT)
    assert not [one for one in page.button_group if one.key == "conversation_source"]
    pages.ask("What does a program ask?")
    [other] = pages.api.conversations(sources=("program",)).items
    page = pages.open(CHAT)
    assert _listed(page) == [f"open_{own}"]
    _choose(page, "conversation_source", "By programs")
    assert _listed(page) == [f"open_{other.id}"]


def test_unanswered_questions_of_programs_are_marked_and_can_be_left_out(pages: Pages) -> None:
    pages.sample()
    _conversation(pages, "What is the capital of Peru?")
    pages.ask("What does a program ask?")
    page = pages.open(FAQ, view="unanswered")
    assert "What is the capital of Peru?" in _words(page)
    assert ", by a program" in _words(page)
    _choose(page, "unanswered_source", "On the chat page")
    assert "What is the capital of Peru?" in _words(page)
    assert "What does a program ask?" not in _words(page)
