import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.comparison.metrics import (
    METRICS,
    Paired,
    answer_similarity,
    cost_per_thousand,
    hit_at_k,
    paired_tally,
    percentile,
    reciprocal_rank,
    refusal_correctness,
    supported_share,
)
from backend.comparison.sequence import Tally
from backend.errors import InvalidVector

_VALUES = st.dictionaries(st.integers(0, 30), st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan]))


@pytest.mark.parametrize(
    ("ranked", "k", "hit", "rank"),
    [("abc", 1, 0.0, 1 / 2), ("abc", 2, 1.0, 1 / 2), ("cab", 5, 1.0, 1 / 3), ("xyz", 3, 0.0, 0.0), ("", 3, 0.0, 0.0)],
)
def test_the_first_relevant_passage_counts(ranked: str, k: int, hit: float, rank: float) -> None:
    assert hit_at_k(ranked, {"b", "q"}, k) == hit
    assert reciprocal_rank(ranked, {"b", "q"}) == pytest.approx(rank)


def test_the_best_of_several_relevant_passages_gives_the_rank() -> None:
    assert reciprocal_rank([7, 3, 9], {9, 3}) == 0.5


def test_a_question_without_a_relevant_passage_has_no_hit_and_no_rank() -> None:
    assert hit_at_k(["a"], set(), 1) is None
    assert reciprocal_rank(["a"], []) is None


@pytest.mark.parametrize("k", [0, -1])
def test_hits_are_looked_for_in_at_least_one_passage(k: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        hit_at_k(["a"], {"a"}, k)


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ([3, 4], [3, 4], 1.0),
        ([1, 0], [0, 2], 0.0),
        ([1, 0], [-1, 0], 0.0),
        ([2, 0], [1, 1], math.sqrt(0.5)),
        ([0, 0], [1, 1], 0.0),
        ([math.nan, 1], [1, 1], 0.0),
        ([math.inf, 1], [1, 1], 0.0),
    ],
)
def test_similarity_is_the_cosine_from_zero_to_one(one: list[float], other: list[float], similarity: float) -> None:
    vectors = np.array(one, dtype=np.float32), np.array(other, dtype=np.float32)
    assert answer_similarity(*vectors) == pytest.approx(similarity)
    assert answer_similarity(*reversed(vectors)) == pytest.approx(similarity)


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=8))
def test_no_vector_is_nearer_to_itself_than_one(values: list[float]) -> None:
    vector = np.array(values, dtype=np.float32)
    assert 0.0 <= answer_similarity(vector, vector) <= 1.0


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((1, 2), (1, 2)), ((2,), (1, 2))])
def test_vectors_of_other_shapes_are_not_compared(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(InvalidVector, match="shapes"):
        answer_similarity(np.ones(shapes[0], np.float32), np.ones(shapes[1], np.float32))


def test_a_sentence_is_supported_by_one_citation_that_holds() -> None:
    assert supported_share([[True], [False, True], [False], []]) == 0.5
    assert supported_share([[]]) == 0.0
    assert supported_share([]) is None


@pytest.mark.parametrize(
    ("answerable", "answered", "value"), [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 1)]
)
def test_it_is_right_to_answer_what_can_be_answered_and_to_refuse_the_rest(
    answerable: bool, answered: bool, value: float
) -> None:
    assert refusal_correctness(answerable=answerable, answered=answered) == value


def test_percentiles_are_interpolated_between_the_two_nearest_values() -> None:
    values = [40.0, None, 10.0, 20.0, math.nan, 30.0]
    assert percentile(values, 0.0) == 10.0
    assert percentile(values, 0.5) == 25.0
    assert percentile(values, 0.95) == pytest.approx(30 + 0.85 * 10)
    assert percentile(values, 1.0) == 40.0
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([None], 0.5) is None


@pytest.mark.parametrize("share", [-0.1, 1.1, 95, math.nan])
def test_a_percentile_is_asked_for_as_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], share)


def test_an_unknown_cost_makes_the_sum_unknown_and_not_smaller() -> None:
    assert cost_per_thousand([0.002, 0.004]) == pytest.approx(3.0)
    assert cost_per_thousand([0.002, None]) is None
    assert cost_per_thousand([0.002, math.nan]) is None
    assert cost_per_thousand([]) is None
    assert cost_per_thousand([0.0, 0.0]) == 0.0


def test_the_better_value_of_a_question_wins_and_an_equal_one_ties() -> None:
    first = {1: 0.9, 2: 0.5, 3: 0.1, 4: None, 5: 0.3, 6: math.nan, 8: 1.0}
    second = {1: 0.2, 2: 0.5, 3: 0.4, 4: 0.4, 6: 0.3, 7: 0.3, 8: 0.9}
    assert paired_tally(first, second) == Paired(Tally(2, 1, 1), missing=4)
    assert paired_tally(first, second, better="lower") == Paired(Tally(1, 1, 2), missing=4)


@given(_VALUES, _VALUES)
def test_every_question_is_counted_once_and_mirrored_for_the_other_lane(
    first: dict[int, float | None], second: dict[int, float | None]
) -> None:
    found, other = paired_tally(first, second), paired_tally(second, first)
    assert found.tally.votes + found.missing == len(first.keys() | second.keys())
    assert other == Paired(found.tally.mirrored, found.missing)
    assert paired_tally(first, second, better="lower").tally == found.tally.mirrored


def test_each_metric_explains_itself() -> None:
    assert set(METRICS) == {"hit_at_k", "mrr", "similarity", "support", "refusal", "latency", "cost"}
    for metric in METRICS.values():
        assert metric.meaning.endswith(".")
        assert metric.title
        assert metric.source
        assert metric.high is None or metric.low < metric.high
    assert METRICS["hit_at_k"].title == "Hit@5"
    assert "one of the first 5 passages" in METRICS["hit_at_k"].meaning
    assert {name for name, metric in METRICS.items() if metric.better == "lower"} == {"latency", "cost"}
    assert {name for name, metric in METRICS.items() if metric.is_binary} == {"hit_at_k", "refusal"}
