from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from backend.retrieval.base import Action, Scope
from backend.retrieval.planner import MOST, NamedDocument, RulePlanner

SCOPE = Scope(uuid4(), (uuid4(),), 5)
HANDBOOK = NamedDocument(uuid4(), "Employee Handbook")
NOTES = [NamedDocument(uuid4(), f"notes {n}") for n in range(2)]


async def documents(_scope: Scope, text: str) -> Sequence[NamedDocument]:
    return [found for found in (HANDBOOK, *NOTES) if text.casefold() in found.name.casefold()]


planner = RulePlanner(documents)


@pytest.mark.parametrize(
    ("question", "action"),
    [
        ("Hello!", "converse"),
        ("thanks a lot", "converse"),
        ("Who are you?", "converse"),
        ("Vielen Dank!", "converse"),
        ("help", "converse"),
        ("ok", "converse"),
        ("Cheers, bye", "converse"),
        ("hello world", "converse"),
        ("What is your name?", "converse"),
        ("are you a bot?", "converse"),
        ("yes", "converse"),
        ("no", "converse"),
        ("Wie heißt du?", "converse"),
        ("Qui es-tu ?", "converse"),
        ("¿Cómo te llamas?", "converse"),
        ("How?", "ask_back"),
        ("How long is that valid?", "ask_back"),
        ("Do they work outside?", "ask_back"),
        ("and for the other one?", "ask_back"),
        ("hi, how do I reset my password?", "search"),
        ("What is your refund policy?", "search"),
        ("Who are your partners?", "search"),
        ("no response from the server", "search"),
        ("Can I try it before I pay anything?", "search"),
        ("Is that plan still sold?", "search"),
        ("what is rest", "search"),
        ("what about it", "ask_back"),
        ("How do I reset it?", "ask_back"),
        ("How do I reset my password?", "search"),
        ("hello world program in R", "search"),
        ("help with invoices", "search"),
        ("👩‍👩‍👧‍👦", "search"),
        ("如何重置密码", "search"),
        ("Thanks to whom was version two released?", "search"),
    ],
)
async def test_small_talk_is_answered_and_what_names_nothing_asked_back(question: str, action: Action) -> None:
    plan = await planner.plan(question, SCOPE, has_history=False)
    assert plan.action == action
    assert bool(plan.reply) == (action != "search")


async def test_what_refers_to_something_is_not_asked_back_in_a_conversation() -> None:
    assert (await planner.plan("How do I reset it?", SCOPE, has_history=True)).action == "search"


@pytest.mark.parametrize("question", ["and for the other one?", "what about the rest?", "und die anderen?"])
async def test_what_names_nothing_new_is_asked_back_in_a_conversation(question: str) -> None:
    assert (await planner.plan(question, SCOPE, has_history=True)).action == "ask_back"


async def test_the_question_asked_back_names_the_word_that_is_not_understood() -> None:
    assert "“it”" in (await planner.plan("How do I reset it?", SCOPE, has_history=False)).reply


@pytest.mark.parametrize(("question", "more"), [("Compare the two plans", True), ("What is a plan?", False)])
async def test_a_list_or_a_comparison_reads_more(question: str, more: bool) -> None:
    plan = await planner.plan(question, SCOPE, has_history=False)
    assert (plan.limit > SCOPE.limit) is more


async def test_no_plan_reads_more_than_a_request_may() -> None:
    wide = Scope(SCOPE.workspace_id, SCOPE.collections, MOST)
    assert (await planner.plan("Compare the two plans", wide, has_history=False)).limit == MOST


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many days of leave, according to the employee handbook?", (HANDBOOK.id,)),
        ('What does it say about leave in the "Employee Handbook"?', (HANDBOOK.id,)),
        ("What is in notes file?", None),
        ("What is in the tax handbook about leave?", None),
        ("How many days of leave do I get?", None),
    ],
)
async def test_one_named_document_limits_the_search_and_an_unclear_name_does_not(
    question: str, expected: tuple[UUID, ...] | None
) -> None:
    assert (await planner.plan(question, SCOPE, has_history=False)).documents == expected


