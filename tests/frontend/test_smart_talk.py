"""A talk with an agent on its page, and the lead card beside it."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from contracts.agents import Agent, AgentEdit, AgentNew
from contracts.faqs import NewFaq
from contracts.smart import SmartChat
from frontend.api_client import ApiError
from tests.frontend.comparing import set_up
from tests.frontend.conftest import Pages
from tests.frontend.looking import address, press, words
from tests.frontend.test_smart_agents import SMART
from tests.mock_openai import MockServer

PLANS = [
    NewFaq(question="What does the small plan cost?", answer="The small plan costs 12 EUR a month."),
    NewFaq(question="Which plan has single sign-on?", answer="The large plan has single sign-on."),
]
HELLO = "Hi, I'm Dana Levi from Acme Robotics, dana@acme.io. Our budget is 20k EUR. What does the small plan cost?"
CORRECTION = "Actually it's 30k. Which plan has single sign-on?"


def made(pages: Pages, **settings: Any) -> Agent:
    body = {"name": "Sales", "template": "sales", "faqs": PLANS, **settings}
    agent = pages.api.create_agent(AgentNew.model_validate(body))
    pages.drain()
    return agent


def talk(pages: Pages, agent: Agent, **query: str) -> AppTest:
    return pages.open(SMART, view="chat", agent=str(agent.id), **query)


def say(page: AppTest, message: str) -> AppTest:
    return page.chat_input[0].set_value(message).run()


def why(page: AppTest, field: str) -> str:
    """What is said where the pointer rests on a field of the card."""
    label = f":small[:gray[{field}]]"
    return next(one.proto.help for one in page.markdown if str(one.value).startswith(label))


def shown(page: AppTest, field: str) -> str:
    label = f":small[:gray[{field}]]  \n"
    return next(str(one.value) for one in page.markdown if str(one.value).startswith(label)).removeprefix(label)


def test_the_agent_greets_first_and_the_card_waits(pages: Pages) -> None:
    page = talk(pages, made(pages))
    assert [one.name for one in page.chat_message] == ["assistant"]
    assert "What are you looking for?" in words(page)
    assert "Fills in as the visitor says" in words(page)
    assert shown(page, "Budget") == ":gray[–]"


def test_the_workspaces_greeting_is_said_where_the_agent_has_none(pages: Pages) -> None:
    pages.send("PUT", "/agents/persona", {"greeting": "Welcome *you*!"})
    assert r"Welcome \*you\*\!" in words(talk(pages, made(pages, template=None)))


def test_the_card_fills_in_with_the_words_that_each_value_came_from(pages: Pages) -> None:
    agent = made(pages)
    page = say(talk(pages, agent), HELLO)
    assert "12 EUR" in words(page)
    assert shown(page, "Name") == "**Dana Levi**"
    assert shown(page, "Budget") == "**20,000 EUR**"
    assert shown(page, "Phone") == ":gray[–]"
    assert "In message 1" in why(page, "Budget")
    assert ":orange-background[20k EUR]" in why(page, "Budget")
    assert "Score **" in words(page)
    conversation = address(page, "conversation")

    page = say(page, CORRECTION)
    assert address(page, "conversation") == conversation
    assert shown(page, "Budget") == "~~20,000 EUR~~ **30,000 EUR**"
    assert "In message 2" in why(page, "Budget")
    assert ":orange-background[30k]" in why(page, "Budget")
    assert len(page.chat_message) == 5

    again = talk(pages, agent, conversation=conversation)
    assert shown(again, "Budget") == "~~20,000 EUR~~ **30,000 EUR**"
    assert shown(again, "Company") == "**Acme Robotics**"


def test_a_new_talk_begins_without_what_the_last_one_said(pages: Pages) -> None:
    page = say(talk(pages, made(pages)), HELLO)
    press(page, "new_talk")
    assert len(page.chat_message) == 1
    assert shown(page, "Name") == ":gray[–]"


# --- consent ---------------------------------------------------------------------------------
def test_consent_is_asked_with_two_buttons_and_what_was_said_is_kept(pages: Pages) -> None:
    page = say(talk(pages, made(pages, consent_text="May we keep *that*?")), HELLO)
    assert r"May we keep \*that\*?" in words(page)
    assert "Nothing is kept until the visitor agrees" in words(page)
    assert shown(page, "Name") == "**Dana Levi**"
    press(page, "consent_yes")
    assert "the visitor agreed" in words(page)
    assert "consent_yes" not in {str(one.key) for one in page.button}
    assert shown(page, "Name") == "**Dana Levi**"
    press(page, "consent_again")
    assert "The visitor did not agree" in words(page)
    assert shown(page, "Name") == ":gray[–]"
    assert "dana@" not in words(page)


def test_where_consent_is_refused_the_talk_goes_on_and_nothing_is_shown(pages: Pages) -> None:
    page = press(say(talk(pages, made(pages, consent_text="May we?")), HELLO), "consent_no")
    assert "Dana" not in words(page)
    page = say(page, "Which plan has single sign-on?")
    assert "The large plan" in words(page)
    assert "consent_yes" not in {str(one.key) for one in page.button}


def test_no_consent_is_asked_before_the_visitor_wrote_anything(pages: Pages) -> None:
    page = talk(pages, made(pages, consent_text="May we?"))
    assert "consent_yes" not in {str(one.key) for one in page.button}


# --- when something is wrong --------------------------------------------------------------------
@pytest.mark.parametrize(("consent", "says"), [(None, "is kept in the lead all the same"), ("May we?", "kept once")])
def test_a_failed_answer_says_that_the_lead_was_kept(
    pages: Pages, mock: MockServer, consent: str | None, says: str
) -> None:
    set_up(pages.api, mock)
    [default] = pages.api.agents().items
    pages.api.edit_agent(default.id, AgentEdit(provider="openai-compatible", model="status-400"))
    agent = made(pages, provider="openai-compatible", model="status-400", consent_text=consent)
    page = say(talk(pages, agent), HELLO)
    assert page.error
    assert says in words(page)
    assert shown(page, "Name") == "**Dana Levi**"
    assert "ask_again" in {str(one.key) for one in page.button}
    assert says in words(talk(pages, agent, conversation=address(page, "conversation")))


def test_an_agent_that_was_archived_in_the_middle_says_so(pages: Pages) -> None:
    agent = made(pages)
    page = say(talk(pages, agent), HELLO)
    pages.api.archive_agent(agent.id)
    page = say(page, CORRECTION)
    assert [one.proto.title for one in page.warning] == ["It answers nothing now"]
    assert "It was archived; restore it to ask it again" in words(page)
    assert page.chat_input[0].disabled
    assert shown(page, "Name") == "**Dana Levi**"


def test_an_agent_that_was_deleted_in_the_middle_says_so(pages: Pages) -> None:
    agent = made(pages)
    page = say(talk(pages, agent), HELLO)
    pages.api.delete_agent(agent.id)
    say(page, CORRECTION)
    assert "This agent is not here" in " ".join(str(one.proto.title) for one in page.error)


def test_a_talk_that_is_gone_or_with_another_agent_is_told(pages: Pages) -> None:
    agent, other = made(pages), made(pages, name="Other")
    page = say(talk(pages, agent), HELLO)
    conversation = address(page, "conversation")
    assert "This talk is not here" in " ".join(
        str(one.proto.title) for one in talk(pages, other, conversation=conversation).error
    )
    pages.api.delete_conversation(talk_id := pages.api.conversations().items[0].id)
    page = talk(pages, agent, conversation=str(talk_id))
    assert page.chat_input[0].disabled
    press(page, "new_talk")
    assert not page.chat_input[0].disabled


def test_an_agent_that_keeps_nothing_says_so(pages: Pages) -> None:
    page = say(talk(pages, made(pages, template=None, persona={"greeting": "Hi"})), HELLO)
    assert "keeps nothing of its visitors" in words(page)
    assert "12 EUR" in words(page)


# --- text that would act ----------------------------------------------------------------------
def test_what_a_visitor_writes_does_not_act(pages: Pages) -> None:
    evil = "I'm Dana Levi from :red[Acme] <b>Robotics</b> GmbH, our need: ![x](https://evil.example/x.png) $x$. Price?"
    agent = made(pages)
    page = say(talk(pages, agent), evil)
    for one in page.markdown:
        for text in (str(one.value), one.proto.help):
            assert "<b>" not in text.replace(r"\<b", "")
            assert "](https" not in text.replace(r"\]\(", "")


def test_the_client_streams_a_talk_and_raises_what_is_refused(pages: Pages) -> None:
    agent = made(pages)
    with pages.api.smart_chat(SmartChat(agent_id=agent.id, message=HELLO)) as stream:
        names = [event.event for event in stream]
        assert stream.conversation_id == pages.api.conversations().items[0].id
    assert (names[0], names[1], names[-1]) == ("lead", "token", "done")
    pages.api.delete_agent(agent.id)
    with pytest.raises(ApiError), pages.api.smart_chat(SmartChat(agent_id=agent.id, message=HELLO)):
        pass
