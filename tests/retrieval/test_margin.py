"""What was found in collections of different models is put into one order, and judged by its own collection."""

from dataclasses import replace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from backend.retrieval.base import RetrievedItem, SearchResult
from backend.retrieval.searcher import Searcher, best_first

WIDE, NARROW = uuid4(), uuid4()


def found(score: float, collection_id: UUID = WIDE, **more: Any) -> RetrievedItem:
    """In a collection whose scores reach from .1 to 1, or in one whose scores lie between .7 and .9."""
    threshold, background = (0.44, 0.13) if collection_id == WIDE else (0.8, 0.72)
    item = RetrievedItem(uuid4(), "passage", score, None, None, "A title", None, None, "A text")
    return replace(item, threshold=threshold, background=background, collection_id=collection_id, **more)


def test_a_sure_hit_of_a_narrow_scale_comes_before_a_fair_one_of_a_wide_scale() -> None:
    fair, sure, unsure = found(0.6), found(0.89, NARROW), found(0.81, NARROW)
    assert best_first([fair, unsure, sure]) == [sure, fair, unsure]


def test_a_near_miss_of_a_wide_scale_comes_before_what_has_nothing_to_do_with_the_question() -> None:
    """By the bare distance from the threshold, .10 and .09, it would not."""
    near, off = found(0.34), found(0.71, NARROW)
    assert best_first([off, near]) == [near, off]


def test_in_one_collection_the_order_is_that_of_the_scores() -> None:
    items = [found(score) for score in (0.2, 0.9, 0.44, 0.5, -0.1)]
    assert [item.score for item in best_first(items)] == [0.9, 0.5, 0.44, 0.2, -0.1]


def test_a_threshold_at_its_background_divides_by_nothing() -> None:
    assert replace(found(0.5), threshold=0.4, background=0.4).margin == pytest.approx(5.0)


def test_tuned_retrieval_is_judged_by_the_scores_of_the_best_items_own_collection() -> None:
    """The score of another model says nothing of this threshold."""
    items = [found(0.5, own=0.2), found(0.83, NARROW, own=0.83)]
    searcher = Searcher(cast(Any, None), cast(Any, None), cast(Any, None))
    judged = searcher.judged("Unrelated?", SearchResult(items, answerable=True))
    assert judged.confidence == pytest.approx(0.2 - 0.44)
    assert not judged.answerable