SEVERAL = Scope(
    uuid4(),
    tuple(uuid4() for _ in range(5)),
    5,
    names=("default", "staff", "staff_archive", "pricing_faq", "it_handbook"),
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many days of leave do I get, according to the Staff collection?", ["staff"]),
        ("In the pricing collection, what does the Pro plan cost?", ["pricing_faq"]),
        ("What does the Pro plan cost according to the Pricing FAQ collection?", ["pricing_faq"]),
        ('What does the Pro plan cost in the "Pricing FAQ" collection?', ["pricing_faq"]),
        ('How long is the notice in "staff archive"?', ["staff_archive"]),
        ("How long is the notice in the collection staff?", ["staff"]),
        ("How long is the notice in Staff archive?", ["staff_archive"]),
        ("How long is the notice in staff-archive", ["staff_archive"]),
        ("In our IT handbook, what is said of notice?", ["it_handbook"]),
        ("What is said in IT handbook about the notice?", ["it_handbook"]),
        ("Search the IT handbook for the notice period", ["it_handbook"]),
        ("Wie lang ist die Frist laut Staff Archive?", ["staff_archive"]),
        ("What does the pricing-collection say of the Pro plan?", ["pricing_faq"]),
        ("What is said of notice in the staff-archive-collection?", ["staff_archive"]),
        ("Wie viele Tage Urlaub gibt es laut der Staff-Sammlung?", ["staff"]),
        ("What does the archive collection say about notice?", ["staff_archive"]),
        ("What is in scope of leave in the Staff collection?", ["staff"]),
        ("What does pricing_faq say about the Pro plan?", ["pricing_faq"]),
        ("Compare leave in the staff collection and in the staff archive collection", ["staff", "staff_archive"]),
        ("Wie viele Tage Urlaub gibt es laut der Staff Sammlung?", ["staff"]),
        ("How long is the notice in the staff archive and IT handbook collections?", ["staff_archive", "it_handbook"]),
        ("In both the pricing FAQ and the staff collection, what is said of notice?", ["pricing_faq", "staff"]),
        ("Search the staff collection, then the pricing FAQ collection: notice?", ["staff", "pricing_faq"]),
        ("Compare the pricing_faq collection and the IT handbook collection", ["pricing_faq", "it_handbook"]),
        ("Compare the pricing FAQ collection and the staff collection: what is said?", None),
        ("How long is the notice in the staff and the payroll collection?", None),
        ("How long is the notice, but not in the pricing collection?", None),
        ("Except in the Staff collection, how long is the notice?", None),
        ("Don't search the Staff collection. How long is the notice?", None),
        ("Ignore staff_archive. How long is the notice?", None),
        ("Not from staff_archive: how long is the notice?", None),
        ("How long is the notice, but not in staff archive?", None),
        ("Which rooms are in the staff archive building?", None),
        ("Which rooms are in the staff archive's cellar?", None),
        ("How long is the notice in staff archive and payroll?", None),
        ("Who keeps the staff archive?", None),
        ("How long is the notice in the staff?", None),
        ("What is said in scope of data-collection?", None),
        ("What are the rules of archive collection?", None),
        ("When is the deadline of pricing collection, and who is in charge?", None),
        ("How long is the notice in the archived collection?", None),
        ("Where is the collection of stamps?", None),
        ("What does the default rate mean in Staff?", None),
        ("What does “staff” stand for?", None),
        ("How many days of leave do I get?", None),
    ],
)
async def test_a_question_that_names_a_collection_is_searched_there_only(
    question: str, expected: list[str] | None
) -> None:
    plan = await planner.plan(question, SEVERAL, has_history=False)
    named = [SEVERAL.name_of(one) for one in plan.collections] if plan.collections is not None else None
    assert named == expected
    assert plan.note.partition(", ")[2] == (f"in {' and '.join(expected)} only" if expected else "")
    assert plan.documents is None


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("How long is the notice, according to the Staff collection?", "How long is the notice?"),
        ("In the pricing_faq collection, what does the Pro plan cost?", "what does the Pro plan cost?"),
        ("In the pricing collection, what does the Pro plan cost?", ""),
        ('What does the Pro plan cost in the "Pricing FAQ" collection?', "What does the Pro plan cost?"),
        ('How long is the notice in "staff archive"?', "How long is the notice?"),
        ("How long is the notice in the collection “staff”?", "How long is the notice?"),
        ("How long is the notice in staff_archive?", "How long is the notice?"),
        ("Search the staff archive collection for the notice period", "for the notice period"),
        ("What does the staff archive collection say?", "What does the staff archive collection say?"),
        ("Compare leave in the staff collection and in the staff archive collection", ""),
        ("How long is the notice in the staff-collection?", "How long is the notice?"),
        ("How long is the notice in staff archive?", ""),
        ("How long is the notice?", ""),
    ],
)
async def test_what_says_only_where_is_not_looked_up(question: str, query: str) -> None:
    assert (await planner.plan(question, SEVERAL, has_history=False)).query == query


async def test_a_name_that_fits_several_collections_limits_nothing() -> None:
    two = replace(SEVERAL, names=("default", "staff_now", "staff_archive", "pricing_faq", "it_handbook"))
    plan = await planner.plan("What is said of leave in the Staff collection?", two, has_history=False)
    assert plan.collections is None


async def test_all_collections_named_are_no_limit() -> None:
    two = replace(SEVERAL, collections=SEVERAL.collections[:2], names=SEVERAL.names[:2])
    question = "Compare leave in the staff collection and in the default collection"
    assert (await planner.plan(question, two, has_history=False)).collections is None


async def test_the_name_of_a_collection_names_no_document() -> None:
    plan = await planner.plan('What is said of leave in the "IT handbook" collection?', SEVERAL, has_history=False)
    assert (plan.documents, plan.collections) == (None, (SEVERAL.collections[4],))


async def test_a_document_and_a_collection_may_both_be_named() -> None:
    question = "In the Staff collection, how many days are there, according to the employee handbook?"
    plan = await planner.plan(question, SEVERAL, has_history=False)
    assert (plan.documents, plan.collections) == ((HANDBOOK.id,), (SEVERAL.collections[1],))
    assert plan.note == "search for 5 items, in 'Employee Handbook' only, in staff only"


async def test_in_one_collection_its_name_is_not_looked_for() -> None:
    plan = await planner.plan("What is said of leave in the Staff collection?", SCOPE, has_history=False)
    assert plan.collections is None
