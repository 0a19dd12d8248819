"""What was promoted: who follows an alias, rolling back, the audit list, and where an alias can be asked."""

import pytest

from backend.finetuning.adapter_task import MAP
from backend.settings import Settings
from contracts.comparisons import Contest, Promotion, Target
from contracts.finetuning import TunedModel
from frontend.components.verdict import verdict_words
from frontend.safe_text import code, plain
from tests.frontend.comparing import COMPARE, compare, default, of_model, set_up
from tests.frontend.conftest import Pages
from tests.frontend.looking import field, keys, press, words
from tests.frontend.tuning import told
from tests.mock_openai import MockServer

HOME = "Home.py"


def promote(pages: Pages, contest: Contest, place: int = 0) -> str:
    one = contest.contestants[place]
    pages.api.promote("support-default", Promotion(contest_id=contest.id, key=one.key, reason="It is cheaper"))
    return one.name


def test_an_alias_is_rolled_back_once_it_is_said_to_what(two: Pages, contest: Contest) -> None:
    first = promote(two, contest, 0)
    second = promote(two, contest, 1)
    page = press(two.open(COMPARE, view="promoted"), "roll_back_support-default")
    said = words(page)
    assert f"means **{second}** now. It returns to **{first}**" in said
    press(page, "roll_back_confirm")
    [alias] = two.api.aliases()
    assert alias.current.contestant.name == first
    assert not keys(page, "roll_back_")


def test_why_an_alias_cannot_be_rolled_back_is_told(approved: Pages, model: TunedModel, settings: Settings) -> None:
    compare(approved.api, [default(approved.api), Target(model=model.name)])
    [contest] = approved.api.contests().items
    places = {one.kind: place for place, one in enumerate(contest.contestants)}
    promote(approved, contest, places["tuned_retrieval"])
    promote(approved, contest, places["agent"])
    next(settings.tuned.rglob(MAP)).unlink()
    page = press(approved.open(COMPARE, view="promoted"), "roll_back_support-default")
    press(page, "roll_back_confirm")
    assert plain("'query_map.safetensors' of the model is missing; train it anew") in words(page)
    [alias] = approved.api.aliases()
    assert alias.current.contestant.kind == "agent"


def test_the_audit_list_outlives_the_alias(two: Pages, contest: Contest) -> None:
    first, second = promote(two, contest, 0), promote(two, contest, 1)
    two.api.roll_back("support-default", "It was [slow](http://example.com)")
    two.api.delete_alias("support-default")
    said = words(two.open(COMPARE, view="promoted"))
    assert f"{code('support-default')} was deleted; it meant **{plain(first)}**" in said
    assert f"{code('support-default')} means **{plain(first)}** again, no longer **{plain(second)}**" in said
    assert f"{code('support-default')} means **{plain(second)}**, which the votes did not decide" in said
    assert said.index("was deleted") < said.index("again, no longer") < said.index(f"**{plain(second)}**, which")
    assert f"The reason given: {plain('It was [slow](http://example.com)')}." in said
    assert f"The votes then: {verdict_words(contest.verdict.text)}" in said


def test_what_changes_for_agents_is_said_before_an_alias_is_promoted_or_rolled_back(
    approved: Pages, mock: MockServer
) -> None:
    set_up(approved.api, mock)
    alone = of_model("ok").model_copy(update={"documents": False})
    compared = compare(approved.api, [alone, of_model("unsure"), default(approved.api)])
    contest = approved.api.contest(compared.contest_id)
    places = {one.name: place for place, one in enumerate(contest.contestants)}
    promote(approved, contest, places["ok"])
    promote(approved, contest, places["unsure"])
    press(approved.open(COMPARE, view="promoted"), "use_support-default")
    page = approved.open(COMPARE, contest=str(contest.id))
    chosen = field(page.selectbox, f"alias_contestant_{contest.id}")
    keys = {one.name: one.key for one in contest.contestants}
    assert "The alias is followed by default." in words(chosen.set_value(keys["unsure"]).run())
    assert "followed by default, from then on without documents" in words(chosen.set_value(keys["ok"]).run())
    assert "is an agent: the alias cannot mean it while it is used by default" in words(
        chosen.set_value(keys["default"]).run()
    )
    page = press(approved.open(COMPARE, view="promoted"), "roll_back_support-default")
    assert "followed by default, from then on without documents" in words(page)
    press(page, "roll_back_confirm")
    page = approved.open("pages/2_Chat.py")
    said = words(page)
    assert f"Answers by **{plain('support-default')}**, which means **ok** now · without documents" in said


