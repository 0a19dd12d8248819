"""The page of the agents that talk with visitors: listed, made, changed, put away."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from backend.db.models import Job
from contracts.access import Role
from contracts.agents import Agent, AgentEdit, AgentNew
from contracts.faqs import NewFaq
from contracts.lead_fields import LeadFields, OwnField
from contracts.personas import Persona
from tests.frontend.conftest import KeyPages, Pages
from tests.frontend.looking import keys, labelled, press, words

SMART = "pages/5_Smart_agents.py"
PLAN = NewFaq(question="What does the small plan cost?", answer="The small plan costs 12 EUR a month.")


def made(pages: Pages, name: str = "Sales", **settings: Any) -> Agent:
    agent = pages.api.create_agent(AgentNew.model_validate({"name": name, **settings}))
    pages.drain()
    return agent


def named(pages: Pages, name: str) -> Agent:
    return next(one for one in pages.api.agents().items if one.name == name)


def configured(pages: Pages, agent: Agent) -> AppTest:
    return pages.open(SMART, view="configure", agent=str(agent.id))


def save(page: AppTest) -> AppTest:
    return press(page, "save_smart")


# --- the list ------------------------------------------------------------------------------
def test_without_an_agent_the_page_says_what_will_be_here_and_offers_the_sample(pages: Pages) -> None:
    page = pages.open(SMART)
    assert "No agent talks with your visitors yet" in words(page)
    assert {"smart_from_sample", "new_smart"} <= {str(one.key) for one in page.button}


def test_a_list_that_cannot_be_read_is_not_shown_as_empty(pages: Pages) -> None:
    page = pages.open(SMART)
    pages.transport.is_down = True
    page.run()
    assert "No agent talks with your visitors yet" not in words(page)


def test_a_card_says_who_the_agent_is_how_it_is_and_what_it_keeps(pages: Pages) -> None:
    fields = LeadFields(standard=["name", "email"], own=[OwnField(name="order_number", question="Which order?")])
    made(
        pages,
        lead_fields=fields,
        persona={"role": "a *keen* adviser"},
        consent_text="May we?",
        retention_days=90,
    )
    said = words(pages.open(SMART))
    assert r"A \*keen\* adviser" in said
    assert r"Version 1 · Built\-in" in said
    assert r"Keeps name, e\-mail and order number once the visitor agrees, for 90 days" in said
    assert [one.value for one in pages.open(SMART).markdown if "Ready" in str(one.value)]


def test_an_agent_is_put_away_and_brought_back(pages: Pages) -> None:
    agent = made(pages)
    made(pages, "Other")
    page = press(pages.open(SMART), f"archive_{agent.id}")
    assert named(pages, "Other")
    assert [one.name for one in pages.api.archived_agents().items] == ["Sales"]
    assert f"restore_{agent.id}" not in {str(one.key) for one in page.button}
    page.toggle[0].set_value(True).run()
    press(page, f"restore_{agent.id}")
    assert named(pages, "Sales").state == "ready"


def test_an_agent_is_deleted_after_a_question(pages: Pages) -> None:
    agent = made(pages)
    page = press(pages.open(SMART), f"delete_agent_{agent.id}")
    assert "answers nobody from then on" in words(page)
    press(page, "keep_agent")
    assert named(pages, "Sales")
    press(press(page, f"delete_agent_{agent.id}"), "delete_smart")
    assert [one.is_default for one in pages.api.agents().items] == [True]


def test_a_copy_is_made_under_a_name_of_its_own(pages: Pages) -> None:
    agent = made(pages, persona={"tone": "warm"})
    page = press(pages.open(SMART), f"duplicate_{agent.id}")
    assert labelled(page.text_input, "Name").value == "Sales (copy)"
    labelled(page.text_input, "Name").set_value("sales")
    press(page, "duplicate_smart")
    assert "choose another name" in words(page)
    labelled(page.text_input, "Name").set_value("Twin")
    press(page, "duplicate_smart")
    assert named(pages, "Twin").persona.tone == "warm"


def become(pages: Pages, job_id: UUID | None, **values: object) -> None:
    pages.execute(sa.update(Job).where(Job.id == job_id).values(**values))


def test_what_an_agent_takes_in_is_followed(pages: Pages) -> None:
    agent = made(pages, faqs=[PLAN])
    become(pages, agent.job_id, status="running", stage="indexing", done=1, total=4, progress=0.5)
    page = pages.open(SMART)
    assert "Taking in its knowledge" in words(page)
    [bar] = page.get("progress")
    assert bar.proto.text.startswith("Reading what the texts mean · 1 of 4 entries")
    assert f"chat_{agent.id}" not in {str(one.key) for one in page.button}
    become(pages, agent.job_id, status="succeeded")
    page.run()
    assert not page.get("progress")
    assert f"chat_{agent.id}" in {str(one.key) for one in page.button}


def test_two_agents_that_wait_for_the_same_knowledge_are_both_shown(pages: Pages) -> None:
    agent = made(pages, faqs=[PLAN])
    pages.api.duplicate_agent(agent.id, "Twin")
    become(pages, agent.job_id, status="pending")
    page = pages.open(SMART)
    assert words(page).count("Taking in its knowledge") == 2
    assert len(page.get("progress")) == 1


def test_an_agent_that_is_not_ready_says_why_and_takes_in_its_knowledge_again(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.errors import NexusError
    from backend.services.indexing import CollectionIndexer

    async def broken(*_: object) -> int:
        raise NexusError("the store is on *strike*")

    with monkeypatch.context() as patch:
        patch.setattr(CollectionIndexer, "run", broken)
        agent = made(pages, faqs=[PLAN])
    page = pages.open(SMART)
    assert r"The store is on \*strike\*" in words(page)
    press(page, f"retry_agent_{agent.id}")
    pages.drain()
    page.run()
    assert named(pages, "Sales").state == "ready"
    assert f"chat_{agent.id}" in {str(one.key) for one in page.button}


# --- made ------------------------------------------------------------------------------------
@pytest.mark.usefixtures("sample")
def test_an_agent_is_made_from_the_sample(pages: Pages) -> None:
    page = press(pages.open(SMART), "smart_from_sample")
    assert "A new agent" in words(page)
    assert len(labelled(page.multiselect, "Documents").value) == 3
    labelled(page.text_input, "Name").set_value("Handbook adviser")
    save(page)
    assert not page.error
    pages.drain()
    agent = named(pages, "Handbook adviser")
    assert named(pages, "Handbook adviser").state == "ready"
    assert agent.persona.role == "a sales adviser of the company"
    assert agent.lead_fields == LeadFields()


@pytest.mark.usefixtures("sample")
def test_the_sample_is_read_first(pages: Pages) -> None:
    jobs = [one.job_id for one in pages.api.all_documents()]
    become(pages, jobs[0], status="running", stage="reading")
    page = press(pages.open(SMART), "smart_from_sample")
    assert "Reading 1 document of the sample handbook" in words(page)
    assert not page.multiselect
    become(pages, jobs[0], status="succeeded")
    page.run()
    assert len(labelled(page.multiselect, "Documents").value) == 3


@pytest.mark.usefixtures("sample")
def test_a_document_of_the_sample_that_cannot_be_read_says_why_and_can_be_left_out(pages: Pages) -> None:
    jobs = [one.job_id for one in pages.api.all_documents()]
    error = {"title": "Broken", "status": 500, "detail": "the file is *torn*", "code": "internal_error"}
    become(pages, jobs[0], status="failed", error=error)
    page = press(pages.open(SMART), "smart_from_sample")
    assert r"The file is \*torn\*" in words(page)
    press(page, "without_sample")
    assert len(labelled(page.multiselect, "Documents").value) == 2


@pytest.mark.usefixtures("sample")
def test_an_agent_is_made_as_its_form_says(approved: Pages) -> None:
    pages = approved
    page = pages.open(SMART, view="new")
    labelled(page.radio, "Template").set_value("support").run()
    labelled(page.text_input, "Name").set_value("Helpdesk")
    assert labelled(page.text_input, "Tone").value == "calm, clear and patient"
    labelled(page.text_input, "Tone").set_value("dry")
    labelled(page.text_area, "Do not").set_value("joke\n\n  guess ")
    labelled(page.text_area, "Greeting").set_value("")
    labelled(page.button_group, "Of every visitor").set_value(["email", "name"])
    labelled(page.text_area, "Consent text").set_value("May we keep it?")
    labelled(page.number_input, "Days that a lead is kept").set_value(30)
    page = press(page, "add_own")
    labelled(page.selectbox, "Language").set_value("de")
    *_, row = keys(page, "remove_own_")
    found = {str(one.key): one for one in [*page.text_input, *page.selectbox]}
    found[f"own_name_{row}"].set_value("Größe")
    found[f"own_question_{row}"].set_value("Which size?")
    found[f"own_kind_{row}"].set_value("choice").run()
    next(one for one in page.text_input if one.key == f"own_choices_{row}").set_value("S, M,L")
    save(page)
    assert not page.error
    agent = named(pages, "Helpdesk")
    assert (agent.persona.tone, agent.persona.avoid, agent.persona.greeting) == ("dry", ["joke", "guess"], None)
    assert agent.persona.language == "de"
    assert agent.lead_fields is not None
    assert agent.lead_fields.standard == ["name", "email"]
    assert [(one.name, one.kind, one.choices) for one in agent.lead_fields.own] == [
        ("order_number", "text", []),
        ("grosse", "choice", ["S", "M", "L"]),
    ]
    assert (agent.consent_text, agent.retention_days) == ("May we keep it?", 30)
    pages.drain()
    assert named(pages, "Helpdesk").state == "ready"


def test_what_is_wrong_with_a_form_is_said_in_its_own_words_and_kept_to_be_mended(pages: Pages) -> None:
    page = save(pages.open(SMART, view="new"))
    assert "Give the agent a name" in words(page)
    labelled(page.text_input, "Name").set_value("Sales")
    press(page, "add_own")
    save(page)
    assert "Field 1 of your own" in words(page)
    press(page, f"remove_own_{keys(page, 'remove_own_')[0]}")
    labelled(page.text_area, "Do").set_value(f"be kind\n{'x' * 301}")
    save(page)
    assert r"Do, line 2\: should have at most 300 characters" in words(page)
    labelled(page.text_area, "Do").set_value("be kind")
    save(page)
    assert named(pages, "Sales").persona.do == ["be kind"]


@pytest.mark.usefixtures("sample")
def test_knowledge_has_to_be_chosen(pages: Pages) -> None:
    page = pages.open(SMART, view="new")
    labelled(page.text_input, "Name").set_value("Sales")
    save(page)
    assert "Choose what it knows" in words(page)
    assert len(pages.api.agents().items) == 1


# --- changed ---------------------------------------------------------------------------------
def test_a_change_is_a_version_that_says_what_changed_and_can_be_gone_back_to(pages: Pages) -> None:
    agent = made(pages, template="sales")
    page = configured(pages, agent)
    labelled(page.text_input, "Tone").set_value("dry")
    labelled(page.text_area, "Consent text").set_value("May we?")
    save(page)
    changed = named(pages, "Sales")
    assert (changed.version, changed.persona.tone, changed.consent_text) == (2, "dry", "May we?")
    assert changed.lead_fields == agent.lead_fields
    assert changed.persona.do == agent.persona.do

    page = configured(pages, agent)
    assert r"Changed\: tone, consent text" in words(page)
    assert "As it was made" in words(page)
    press(page, "back_to_1")
    assert named(pages, "Sales").persona == agent.persona
    assert r"As in version 1. Changed\: tone, consent text" in words(page)
    assert labelled(page.text_input, "Tone").value == agent.persona.tone


def test_saving_what_was_not_changed_makes_no_version(pages: Pages) -> None:
    agent = made(pages, template="support", retention_days=9)
    save(configured(pages, agent))
    assert named(pages, "Sales").version == 1


def test_what_is_removed_is_removed(pages: Pages) -> None:
    agent = made(pages, template="sales", consent_text="May we?", retention_days=9, daily_tokens=100)
    page = configured(pages, agent)
    labelled(page.button_group, "Of every visitor").set_value([])
    labelled(page.text_area, "Consent text").set_value("")
    labelled(page.number_input, "Days that a lead is kept").set_value(None)
    labelled(page.number_input, "Tokens a day").set_value(None)
    save(page)
    changed = named(pages, "Sales")
    assert (changed.lead_fields, changed.consent_text, changed.retention_days) == (None, None, None)
    assert changed.daily_tokens is None


def test_an_empty_list_of_an_agent_goes_on_taking_away_what_the_workspace_says(pages: Pages) -> None:
    agent = made(pages, persona=Persona(avoid=[]))
    page = configured(pages, agent)
    labelled(page.text_input, "Tone").set_value("dry")
    save(page)
    assert named(pages, "Sales").persona == Persona(tone="dry", avoid=[])


def test_what_somebody_else_changed_meanwhile_is_told_with_what_to_do(pages: Pages) -> None:
    agent = made(pages, persona={"tone": "warm"})
    page = configured(pages, agent)
    pages.api.edit_agent(agent.id, AgentEdit(persona=Persona(tone="formal")))
    labelled(page.text_input, "Tone").set_value("dry")
    save(page)
    assert "it is at version 2, not 1" in words(page)
    assert labelled(page.text_input, "Tone").value == "dry"
    assert named(pages, "Sales").persona.tone == "formal"
    press(page, "take_newest")
    assert labelled(page.text_input, "Tone").value == "formal"
    labelled(page.text_input, "Tone").set_value("dry")
    save(page)
    assert named(pages, "Sales").persona.tone == "dry"


def test_an_agent_that_is_gone_is_told(pages: Pages) -> None:
    agent = made(pages)
    pages.api.delete_agent(agent.id)
    page = configured(pages, agent)
    assert "It was deleted" in words(page)
    press(page, "to_agents")
    assert "No agent talks with your visitors yet" in words(page)


# --- who may ---------------------------------------------------------------------------------
def test_sales_people_make_agents_and_leave_the_default_one(key_pages: KeyPages) -> None:
    made(key_pages)
    page = key_pages.sign_in(Role.SALES, SMART)
    default = next(one for one in key_pages.api.agents().items if one.is_default)
    buttons = {str(one.key) for one in page.button}
    assert {"new_smart", f"configure_{named(key_pages, 'Sales').id}", f"chat_{default.id}"} <= buttons
    assert f"configure_{default.id}" not in buttons


def test_who_may_not_change_agents_sees_and_asks_them(key_pages: KeyPages) -> None:
    agent = made(key_pages)
    page = key_pages.sign_in(Role.ANALYST, SMART)
    buttons = {str(one.key) for one in page.button}
    assert f"chat_{agent.id}" in buttons
    assert not {"new_smart", f"configure_{agent.id}", f"delete_agent_{agent.id}"} & buttons
    assert "Not for your role" in words(key_pages.sign_in(Role.ANALYST, SMART, view="new"))
