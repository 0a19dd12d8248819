"""Contests on the compare page: what votes say, the queue, promotion, and Home's card."""

from typing import Any

import pytest

from contracts.access import Role
from contracts.agents import AgentNew
from contracts.comparisons import Comparison, Contest, Duel, Promotion, Target, Verdict
from contracts.finetuning import TunedModel
from frontend.components.tuning import percent
from frontend.components.verdict import verdict_words, win_rate_chart
from frontend.safe_text import plain
from tests.frontend.comparing import COMPARE, compare, default, of_model, set_up
from tests.frontend.conftest import KeyPages, Pages
from tests.frontend.looking import address, field, keys, labelled, press, words
from tests.frontend.tuning import TUNE, told
from tests.mock_openai import MockServer

HOME = "Home.py"


def name_of_left(pages: Pages) -> str:
    voted = next(one for one in pages.api.comparisons().items if one.vote is not None)
    return next(lane.contestant.name for lane in voted.lanes if lane.label == "left" and lane.contestant is not None)


def decide(monkeypatch: pytest.MonkeyPatch, contest: Contest) -> str:
    """As if the votes had said it; the name of the best."""
    best = contest.verdict.order[0]
    said: dict[str, Any] = {"decided": True, "best": best, "text": "ok is better: 62 %, 54 to 70 %, n = 140"}
    told(
        monkeypatch,
        "contest",
        lambda one: one.model_copy(update={"verdict": one.verdict.model_copy(update=said)}),
    )
    return next(one.name for one in contest.contestants if one.key == best)


# --- what votes say --------------------------------------------------------------------
def test_the_list_says_what_the_votes_say_and_how_many_wait(two: Pages, contest: Contest) -> None:
    page = two.open(COMPARE, view="votes")
    said = words(page)
    assert "Undecided" in said
    assert "3 questions · 1 vote counts" in said
    assert "2 to vote on" in said
    press(page, f"open_contest_{contest.id}")
    assert address(page, "contest") == str(contest.id)
    assert "more votes" in words(page)


def test_a_contest_without_votes_says_so(two: Pages) -> None:
    compare(two.api, [default(two.api), of_model("ok")])
    [contest] = two.api.contests().items
    page = two.open(COMPARE, contest=str(contest.id))
    assert "No votes yet." in words(page)
    assert not page.get("vega_lite_chart")


def test_waiting_questions_are_voted_on_one_after_the_other(two: Pages, contest: Contest) -> None:
    page = press(two.open(COMPARE, contest=str(contest.id)), "vote_next")
    first = address(page, "comparison")
    press(page, "vote_all_good")
    press(page, "vote_next")
    assert address(page, "comparison") != first
    press(page, "vote_all_bad")
    assert not keys(page, "vote_next")
    press(page, "to_contest")
    assert "Nothing waits for your vote." in words(page)
    assert two.api.contest(contest.id).votes == 3


def test_of_three_each_pair_has_its_line(two: Pages) -> None:
    lanes = [default(two.api), of_model("ok"), of_model("longer")]
    two.api.vote(compare(two.api, lanes).id, "a")
    [contest] = two.api.contests().items
    [table] = two.open(COMPARE, contest=str(contest.id)).table
    assert list(table.value) == ["Compared", "Better", "The same", "Worse", "Win rate", "By all votes"]
    assert list(table.value["Better"]) == [1, 1, 0]
    assert list(table.value["By all votes"]) == [percent(one.expected or 0) for one in every(contest.verdict)]
    names = {one.key: one.name for one in contest.contestants}
    second, third = (plain(names[key]) for key in contest.verdict.order[1:])
    assert list(table.value["Compared"])[2] == f"{second} against {third}"


def every(verdict: Verdict) -> list[Duel]:
    return [*verdict.duels, *verdict.others]


def test_votes_that_do_not_count_are_named(two: Pages, contest: Contest) -> None:
    seen = compare(two.api, [default(two.api), of_model("ok")], blind=False)
    two.api.vote(seen.id, "right")
    page = two.open(COMPARE, contest=str(contest.id))
    assert any(
        "1 vote was not counted: cast or changed once the names were told" in str(one.value) for one in page.caption
    )


