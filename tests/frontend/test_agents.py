"""Agents on the chat page: chosen, made, edited and deleted in a drawer."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from contracts.access import Role
from contracts.agents import Agent, AgentNew, AgentParameters, Fallback
from contracts.providers import ProviderSettings
from frontend.components.agent_fields import STEPS
from tests.frontend.conftest import KeyPages, Pages
from tests.frontend.looking import press, words

CHAT = "pages/2_Chat.py"
FIELDS = {"Name", "Provider", "Model", "Steps in when it fails", "Answers from", "Instructions", "Temperature"}


@pytest.fixture
def pages(pages: Pages) -> Pages:
    """With a server beside the built-in provider. Nobody asks it."""
    settings = {"base_url": "http://127.0.0.1:9/v1", "model": "house-model"}
    pages.api.save_provider("openai-compatible", ProviderSettings.model_validate(settings))
    return pages


def labelled(elements: Any, label: str) -> Any:
    return next(one for one in elements if one.label == label)


def save(page: AppTest) -> None:
    labelled(page.button, "Save").click().run()


def named(pages: Pages, name: str) -> Agent:
    return next(one for one in pages.api.agents().items if one.name == name)


def target(page: AppTest) -> Any:
    return next(box for box in page.selectbox if box.key == "target")


def field_ids(page: AppTest) -> set[str]:
    """Of the drawer's."""
    fields = [*page.text_input, *page.text_area, *page.selectbox, *page.multiselect, *page.number_input]
    return {one.proto.id for one in fields if one.label in FIELDS}


def choose(page: AppTest, agent: Agent) -> AppTest:
    box = target(page)
    box.set_value(next(one for one in box.options if one.partition(" (")[0] == agent.name))
    return page.run()


def edited(page: AppTest, agent: Agent) -> AppTest:
    """The drawer of an agent that is chosen first."""
    return press(choose(page, agent), "edit_agent")


def test_a_new_agent_is_made_as_the_drawer_says(pages: Pages) -> None:
    page = press(pages.open(CHAT), "new_agent")
    labelled(page.text_input, "Name").set_value("Sales")
    labelled(page.selectbox, "Provider").set_value("openai-compatible")
    labelled(page.text_input, "Model").set_value("large")
    labelled(page.multiselect, "Steps in when it fails").set_value(["builtin"])
    labelled(page.text_area, "Instructions").set_value("Be kind.")
    labelled(page.button_group, "Steps that the model takes").set_value(["search", "rerank", "plan", "rewrite"])
    labelled(page.number_input, "Temperature").set_value(0.5)
    labelled(page.number_input, "Tokens a day").set_value(5000)
    save(page)
    made = named(pages, "Sales")
    assert (made.provider, made.model, made.daily_tokens) == ("openai-compatible", "large", 5000)
    assert [one.provider for one in made.fallbacks] == ["builtin"]
    assert made.parameters == AgentParameters(temperature=0.5, instructions="Be kind.", steps=list(STEPS))
    assert not [one for one in page.text_input if one.label == "Name"]
    assert "Agent Sales saved" in " ".join(str(toast.value) for toast in page.toast)


@pytest.mark.parametrize("typed", ["", "  "], ids=["empty", "blank"])
def test_a_missing_name_is_said_before_the_api_is_asked_and_can_be_given(pages: Pages, typed: str) -> None:
    page = press(pages.open(CHAT), "new_agent")
    assert not page.error
    labelled(page.text_input, "Name").set_value(typed)
    save(page)
    assert [str(error.value) for error in page.error] == ["Give the agent a name."]
    assert len(pages.api.agents().items) == 1
    labelled(page.text_input, "Name").set_value("Sales")
    save(page)
    assert not page.error
    assert named(pages, "Sales")


