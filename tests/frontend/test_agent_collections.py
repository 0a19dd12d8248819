"""An agent of several collections on the chat page: chosen in its drawer, told beside its name and at a source."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from contracts.agents import AgentEdit, AgentNew
from tests.frontend.conftest import Pages
from tests.frontend.looking import keys, press, words
from tests.frontend.test_agents import CHAT, choose, edited, labelled, named, save, target

ALSO = "Also search in"


@pytest.fixture
def ids(pages: Pages) -> dict[str, UUID]:
    """Three collections; `staff` holds one FAQ, which is also in the default one."""
    for name in ("staff", "pricing"):
        pages.post("/collections", {"name": name})
    pages.post("/ingest", {"collection": "staff", "faqs": [{"question": "Is there tea?", "answer": "Tea is at four."}]})
    pages.drain()
    return {one.name: one.id for one in pages.api.collections().items}


def has_choice(page: AppTest) -> bool:
    return any(one.label == ALSO for one in page.multiselect)


def test_where_there_is_one_collection_no_other_is_offered(pages: Pages) -> None:
    assert not has_choice(press(pages.open(CHAT), "new_agent"))


def test_a_new_agent_also_searches_what_was_chosen(pages: Pages, ids: dict[str, UUID]) -> None:
    page = press(pages.open(CHAT), "new_agent")
    labelled(page.text_input, "Name").set_value("Desk")
    labelled(page.selectbox, "Answers from").set_value(ids["staff"]).run()
    labelled(page.multiselect, ALSO).set_value([ids["pricing"], ids["default"]])
    save(page)
    made = named(pages, "Desk")
    assert (made.collection_id, made.more_collection_ids) == (ids["staff"], [ids["pricing"], ids["default"]])
    assert "Desk (3 collections)" in target(page).options


def test_collections_are_taken_away_and_what_was_left_stays(pages: Pages, ids: dict[str, UUID]) -> None:
    more = [ids["pricing"], ids["staff"]]
    agent = pages.api.create_agent(AgentNew(name="Desk", collection_id=ids["default"], more_collection_ids=more))
    page = edited(pages.open(CHAT), agent)
    assert labelled(page.multiselect, ALSO).value == more
    labelled(page.text_input, "Name").set_value("Help")
    save(page)
    assert named(pages, "Help").more_collection_ids == more
    page = edited(page, named(pages, "Help"))
    labelled(page.multiselect, ALSO).set_value([])
    save(page)
    assert named(pages, "Help").more_collection_ids == []
    assert "Help (default)" in target(page).options


def test_what_is_answered_from_first_is_not_offered_a_second_time(pages: Pages, ids: dict[str, UUID]) -> None:
    more = [ids["pricing"], ids["staff"]]
    agent = pages.api.create_agent(AgentNew(name="Desk", collection_id=ids["default"], more_collection_ids=more))
    page = edited(pages.open(CHAT), agent)
    assert sorted(labelled(page.multiselect, ALSO).options) == ["pricing", "staff"]
    labelled(page.selectbox, "Answers from").set_value(ids["staff"]).run()
    assert sorted(labelled(page.multiselect, ALSO).options) == ["default", "pricing"]
    assert labelled(page.multiselect, ALSO).value == [ids["pricing"]]
    save(page)
    assert (named(pages, "Desk").collection_id, named(pages, "Desk").more_collection_ids) == (more[1], more[:1])


def test_the_page_tells_what_is_in_the_collections_of_an_agent_and_where_a_source_is_from(
    pages: Pages, ids: dict[str, UUID]
) -> None:
    agent = next(one for one in pages.api.agents().items if one.is_default)
    pages.api.edit_agent(agent.id, AgentEdit(collection_id=ids["pricing"], more_collection_ids=[ids["staff"]]))
    page = pages.open(CHAT)
    assert "1 approved FAQ and 0 passages in pricing and staff" in words(page)
    page.chat_input[0].set_value("Is there tea?").run()
    assert "items; in pricing and staff" in words(page)
    assert "what staff asks of an answer" in words(page)
    assert ":gray-badge[staff] :gray-badge[score" in words(page)
    press(page, next(str(button.key) for button in page.button if str(button.key).startswith("cite_")))
    assert "From staff" in words(page)


def told(faq: str) -> dict[str, str]:
    return {"question": faq, "answer": f"{faq.rstrip('?')}: yes."}


def test_the_questions_to_begin_with_are_those_of_the_agents_own_collections_each_once(
    pages: Pages, ids: dict[str, UUID]
) -> None:
    prices = ["Is Pro dear?", "Is Free free?", "is  pro dear?", *["Is Pro dear?"] * 12]
    pages.post("/ingest", {"collection": "pricing", "faqs": [told(one) for one in prices]})
    pages.post("/ingest", {"collection": "other_things", "faqs": [told("Is it late?")]})
    pages.post("/faqs", told("Who is there?"))
    pages.drain()
    more = [ids["pricing"], ids["staff"]]
    agent = pages.api.create_agent(AgentNew(name="Desk", collection_id=more[0], more_collection_ids=more[1:]))
    page = choose(pages.open(CHAT), agent)
    offered = [button.label for button in page.button if str(button.key).startswith("suggest_")]
    alike = sorted(" ".join(label.split()).casefold() for label in offered)  # which of those that read alike is open
    assert alike == ["is free free?", "is pro dear?", "is there tea?"]


def test_an_agent_without_approved_faqs_is_offered_none_of_others(pages: Pages, ids: dict[str, UUID]) -> None:
    agent = pages.api.create_agent(AgentNew(name="Desk", collection_id=ids["pricing"]))
    page = choose(pages.open(CHAT), agent)
    assert not keys(page, "suggest_")
    assert "No approved FAQs yet" in words(page)


def test_a_source_of_an_agent_of_one_collection_says_nothing_of_it(pages: Pages, ids: dict[str, UUID]) -> None:
    agent = next(one for one in pages.api.agents().items if one.is_default)
    pages.api.edit_agent(agent.id, AgentEdit(collection_id=ids["staff"]))
    page = pages.open(CHAT)
    page.chat_input[0].set_value("Is there tea?").run()
    press(page, next(str(button.key) for button in page.button if str(button.key).startswith("cite_")))
    assert "From staff" not in words(page)
