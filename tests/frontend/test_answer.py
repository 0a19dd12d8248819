"""What an answer on the chat page says of its sources."""

import pytest

from contracts.agents import AgentEdit, AgentParameters
from tests.frontend.comparing import set_up
from tests.frontend.conftest import Pages
from tests.frontend.looking import words
from tests.mock_openai import MockServer

pytestmark = pytest.mark.usefixtures("sample")
UNCITED = "No source cited"


@pytest.mark.parametrize(
    ("provider", "question", "is_said"),
    [
        ("builtin", "What does the warranty cover?", False),
        ("builtin", "Who won the football world cup in 1998?", False),
        ("echo", "What does the warranty cover?", True),
        ("echo", "Hello!", False),
    ],
    ids=["cited", "not answered", "uncited", "small talk"],
)
def test_an_answer_from_the_documents_without_a_source_is_marked(
    pages: Pages, provider: str, question: str, is_said: bool
) -> None:
    pages.api.edit_agent(pages.api.agents().items[0].id, AgentEdit(provider=provider))
    page = pages.open("pages/2_Chat.py")
    page.chat_input[0].set_value(question).run()
    assert (UNCITED in words(page)) is is_said


@pytest.mark.parametrize("limit", [3, None])
def test_an_answer_that_was_cut_says_so(pages: Pages, limit: int | None) -> None:
    edit = AgentEdit(provider="echo", parameters=AgentParameters(max_tokens=limit))
    pages.api.edit_agent(pages.api.agents().items[0].id, edit)
    page = pages.open("pages/2_Chat.py")
    page.chat_input[0].set_value("What does the warranty cover?").run()
    assert ("Cut off" in words(page)) is (limit is not None)


@pytest.mark.parametrize("model", ["ok", "badjson-twice"])
def test_a_step_that_the_model_did_not_take_says_why(pages: Pages, mock: MockServer, model: str) -> None:
    set_up(pages.api, mock)
    edit = AgentEdit(provider="openai-compatible", model=model, parameters=AgentParameters(steps=["search"]))
    pages.api.edit_agent(pages.api.agents().items[0].id, edit)
    page = pages.open("pages/2_Chat.py")
    page.chat_input[0].set_value("Who won the football world cup in 1998?").run()
    assert ("The model's answer was refused" in words(page)) is (model != "ok")