def test_the_agent_that_was_made_is_the_one_that_is_asked(pages: Pages) -> None:
    pages.api.create_agent(AgentNew(name="Aardvark"))
    page = press(pages.open(CHAT), "new_agent")
    labelled(page.text_input, "Name").set_value("Sales")
    save(page)
    page.chat_input[0].set_value("What does the warranty cover?").run()
    [conversation] = pages.api.conversations().items
    assert conversation.agent_id == named(pages, "Sales").id


def test_the_next_agent_has_a_form_of_its_own(pages: Pages) -> None:
    """The drawer may be opened again before the run that closed it is at its end: fields with the same id would still
    say what was saved."""
    page = press(pages.open(CHAT), "new_agent")
    before = field_ids(page)
    labelled(page.text_input, "Name").set_value("Sales")
    save(page)
    press(page, "new_agent")
    after = field_ids(page)
    assert len(before) == len(after) == len(FIELDS)
    assert not before & after


def test_an_agent_stays_chosen_under_another_name_and_another_is_chosen_after_it(pages: Pages) -> None:
    pages.api.create_agent(AgentNew(name="Aardvark"))
    sales = pages.api.create_agent(AgentNew(name="Sales"))
    page = edited(pages.open(CHAT), sales)
    labelled(page.text_input, "Name").set_value("Support")
    save(page)
    assert target(page).value == sales.id
    choose(page, named(pages, "Aardvark"))
    assert target(page).value == named(pages, "Aardvark").id


def test_an_agent_named_as_its_collection_is_not_said_twice(pages: Pages) -> None:
    pages.api.create_agent(AgentNew(name="Sales"))
    assert target(pages.open(CHAT)).options == ["default", "Sales (default)"]


def test_the_drawer_says_which_provider_takes_no_notice_of_its_fields(pages: Pages) -> None:
    said = words(press(pages.open(CHAT), "new_agent"))
    assert " the documents are quoted: model, instructions, steps and temperature change nothing" in said


def test_an_edit_sends_what_differs(pages: Pages) -> None:
    kept = AgentParameters(temperature=0.5, max_tokens=300, instructions="Be kind.", steps=["plan"])
    fallback = Fallback(provider="builtin", model="builtin")
    new = AgentNew(name="Sales", external_id="bot-7", provider="openai-compatible", fallbacks=[fallback])
    agent = pages.api.create_agent(new.model_copy(update={"parameters": kept, "daily_tokens": 9}))
    page = edited(pages.open(CHAT), agent)
    assert labelled(page.button_group, "Steps that the model takes").value == ["plan"]
    labelled(page.text_input, "Name").set_value("Support")
    labelled(page.button_group, "Steps that the model takes").set_value([])
    save(page)
    changed = {"name": "Support", "parameters": kept.model_copy(update={"steps": []}), "version": 2}
    assert named(pages, "Support") == agent.model_copy(update=changed)


@pytest.mark.parametrize(
    ("typed", "model"), [(None, "house-model"), ("", "house-model"), ("large", "large")], ids=["left", "empty", "typed"]
)
def test_another_provider_takes_no_model_of_the_one_before(pages: Pages, typed: str | None, model: str) -> None:
    agent = pages.api.create_agent(AgentNew(name="Sales"))
    page = edited(pages.open(CHAT), agent)
    labelled(page.selectbox, "Provider").set_value("openai-compatible")
    if typed is not None:
        labelled(page.text_input, "Model").set_value(typed)
    save(page)
    assert (named(pages, "Sales").provider, named(pages, "Sales").model) == ("openai-compatible", model)


def test_an_emptied_model_becomes_the_providers_default(pages: Pages) -> None:
    agent = pages.api.create_agent(AgentNew(name="Sales", provider="openai-compatible", model="large"))
    page = edited(pages.open(CHAT), agent)
    labelled(page.text_input, "Model").set_value("")
    save(page)
    assert named(pages, "Sales").model == "house-model"


