import random
from itertools import islice

import pytest

from benchmarks import corpus
from benchmarks.retrieval_load import Answered, answered, figures, measure
from benchmarks.samples import asked


def answer(*steps: tuple[str, float], retrieved: int = 5) -> dict[str, object]:
    return {
        "question": "How?",
        "steps": [{"name": name, "ms": ms, "outcome": "20 items"} for name, ms in steps],
        "retrieved": [{}] * retrieved,
        "answered": True,
    }


def test_the_search_is_the_step_of_that_name() -> None:
    found = answered(answer(("rewrite", 1.0), ("search", 7.5), ("answer", 30.0)), 50.0)

    assert found == Answered(whole=50.0, search=7.5, is_answered=True, looked_twice=False)


@pytest.mark.parametrize("unsearched", [answer(("plan", 1.0)), answer(("search", 1.0), retrieved=0)])
def test_an_answer_that_was_not_searched_for_is_no_fast_search(unsearched: dict[str, object]) -> None:
    with pytest.raises(RuntimeError, match="not searched for, or in vain"):
        answered(unsearched, 1.0)


@pytest.mark.parametrize(("slow", "verdict"), [(5, "met"), (6, "missed")])
def test_one_search_in_twenty_may_be_slower_than_the_limit(slow: int, verdict: str) -> None:
    found = [Answered(40.0, 30.0 if at < slow else 10.0, True, False) for at in range(100)]

    by_name = {one.name: one for one in figures(1_000, found, found[0], 300.0)}

    assert by_name["1,000 passages: search step p95"].verdict == verdict
    assert by_name["1,000 passages: search step p50"].value == 10.0


def test_sections_have_titles_of_their_own_and_the_first_are_of_the_topics_asked_about() -> None:
    written = list(islice(corpus.written(60_000, random.Random(8)), 60_000))

    assert len({one.title for one in written}) == len(written)
    for question, section in zip(asked(20), written, strict=False):
        assert set(question.split()[-2:]) <= set(section.title.rstrip("?").split())


async def test_a_size_that_fills_no_documents_is_refused() -> None:
    from uuid import uuid4

    with pytest.raises(ValueError, match="give a multiple"):
        await corpus.fill("sqlite:///nowhere.db", uuid4(), 150)


@pytest.mark.process
@pytest.mark.slow
def test_a_small_collection_is_as_the_product_makes_it_and_its_searches_are_timed() -> None:
    """`measure` raises when a sync of the collection finds anything to do."""
    by_name = {one.name.removeprefix("400 passages: "): one for one in measure(400, questions=5, uncounted=1)}

    assert 0 < by_name["search step p50"].value <= by_name["search step p95"].value
    assert by_name["search step p95"].value < by_name["POST /rag-chat p95"].value
    assert by_name["POST /rag-chat p50"].note == "5 answered"