def test_the_win_rate_is_drawn_with_its_interval_and_said(two: Pages, contest: Contest) -> None:
    page = two.open(COMPARE, contest=str(contest.id))
    [chart] = page.get("vega_lite_chart")
    assert chart.proto.alt.startswith(f"{name_of_left(two)} against")
    assert "even is 50%" in chart.proto.alt
    drawn = win_rate_chart(two.api.contest(contest.id).curves[0]).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["bar", "rule", "line"]


def test_a_question_of_a_contest_leads_back_to_it(two: Pages, contest: Contest) -> None:
    comparison: Comparison = two.api.comparisons(contest_id=contest.id).items[0]
    page = two.open(COMPARE, contest=str(contest.id), comparison=str(comparison.id))
    press(page, "back")
    assert "What the votes say" in words(page)
    assert "comparison" not in page.query_params


def test_back_leads_to_the_form_or_to_the_list_for_whom_may_only_vote(key_pages: KeyPages) -> None:
    second = key_pages.api.create_agent(AgentNew(name="second"))
    asked = compare(key_pages.api, [default(key_pages.api), Target(agent_id=second.id)])
    page = key_pages.sign_in(Role.ADMIN, COMPARE, comparison=str(asked.id))
    assert field(page.button, "back").label == "New question"
    press(page, "back")
    assert keys(page, "compare_now") == [""]
    page = key_pages.sign_in(Role.ANALYST, COMPARE, view="votes", comparison=str(asked.id))
    assert field(page.button, "back").label == "All comparisons"
    press(page, "back")
    assert keys(page, "open_contest_") == [str(asked.contest_id)]


def test_a_contest_is_closed_and_opened_again(two: Pages, contest: Contest) -> None:
    page = press(two.open(COMPARE, contest=str(contest.id)), "close_contest")
    assert two.api.contest(contest.id).closed
    assert "no vote and no question is taken" in words(page)
    assert not keys(page, "vote_next")
    press(page, "close_contest")
    assert not two.api.contest(contest.id).closed


def test_a_contest_is_deleted_once_that_is_confirmed(two: Pages, contest: Contest) -> None:
    page = press(two.open(COMPARE, contest=str(contest.id)), "delete_contest")
    assert two.api.contests().items
    press(page, "delete_confirm")
    assert not two.api.contests().items
    assert "Nothing was compared yet" in words(page)


def test_who_may_only_vote_closes_deletes_and_promotes_nothing(key_pages: KeyPages) -> None:
    second = key_pages.api.create_agent(AgentNew(name="second"))
    compare(key_pages.api, [default(key_pages.api), Target(agent_id=second.id)])
    [contest] = key_pages.api.contests().items
    page = key_pages.sign_in(Role.ANALYST, COMPARE)
    press(page, f"open_contest_{contest.id}")
    assert keys(page, "vote_next") == [""]
    assert not {"close_contest", "delete_contest", "promote", "ask_these"} & {str(one.key) for one in page.button}


# --- promotion -------------------------------------------------------------------------
def test_an_undecided_contest_promotes_nothing_without_a_reason(two: Pages, contest: Contest) -> None:
    page = two.open(COMPARE, contest=str(contest.id))
    assert any("do not say yet that" in str(one.value) for one in page.warning)
    press(page, "promote")
    assert "collect more, or give a reason" in words(page)
    assert two.api.aliases() == []
    labelled(page.text_input, "Promote it all the same, because").set_value("It costs a tenth").run()
    press(page, "promote")
    [alias] = two.api.aliases()
    assert (alias.name, alias.current.reason, alias.current.decided) == ("support-default", "It costs a tenth", False)
    assert alias.current.contestant.name == name_of_left(two)
    said = words(page)
    assert "The reason given: It costs a tenth." in said
    assert "The votes then: Undecided" in said


