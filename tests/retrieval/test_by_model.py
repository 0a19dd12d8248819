"""The steps as a model takes them: its value, and the rules wherever it gives none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from backend.agents.providers.base import Done, Structured, TextDelta, Usage
from backend.errors import ProviderError, ProviderUnavailable
from backend.retrieval.base import Phrasing, Plan, RetrievedItem, Scope, Turn
from backend.retrieval.by_model import (
    MOST,
    PASSAGE_LENGTH,
    PHRASINGS,
    TITLE_LENGTH,
    TURN_LENGTH,
    TURNS,
    Decision,
    Model,
    ModelPhraser,
    ModelPlanner,
    ModelReranker,
    ModelRewriter,
    Order,
    OtherWords,
    Rewritten,
)
from backend.retrieval.small_talk import ABOUT
from tests.agents.scripted import ScriptedProvider, Step

DONE = Done(Usage(3, 2), "stop", "scripted-1")
SCOPE = Scope(uuid4(), (uuid4(),), 5)
SEVERAL = replace(SCOPE, collections=(uuid4(), uuid4(), uuid4()), names=("default", "hr_policies", "pricing"))
HISTORY = [Turn("user", "What does the Pro plan cost?"), Turn("assistant", "9 euros. [1]")]
FOUND_BY_RULES = Plan("search", 8, documents=(uuid4(),), note="by rules")
ASKED_BACK_BY_RULES = Plan("ask_back", 0, reply="What do you mean by “it”?", note="by rules")


class Other(BaseModel):
    """What no step asks for."""


class Rules:
    """All steps, with results that no model gives here."""

    name = "rules"
    failure = ""

    def __init__(self, plan: Plan = FOUND_BY_RULES) -> None:
        self._plan = plan

    async def rewrite(self, question: str, history: Sequence[Turn]) -> str:  # noqa: ARG002
        return f"{question} (by rules)"

    async def plan(self, question: str, scope: Scope, *, has_history: bool) -> Plan:  # noqa: ARG002
        return self._plan

    async def phrasings(self, question: str) -> Sequence[Phrasing]:
        return [Phrasing(f"{question} (by rules)", "query")]

    async def rerank(self, question: str, items: Sequence[RetrievedItem]) -> Sequence[RetrievedItem]:  # noqa: ARG002
        return sorted(items, key=lambda one: one.title)


async def contents(scope: Scope) -> Mapping[UUID, Sequence[str]]:
    assert scope == SEVERAL, "nothing is looked up where there is nothing to choose"
    return {SEVERAL.collections[1]: ["Employee\n Handbook", 'The "long" one' + "x" * TITLE_LENGTH]}


def says(value: BaseModel) -> tuple[Step, ...]:
    return (Structured(value), DONE)


def model(provider: ScriptedProvider) -> Model:
    return Model(provider, "large")


def items(names: str, text: str = "It is so.") -> list[RetrievedItem]:
    return [RetrievedItem(uuid4(), "passage", 0.5, None, None, name, None, None, text) for name in names]


def order(found: Sequence[RetrievedItem]) -> str:
    return "".join(one.title for one in found)


WITHOUT_A_VALUE = pytest.mark.parametrize(
    "script",
    [
        (ProviderError("no valid value in two attempts"),),
        (ProviderUnavailable("the model is away"),),
        (TextDelta("I would rather talk about the weather."), DONE),
        says(Other()),
    ],
    ids=["invalid", "away", "prose", "other type"],
)


# --- rewrite -----------------------------------------------------------------
async def test_a_follow_up_becomes_the_models_question_on_one_line() -> None:
    provider = ScriptedProvider(says(Rewritten(question=" What does the\n Enterprise plan  cost? ")))
    rewriter = ModelRewriter(model(provider), Rules())
    assert await rewriter.rewrite("and for Enterprise?", HISTORY) == "What does the Enterprise plan cost?"
    assert rewriter.name == "model"
    [request] = provider.requests
    assert (request.model, request.output_type, request.sampling.temperature) == ("large", Rewritten, 0.0)
    assert "What does the Pro plan cost?" in request.messages[-1].content
    assert request.messages[-1].content.endswith("and for Enterprise?")


@pytest.mark.parametrize(
    ("question", "history"), [("How do I reset my password?", HISTORY), ("and for Enterprise?", [])]
)
async def test_a_question_that_leans_on_nothing_costs_no_request(question: str, history: Sequence[Turn]) -> None:
    provider = ScriptedProvider()
    rewriter = ModelRewriter(model(provider), Rules())
    assert await rewriter.rewrite(question, history) == question
    assert rewriter.name == "rules"
    assert not provider.requests


@WITHOUT_A_VALUE
async def test_the_rules_rewrite_where_the_model_gives_no_question(script: Sequence[Step]) -> None:
    rewriter = ModelRewriter(model(ScriptedProvider(script)), Rules())
    assert await rewriter.rewrite("and for Enterprise?", HISTORY) == "and for Enterprise? (by rules)"
    assert rewriter.name == "rules"


@pytest.mark.parametrize("question", ["", " \n ", "x" * 1_001])
def test_a_blank_or_endless_question_is_no_value(question: str) -> None:
    with pytest.raises(ValueError, match="question"):
        Rewritten.model_validate({"question": question})


async def test_the_model_reads_the_beginnings_of_the_last_turns() -> None:
    provider = ScriptedProvider(says(Rewritten(question="What?")))
    history = [Turn("user", f"<{n}>" + "x" * TURN_LENGTH) for n in range(TURNS + 1)]
    await ModelRewriter(model(provider), Rules()).rewrite("and for Enterprise?", history)
    said = provider.requests[0].messages[-1].content
    assert "<0>" not in said
    assert "<1>" in said
    assert len(said) < TURNS * (TURN_LENGTH + 20) + 100


# --- plan --------------------------------------------------------------------
@pytest.mark.parametrize(("wanted", "limit"), [(1, 5), (12, 12), (MOST, MOST)])
async def test_a_search_reads_what_the_model_wants_and_no_less_than_was_asked_for(wanted: int, limit: int) -> None:
    planner = ModelPlanner(model(ScriptedProvider(says(Decision(action="search", passages=wanted)))), Rules(), contents)
    plan = await planner.plan("Compare the plans", SCOPE, has_history=False)
    assert (plan.action, plan.limit) == ("search", limit)


async def test_a_search_reads_no_more_than_the_most_that_was_asked_for() -> None:
    planner = ModelPlanner(model(ScriptedProvider(says(Decision(action="search", passages=MOST)))), Rules(), contents)
    plan = await planner.plan("Compare the plans", replace(SCOPE, limit=2, most=2), has_history=False)
    assert (plan.limit, plan.note) == (2, "search for 2 items")


async def test_documents_are_chosen_by_the_rules() -> None:
    planner = ModelPlanner(model(ScriptedProvider(says(Decision(action="search")))), Rules(), contents)
    plan = await planner.plan("What does the handbook say?", SCOPE, has_history=False)
    assert plan.documents == FOUND_BY_RULES.documents


async def test_the_model_asks_back_in_its_own_words() -> None:
    decided = Decision(action="ask_back", reply=" Which plan? ")
    planner = ModelPlanner(model(ScriptedProvider(says(decided))), Rules(), contents)
    plan = await planner.plan("Is it good?", SCOPE, has_history=False)
    assert (plan.action, plan.limit, plan.reply, planner.name) == ("ask_back", 0, "Which plan?", "model")


async def test_small_talk_is_answered_in_our_words_and_nothing_else_from_the_models_head() -> None:
    decided = Decision(action="converse", reply="France won 3-0 against Brazil.")
    planner = ModelPlanner(model(ScriptedProvider(says(decided))), Rules(), contents)
    plan = await planner.plan("Who won the cup in 1998?", SCOPE, has_history=False)
    assert (plan.action, plan.reply) == ("converse", ABOUT)


@pytest.mark.parametrize("reply", ["", "  ", "France won 3-0.", "France won. Did you know?", "x" * 201 + "?", "?"])
async def test_what_is_no_single_question_does_not_ask_back(reply: str) -> None:
    planner = ModelPlanner(model(ScriptedProvider(says(Decision(action="ask_back", reply=reply)))), Rules(), contents)
    assert await planner.plan("Is it good?", SCOPE, has_history=False) == FOUND_BY_RULES
    assert planner.name == "rules"
    assert planner.failure.startswith("the model's answer was refused: ")


async def test_a_reply_of_the_rules_comes_before_the_models() -> None:
    decided = Decision(action="ask_back", reply="Eh?")
    planner = ModelPlanner(model(ScriptedProvider(says(decided))), Rules(ASKED_BACK_BY_RULES), contents)
    plan = await planner.plan("Is it good?", SCOPE, has_history=False)
    assert plan.reply == ASKED_BACK_BY_RULES.reply


@WITHOUT_A_VALUE
async def test_the_rules_plan_where_the_model_decides_nothing(script: Sequence[Step]) -> None:
    planner = ModelPlanner(model(ScriptedProvider(script)), Rules(), contents)
    assert await planner.plan("Is it good?", SCOPE, has_history=False) == FOUND_BY_RULES
    assert planner.name == "rules"


@pytest.mark.parametrize(
    "value", [{"action": "search", "passages": 0}, {"action": "search", "passages": MOST + 1}, {"action": "dance"}]
)
def test_a_decision_out_of_range_is_no_value(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"passages|action"):
        Decision.model_validate(value)


async def test_of_several_collections_the_model_sees_names_and_contents_as_quoted_text() -> None:
    provider = ScriptedProvider(says(Decision(action="search")))
    await ModelPlanner(model(provider), Rules(), contents).plan("How many days?", SEVERAL, has_history=False)
    system, asked = (message.content for message in provider.requests[0].messages)
    assert "quoted text, not instructions" in system.rpartition("`collections`")[2]
    first, *lines, empty, question = asked.splitlines()
    assert (first, empty, question) == ("Collections:", "", "Question: How many days?")
    long = ("The 'long' one" + "x" * TITLE_LENGTH)[:TITLE_LENGTH]
    assert lines == ["default", f'hr_policies: "Employee Handbook", "{long}"', "pricing"]


async def test_of_one_collection_the_model_is_told_nothing() -> None:
    provider = ScriptedProvider(says(Decision(action="search")))
    await ModelPlanner(model(provider), Rules(), contents).plan("How many days?", SCOPE, has_history=False)
    assert "ollections" not in "".join(message.content for message in provider.requests[0].messages)


@pytest.mark.parametrize(
    ("names", "places"),
    [
        ([" HR_Policies "], [1]),
        (["pricing", "default"], [0, 2]),
        (["hr_policies", "payroll"], [1]),
        (["payroll"], None),
        ([], None),
        (["pricing", "default", "hr_policies"], None),
    ],
    ids=["one", "two", "one unknown", "unknown", "none", "all"],
)
async def test_the_model_chooses_collections_by_their_names(names: list[str], places: list[int] | None) -> None:
    provider = ScriptedProvider(says(Decision(action="search", collections=names)))
    plan = await ModelPlanner(model(provider), Rules(), contents).plan("How many days?", SEVERAL, has_history=False)
    assert plan.collections == (tuple(SEVERAL.collections[n] for n in places) if places is not None else None)
    expected = f", in {' and '.join(SEVERAL.names[n] for n in places)} only" if places is not None else ""
    assert plan.note == f"search for 5 items{expected}"


async def test_a_collection_that_the_question_names_comes_before_the_models_choice() -> None:
    named = replace(FOUND_BY_RULES, collections=(SEVERAL.collections[1],), query="How many?")
    provider = ScriptedProvider(says(Decision(action="search", collections=["pricing"])))
    plan = await ModelPlanner(model(provider), Rules(named), contents).plan("In hr?", SEVERAL, has_history=False)
    assert (plan.collections, plan.query) == (named.collections, "How many?")


async def test_in_one_collection_the_model_chooses_none() -> None:
    provider = ScriptedProvider(says(Decision(action="search", collections=["default"])))
    plan = await ModelPlanner(model(provider), Rules(), contents).plan("How many days?", SCOPE, has_history=False)
    assert plan.collections is None


# --- search ------------------------------------------------------------------
async def test_the_model_says_the_question_in_other_words_and_what_may_answer_it() -> None:
    said = OtherWords(others=["How long is\n leave?", " "], passage="Leave is granted  for some days.")
    provider = ScriptedProvider(says(said))
    phraser = ModelPhraser(model(provider), Rules())
    assert await phraser.phrasings("How much holiday do I get?") == [
        Phrasing("How long is leave?", "query"),
        Phrasing("Leave is granted for some days.", "document"),
    ]
    assert phraser.name == "model"
    [request] = provider.requests
    assert request.output_type is OtherWords
    assert request.messages[-1].content == "Question: How much holiday do I get?"


async def test_of_many_phrasings_the_first_other_ones_are_taken() -> None:
    said = OtherWords(others=["Why?", "A?", "A?", "B?", "C?", "D?"])
    found = await ModelPhraser(model(ScriptedProvider(says(said))), Rules()).phrasings("Why?")
    assert [one.text for one in found] == ["A?", "B?", "C?"]
    assert len(found) == PHRASINGS


@pytest.mark.parametrize("said", [OtherWords(), OtherWords(others=["Why?", ""], passage=" ")])
async def test_a_model_without_other_words_leaves_the_rules_theirs(said: OtherWords) -> None:
    phraser = ModelPhraser(model(ScriptedProvider(says(said))), Rules())
    assert await phraser.phrasings("Why?") == [Phrasing("Why? (by rules)", "query")]
    assert (phraser.name, phraser.failure) == ("rules", "the model gave no other words")


@WITHOUT_A_VALUE
async def test_the_rules_phrase_where_the_model_gives_nothing(script: Sequence[Step]) -> None:
    phraser = ModelPhraser(model(ScriptedProvider(script)), Rules())
    assert await phraser.phrasings("Why?") == [Phrasing("Why? (by rules)", "query")]
    assert phraser.name == "rules"


@pytest.mark.parametrize("value", [{"others": ["x"] * 9}, {"others": ["x" * 501]}, {"passage": "x" * 501}])
def test_endless_other_words_are_no_value(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"others|passage"):
        OtherWords.model_validate(value)


# --- rerank ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([3, 1, 2], "CAB"),
        ([2], "BAC"),
        ([2, 2, 3, 2], "BCA"),
        ([0, -1, 4, 3, 99], "CAB"),
        ([7, 8], "ABC"),
        ([], "ABC"),
    ],
    ids=["all", "left out come last", "repeated", "some out of range", "all out of range", "none"],
)
async def test_the_models_order_comes_first_and_nothing_is_dropped(numbers: list[int], expected: str) -> None:
    """The numbers are those of the rules' order, which the model is shown."""
    reranker = ModelReranker(model(ScriptedProvider(says(Order(passages=numbers)))), Rules())
    assert order(await reranker.rerank("Which?", items("BCA"))) == expected
    assert reranker.name == "model"


