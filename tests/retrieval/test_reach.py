"""Texts are read of those items only that may be among the best."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend.retrieval.reading import LOADED, _Scored, within_reach
from backend.retrieval.views import Ranking, View

COSINES = st.floats(-1, 1)
VIEWS = st.one_of(st.fixed_dictionaries({"head": COSINES, "full": COSINES}), st.fixed_dictionaries({"full": COSINES}))
TITLES = st.sampled_from(["a noun", "a question?"])


@given(st.lists(st.tuples(VIEWS, TITLES), max_size=2 * LOADED), st.floats(0, 1), st.floats(0, 1))
def test_the_best_are_within_reach_whatever_their_headings_are(
    items: list[tuple[dict[View, float], str]], question: float, noun: float
) -> None:
    ranking = Ranking(question_head=question, noun_head=noun)
    scored = [_Scored(UUID(int=n), "passage", views) for n, (views, _) in enumerate(items)]
    reached = {item.id for item in within_reach(scored, ranking)}
    scores = sorted((-ranking.weighted(views, title), n) for n, (views, title) in enumerate(items))
    worst = [score for score, _ in scores[:LOADED]][-1:]
    for score, n in scores:
        if worst and score < worst[0]:
            assert UUID(int=n) in reached


def test_what_cannot_be_among_the_best_is_left_out() -> None:
    good: list[dict[View, float]] = [{"head": 0.8, "full": 0.7}] * LOADED
    bad: list[dict[View, float]] = [{"head": 0.1, "full": 0.2}] * 10
    scored = [_Scored(UUID(int=n), "faq", views) for n, views in enumerate(good + bad)]
    assert [item.id.int for item in within_reach(scored, Ranking())] == list(range(LOADED))