def test_a_winner_is_promoted_without_a_reason(two: Pages, contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    name = decide(monkeypatch, contest)
    page = two.open(COMPARE, contest=str(contest.id))
    assert "ok is better" in words(page)
    assert field(page.button, "promote").label == f"Promote {name}"
    assert not page.warning


def put_last(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """As if the votes had put this contestant behind the others."""

    def behind(one: Contest) -> Contest:
        order = sorted(one.verdict.order, key=key.__eq__)
        return one.model_copy(update={"verdict": one.verdict.model_copy(update={"order": order})})

    told(monkeypatch, "contest", behind)


def test_the_form_begins_with_whom_the_person_voted_for(
    two: Pages, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = next(one for one in two.api.comparisons(contest_id=contest.id).items if one.vote is None)
    page = two.open(COMPARE, contest=str(contest.id), comparison=str(waiting.id))
    press(page, "vote_left")
    [key] = [
        one.contestant.key for one in two.api.comparison(waiting.id).lanes if one.label == "left" and one.contestant
    ]
    put_last(monkeypatch, key)
    press(page, "to_contest")
    assert field(page.selectbox, f"alias_contestant_{contest.id}").value == key


def test_the_form_begins_with_the_model_and_the_alias_that_the_person_came_from(
    approved: Pages, model: TunedModel, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(approved.api, mock)
    for target, name in ((of_model("ok"), "first"), (Target(model=model.name), "second")):
        found = approved.api.contest(compare(approved.api, [target, default(approved.api)]).contest_id)
        key = next(one.key for one in found.contestants if one.target == target)
        approved.api.promote(name, Promotion(contest_id=found.id, key=key, reason="try it"))
    put_last(monkeypatch, key)
    page = approved.open(COMPARE, view="ask", model=str(model.id))
    page.query_params["view"], page.query_params["contest"] = "votes", str(found.id)
    page.run()
    assert field(page.selectbox, f"alias_contestant_{found.id}").value == key
    assert labelled(page.text_input, "Alias").value == "second"


def test_a_name_that_is_none_is_refused_at_once(two: Pages, contest: Contest) -> None:
    page = two.open(COMPARE, contest=str(contest.id))
    labelled(page.text_input, "Alias").set_value("Our/Best").run()
    press(page, "promote")
    assert "is no name for an alias" in words(page)


def test_a_name_at_the_beginning_of_a_verdict_is_left_as_it_is() -> None:
    text = "default is better: 62 %, 54 to 70 %, n = 140"
    assert verdict_words(text) == "default is better\\: 62\u00a0% of 140 votes \\(54 to 70\u00a0%\\)."
    assert verdict_words("no votes yet") == "No votes yet."


def test_a_judges_verdict_speaks_of_the_questions_that_it_decided() -> None:
    text = "undecided: ok 62 %, 48 to 70 %, n = 140; at this margin about 80 more questions"
    said = verdict_words(text, of="question").replace("\\", "")
    assert said == "Undecided: ok 62\u00a0% of 140 questions (48 to 70\u00a0%); at this margin about 80 more questions."


# --- from other pages --------------------------------------------------------------------
def test_home_tells_of_undecided_comparisons_that_wait(two: Pages, contest: Contest) -> None:
    page = two.open(HOME)
    assert "1 undecided comparison" in words(page)
    assert "2 questions wait for your vote." in words(page)
    links = [link.proto for link in page.get("page_link")]
    assert f"view=votes&contest={contest.id}" in [link.query_string for link in links if "Compare" in link.page]


@pytest.mark.usefixtures("contest")
def test_home_is_silent_once_it_is_decided(two: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    decided = Verdict(decided=True, best=None, order=[], duels=[], votes_needed=0, text="")
    update = {"verdict": decided}
    told(
        monkeypatch,
        "contests",
        lambda page: page.model_copy(update={"items": [one.model_copy(update=update) for one in page.items]}),
    )
    assert "undecided comparison" not in words(two.open(HOME))


def test_a_finished_model_leads_to_its_comparison(approved: Pages, model: TunedModel) -> None:
    page = approved.open(TUNE, model=str(model.id))
    press(page, "compare_model")
    boxes = [box for box in page.selectbox if str(box.key).startswith("lane_")]
    assert [box.options[box.index or 0] for box in boxes] == ["default (agent)", f"{model.name} (tuned retrieval)"]