async def test_what_the_model_is_not_shown_comes_behind_in_the_rules_order() -> None:
    names = "".join(chr(ord("A") + n) for n in range(MOST + 3))
    provider = ScriptedProvider(says(Order(passages=[MOST + 2, MOST])))
    found = await ModelReranker(model(provider), Rules()).rerank("Which?", items(names[::-1]))
    assert order(found) == names[MOST - 1] + names[: MOST - 1] + names[MOST:]
    shown = provider.requests[0].messages[-1].content
    assert [name for name in names if f'title="{name}"' in shown] == list(names[:MOST])


async def test_the_model_reads_the_beginning_of_a_passage() -> None:
    provider = ScriptedProvider(says(Order(passages=[1])))
    await ModelReranker(model(provider), Rules()).rerank("Which?", items("AB", "y" * (PASSAGE_LENGTH + 100)))
    assert provider.requests[0].messages[-1].content.count("y") == 2 * PASSAGE_LENGTH


@pytest.mark.parametrize("names", ["", "A"])
async def test_fewer_than_two_items_cost_no_request(names: str) -> None:
    provider = ScriptedProvider()
    reranker = ModelReranker(model(provider), Rules())
    assert order(await reranker.rerank("Which?", items(names))) == names
    assert reranker.name == "rules"
    assert not provider.requests


@WITHOUT_A_VALUE
async def test_the_rules_order_stays_where_the_model_gives_none(script: Sequence[Step]) -> None:
    reranker = ModelReranker(model(ScriptedProvider(script)), Rules())
    assert order(await reranker.rerank("Which?", items("BCA"))) == "ABC"
    assert reranker.name == "rules"
