"""The compare page over the real app: asking, voting blind, and what is told after the vote."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from contracts.access import Role
from contracts.agents import AgentEdit, AgentNew
from contracts.comparisons import Comparison
from contracts.finetuning import TunedModel
from frontend.api_client import Api
from frontend.layout import COMPARE as PAGE
from frontend.layout import offered
from tests.frontend.comparing import COMPARE, QUESTION, compare, default, label_of, of_model
from tests.frontend.conftest import KeyPages, Pages
from tests.frontend.looking import address, field, keys, labelled, press, words


def ask(page: AppTest, question: str = QUESTION) -> AppTest:
    labelled(page.text_input, "Question").set_value(question).run()
    return press(page, "compare_now")


def choices(page: AppTest) -> list[Any]:
    """The lists of the lanes."""
    return [box for box in page.selectbox if str(box.key).startswith("lane_")]


def lanes(page: AppTest) -> list[str]:
    """What is chosen, in the words of the lists."""
    return [str(box.options[box.index or 0]) for box in choices(page)]


def shown(pages: Pages, page: AppTest) -> Comparison:
    return next(one for one in pages.api.comparisons().items if str(one.id) == address(page, "comparison"))


# --- who gets the page ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "is_offered"), [(Role.ML_ENGINEER, True), (Role.ANALYST, True), (Role.SALES, True), (Role.DEVOPS, False)]
)
def test_the_page_is_offered_to_whom_may_read_comparisons(key_pages: KeyPages, role: Role, is_offered: bool) -> None:
    me = Api(key_pages.api._http, key_pages.new_key(role)).me()
    assert bool(offered([PAGE], me)) is is_offered


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SALES])
def test_who_may_only_vote_sees_no_form(key_pages: KeyPages, role: Role) -> None:
    page = key_pages.sign_in(role, COMPARE)
    assert "Nothing was compared yet" in words(page)
    assert not keys(page, "compare_now")
    assert not keys(page, "ask_first")
    assert labelled(page.get("button_group"), "Show").options == ["Votes", "Batches", "Promoted"]


# --- whom it begins with -------------------------------------------------------------
def test_alone_the_default_agent_is_told_what_to_make_first(pages: Pages) -> None:
    page = pages.open(COMPARE)
    assert "Nobody to compare with yet" in words(page)
    assert not keys(page, "compare_now")
    links = [link.proto.page for link in page.get("page_link")]
    assert any("Fine" in link for link in links)
    assert any("Settings" in link for link in links)


def test_it_begins_with_the_default_agent_against_another_provider(two: Pages) -> None:
    page = two.open(COMPARE)
    assert lanes(page) == ["default (agent)", "ok (OpenAI-compatible server)"]
    assert "can be compared too once it is trained" in words(page)


def test_it_begins_with_the_default_agent_against_tuned_retrieval(two: Pages, model: TunedModel) -> None:
    page = two.open(COMPARE)
    assert lanes(page) == ["default (agent)", f"{model.name} (tuned retrieval)"]


def test_a_model_in_the_address_stands_against_the_default_agent(two: Pages, model: TunedModel) -> None:
    page = two.open(COMPARE, model=str(model.id))
    assert lanes(page) == ["default (agent)", f"{model.name} (tuned retrieval)"]


def test_lanes_are_added_up_to_four_and_taken_away(two: Pages) -> None:
    page = two.open(COMPARE)
    for _ in range(2):
        press(page, "add_lane")
    assert len(lanes(page)) == 4
    assert not keys(page, "add_lane")
    press(page, f"remove_{keys(page, 'remove_')[2]}")
    assert len(lanes(page)) == 3


def test_without_a_question_nothing_is_asked(two: Pages) -> None:
    page = press(two.open(COMPARE), "compare_now")
    assert "Write a question first." in words(page)
    assert not two.api.contests().items


def test_two_lanes_that_are_the_same_are_refused_with_the_reason(two: Pages) -> None:
    page = two.open(COMPARE)
    boxes = choices(page)
    boxes[1].set_value(boxes[0].value).run()
    ask(page)
    assert "Two of the answers have the same target" in words(page)


def test_a_question_is_taken_from_the_approved_faqs(two: Pages) -> None:
    page = two.open(COMPARE)
    first = keys(page, "suggest_")[0]
    press(page, f"suggest_{first}")
    faq = next(faq for faq in two.api.faqs(limit=200).items if str(faq.id) == first)
    assert labelled(page.text_input, "Question").value == faq.question


def test_the_questions_to_begin_with_are_of_what_those_that_are_compared_search(two: Pages) -> None:
    for name, question in (("staff", "Is there tea?"), ("pricing", "Is Pro dear?")):
        two.post("/ingest", {"collection": name, "faqs": [{"question": question, "answer": "Yes."}]})
    two.drain()
    ids = {one.name: one.id for one in two.api.collections().items}
    staff = two.api.create_agent(AgentNew(name="Desk", collection_id=ids["staff"]))
    both = [ids["pricing"], ids["staff"]]
    two.api.create_agent(AgentNew(name="All", collection_id=both[0], more_collection_ids=both[1:]))
    page = two.open(COMPARE)

    def offered(*names: str) -> set[str]:
        for box, name in zip(choices(page), names, strict=True):
            box.set_value(f"{name} (agent)")
        page.run()
        return {button.label for button in page.button if str(button.key).startswith("suggest_")}

    assert offered("Desk", "All") == {"Is there tea?"}
    two.api.edit_agent(staff.id, AgentEdit(collection_id=ids["pricing"]))
    assert offered("Desk", "All") == {"Is Pro dear?"}
    assert len(offered("default", "All")) == 4


def test_a_model_may_be_asked_without_documents(two: Pages) -> None:
    page = two.open(COMPARE)
    labelled(page.checkbox, "Without documents").check().run()
    press(ask(page), "vote_all_good")
    assert "without documents" in words(page)


# --- blind, and after the vote ---------------------------------------------------------
def test_who_wrote_what_is_told_after_the_vote(two: Pages) -> None:
    page = ask(two.open(COMPARE))
    said = words(page)
    assert "Who wrote which is told after your vote." in said
    assert not any(word in said for word in ("default", "OpenAI", "token", "Why this answer", "\\[1\\]"))
    press(page, "vote_left")
    comparison = shown(two, page)
    names = {lane.label: lane.contestant.name for lane in comparison.lanes if lane.contestant is not None}
    said = words(page)
    assert f"Your vote: **{names['left']} is better**" in said
    assert "It counts in the verdict." in said
    for word in ("default", "Agent · Built\\-in", "irst token", "tokens", "price not known"):
        assert word in said
    assert keys(page, f"cite_{comparison.id}_")


def test_a_citation_opens_its_source(two: Pages) -> None:
    page = press(ask(two.open(COMPARE)), "vote_left")
    comparison = shown(two, page)
    press(page, f"cite_{comparison.id}_{keys(page, f'cite_{comparison.id}_')[0]}")
    assert "quoted" in words(page)


def test_a_changed_vote_is_kept_and_said_not_to_count(two: Pages) -> None:
    page = press(ask(two.open(COMPARE)), "vote_left")
    assert "does not count in the verdict" in words(page)
    press(page, "change_to_all_bad")
    assert "Your vote: **All bad**" in words(page)
    assert "It does not count" in words(page)
    [contest] = two.api.contests().items
    assert (contest.votes, contest.others) == (0, 1)


def test_a_refresh_shows_the_same_comparison(two: Pages) -> None:
    comparison = compare(two.api, [default(two.api), of_model("ok")])
    page = two.open(COMPARE, comparison=str(comparison.id))
    assert "Left" in words(page)
    assert keys(page, "vote_") == ["left", "right", "all_good", "all_bad"]


def test_the_same_lanes_are_asked_another_question(two: Pages) -> None:
    lanes_ = [default(two.api), of_model("badcite"), of_model("ok")]
    comparison = compare(two.api, lanes_)
    page = press(two.open(COMPARE, comparison=str(comparison.id)), "vote_a")
    press(page, "ask_same")
    press(ask(page, "What is Coldkeep?"), "vote_all_good")
    [contest] = two.api.contests().items
    assert (contest.questions, contest.votes) == (2, 2)


def test_a_lane_with_an_error_shows_it_and_the_others_stand(two: Pages) -> None:
    comparison = compare(two.api, [default(two.api), of_model("status-400"), of_model("ok")])
    page = press(two.open(COMPARE, comparison=str(comparison.id)), "vote_all_good")
    assert len(page.error) == 1
    assert "status\\-400" in words(page)
    failed = label_of(two.api.comparison(comparison.id), "status-400")
    assert f"change_to_{failed}" not in [str(button.key) for button in page.button]


def test_where_only_one_has_answered_there_is_no_vote(two: Pages) -> None:
    comparison = compare(two.api, [default(two.api), of_model("status-400")])
    page = two.open(COMPARE, comparison=str(comparison.id))
    assert not keys(page, "vote_")
    assert any("only 1 of 2 have an answer" in str(info.value) for info in page.info)


def test_not_blind_the_names_are_in_sight_and_the_vote_does_not_count(two: Pages) -> None:
    page = two.open(COMPARE)
    labelled(page.toggle, "Blind").set_value(False).run()
    ask(page)
    assert "Agent" in words(page)
    assert "does not count in the verdict" in words(page)
    press(page, "vote_left")
    assert "It does not count" in words(page)


def test_a_comparison_that_the_api_refuses_is_told_and_can_be_changed(two: Pages) -> None:
    compare(two.api, [default(two.api), of_model("ok")])
    [contest] = two.api.contests().items
    two.api.close_contest(contest.id, closed=True)
    page = ask(two.open(COMPARE))
    assert "comparison of these targets is closed" in words(page)
    press(page, "race_back")
    assert labelled(page.text_input, "Question").value == QUESTION
    assert field(page.button, "compare_now")