def test_a_limit_and_a_temperature_can_be_taken_away(pages: Pages) -> None:
    parameters = AgentParameters(temperature=0.5)
    agent = pages.api.create_agent(AgentNew(name="Sales", daily_tokens=5000, parameters=parameters))
    page = edited(pages.open(CHAT), agent)
    assert labelled(page.number_input, "Tokens a day").value == 5000
    labelled(page.number_input, "Tokens a day").set_value(None)
    labelled(page.number_input, "Temperature").set_value(None)
    save(page)
    assert (named(pages, "Sales").daily_tokens, named(pages, "Sales").parameters.temperature) == (None, None)


def test_what_the_api_refuses_is_said_in_the_drawer_and_can_be_mended(pages: Pages) -> None:
    page = press(pages.open(CHAT), "new_agent")
    labelled(page.text_input, "Name").set_value("default")
    save(page)
    assert "choose another name" in words(page)
    assert labelled(page.text_input, "Name").value == "default"
    labelled(page.text_input, "Name").set_value("Sales")
    save(page)
    assert "choose another name" not in words(page)
    assert named(pages, "Sales")


def test_a_deleted_agent_is_gone_from_the_choice(pages: Pages) -> None:
    agent = pages.api.create_agent(AgentNew(name="Sales"))
    page = edited(pages.open(CHAT), agent)
    press(page, "delete_agent")
    assert [one.is_default for one in pages.api.agents().items] == [True]
    assert not [box for box in page.selectbox if box.key == "target"]
    assert not [one for one in page.text_input if one.label == "Name"]


def test_the_default_agent_keeps_its_name_and_stays(pages: Pages) -> None:
    page = press(pages.open(CHAT), "edit_agent")
    assert labelled(page.text_input, "Name").disabled
    assert not [one for one in page.button if one.key == "delete_agent"]
    labelled(page.text_area, "Instructions").set_value("Be brief.")
    save(page)
    assert named(pages, "default").parameters.instructions == "Be brief."


@pytest.mark.usefixtures("sample")
def test_the_chosen_agent_is_asked_and_its_conversation_stays_with_it(pages: Pages) -> None:
    pages.api.create_agent(AgentNew(name="Parrot", provider="echo"))
    page = pages.open(CHAT)
    choose(page, named(pages, "Parrot"))
    page.chat_input[0].set_value("What does the warranty cover?").run()
    [conversation] = pages.api.conversations().items
    assert conversation.agent_id == named(pages, "Parrot").id
    assert page.chat_message[1].name == "assistant"
    assert "Answers by **Echo**" in words(page)
    assert not [box for box in page.selectbox if box.key == "target"]


@pytest.mark.usefixtures("sample")
def test_the_default_agent_is_asked_where_none_was_chosen(pages: Pages) -> None:
    pages.api.create_agent(AgentNew(name="Aardvark", provider="echo"))
    page = pages.open(CHAT)
    page.chat_input[0].set_value("What does the warranty cover?").run()
    [conversation] = pages.api.conversations().items
    assert conversation.agent_id == named(pages, "default").id


@pytest.mark.usefixtures("sample")
def test_a_conversation_whose_agent_is_gone_cannot_be_gone_on_with(pages: Pages) -> None:
    agent = pages.api.create_agent(AgentNew(name="Parrot", provider="echo"))
    page = pages.open(CHAT)
    choose(page, agent)
    page.chat_input[0].set_value("What does the warranty cover?").run()
    pages.api.delete_agent(agent.id)
    page.chat_input[0].set_value("Does it cover *cables*?").run()
    assert "Its agent or its collection was deleted" in words(page)
    assert r"Your question was not sent: Does it cover \*cables\*?" in words(page)
    [conversation] = pages.api.conversations().items
    page = pages.open(CHAT, conversation=str(conversation.id))
    assert len(page.chat_message) == 2
    assert "Its agent or its collection was deleted" in words(page)
    assert page.chat_input[0].disabled


def test_who_may_not_change_agents_is_offered_neither_drawer(key_pages: KeyPages) -> None:
    page = key_pages.sign_in(Role.SALES, CHAT)
    assert page.chat_input
    assert not {"new_agent", "edit_agent"} & {str(button.key) for button in page.button}