def test_what_means_a_model_is_used_in_the_default_agent(two: Pages, contest: Contest) -> None:
    place = next(at for at, one in enumerate(contest.contestants) if one.kind == "model")
    promote(two, contest, place)
    page = press(two.open(COMPARE, view="promoted"), "use_support-default")
    assert two.api.agents().items[0].model == "support-default"
    assert "Used by default" in words(page)


def test_what_means_tuned_retrieval_is_used_to_search_with(approved: Pages, model: TunedModel) -> None:
    compare(approved.api, [default(approved.api), Target(model=model.name)])
    [contest] = approved.api.contests().items
    place = next(at for at, one in enumerate(contest.contestants) if one.kind == "tuned_retrieval")
    promote(approved, contest, place)
    press(approved.open(COMPARE, view="promoted"), "use_support-default")
    assert approved.api.agents().items[0].parameters.retrieval_model == "support-default"


def test_what_means_an_agent_is_no_agents_to_use(two: Pages, contest: Contest) -> None:
    place = next(at for at, one in enumerate(contest.contestants) if one.kind == "agent")
    promote(two, contest, place)
    page = two.open(COMPARE, view="promoted")
    assert "It means an agent" in words(page)
    assert not keys(page, "use_")


def test_the_api_that_is_away_is_not_nothing_promoted(pages: Pages) -> None:
    page = pages.open(COMPARE, view="promoted")
    assert "Nothing was promoted yet" in words(page)
    assert "Audit list" not in words(page)
    pages.transport.is_down = True
    page.run()
    assert "yet" not in words(page)


def test_the_lists_of_targets_have_the_aliases(two: Pages, contest: Contest) -> None:
    name = promote(two, contest)
    page = two.open(COMPARE)
    boxes = [box for box in page.selectbox if str(box.key).startswith("lane_")]
    assert f"support-default (alias, now {name})" in boxes[0].options


def test_an_alias_of_what_cannot_be_used_any_more_is_not_offered(
    approved: Pages, model: TunedModel, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(approved.api, mock)
    compare(approved.api, [default(approved.api), Target(model=model.name)])
    [contest] = approved.api.contests().items
    promote(approved, contest, next(at for at, one in enumerate(contest.contestants) if one.model_id is not None))
    gone = {"state": "unusable", "reason": "its file is missing"}
    told(
        monkeypatch,
        "tuned_models",
        lambda page: page.model_copy(update={"items": [one.model_copy(update=gone) for one in page.items]}),
    )
    page = approved.open(COMPARE)
    offered = [option for box in page.selectbox if str(box.key).startswith("lane_") for option in box.options]
    assert "default (agent)" in offered
    assert not [option for option in offered if option.startswith(("support-default", model.name))]


def test_an_alias_is_asked_on_the_chat_page_and_a_conversation_goes_on_with_what_it_means(
    two: Pages, contest: Contest
) -> None:
    keys = {one.name: one.key for one in contest.contestants}
    two.api.promote("support-default", Promotion(contest_id=contest.id, key=keys["ok"], reason="It is cheap"))
    page = two.open("pages/2_Chat.py")
    assert "support-default (alias, now ok)" in field(page.selectbox, "target").options
    field(page.selectbox, "target").set_value("support-default").run()
    page.chat_input[0].set_value("What does the warranty cover?").run()
    [conversation] = two.api.conversations().items
    assert conversation.model == "support-default"
    two.api.promote("support-default", Promotion(contest_id=contest.id, key=keys["default"], reason="It is free"))
    page = two.open("pages/2_Chat.py", conversation=str(conversation.id))
    assert f"**{plain('support-default')}** means **default** now" in words(page)
    page.chat_input[0].set_value("What is Coldkeep?").run()
    answers = [turn.answer for turn in two.api.conversation(conversation.id).turns if turn.answer is not None]
    assert [answer.model for answer in answers] == ["ok", "builtin"]
