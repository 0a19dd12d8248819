"""Training of tuned retrieval: that it learns what there is to learn, and keeps nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from backend.embeddings.base import Vectors
from backend.errors import InvalidRequest, TrainingDiverged
from backend.finetuning import adapter
from backend.finetuning.adapter import AdapterParameters, Epoch, Items, Questions, Reals, train
from backend.finetuning.ranks import ranks_of

D, ITEMS = 24, 200
SMALL = AdapterParameters(learning_rate=3e-3, batch=64, random_negatives=64, patience=20)


def unit(rows: Reals) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def items(seed: int = 0) -> Items:
    made = np.random.default_rng(seed).normal(size=(ITEMS, D))
    return Items(unit(made), np.arange(ITEMS, dtype=np.int64))


def turned(of: Items, rows: range, *, seed: int = 1, noise: float = 0.6) -> Questions:
    """Questions of items whose words lie, all in one way, aside of what answers them."""
    random = np.random.default_rng(seed)
    answers = np.repeat(np.arange(rows.start, rows.stop), 3)
    aside = np.random.default_rng(99).normal(size=(D, D)) / np.sqrt(D)
    vectors = of.vectors[answers] @ (np.eye(D) + aside).T + noise * random.normal(size=(len(answers), D)) / np.sqrt(D)
    return Questions(unit(vectors), answers.astype(np.int64))


def random_questions(of: Items, rows: range) -> Questions:
    """Nothing leads from these questions to what answers them."""
    vectors = np.random.default_rng(5).normal(size=(len(rows), D))
    return Questions(unit(vectors), np.arange(rows.start, rows.stop, dtype=np.int64) % len(of))


def test_questions_never_seen_are_answered_better_after_training() -> None:
    known = items()
    trained = train(turned(known, range(150)), turned(known, range(150, 200)), known, SMALL, spec_key="k")
    before, after = trained.epochs[0], trained.epochs[trained.best]
    assert trained.best > 0
    assert after.hit_at_1 > before.hit_at_1 + 0.15
    asked = turned(known, range(150, 200), seed=7)
    untrained = 1 - (1 / ranks_of(asked.vectors, asked.answers, known.vectors)).mean()
    assert 1 - (1 / ranks_of(trained.query_map(asked.vectors), asked.answers, known.vectors)).mean() < untrained / 2


def test_where_nothing_can_be_learnt_the_map_that_changes_nothing_is_kept() -> None:
    known = items()
    validation = Questions(known.vectors[150:], np.arange(150, 200, dtype=np.int64))
    trained = train(random_questions(known, range(150)), validation, known, SMALL, spec_key="k")
    assert trained.best == 0
    assert not trained.query_map.weight.any()


def test_training_ends_when_validation_has_not_grown_better_for_a_while() -> None:
    known = items()
    validation = Questions(known.vectors[150:], np.arange(150, 200, dtype=np.int64))
    hasty = replace(SMALL, patience=2, epochs=50)
    trained = train(random_questions(known, range(150)), validation, known, hasty, spec_key="k")
    assert [epoch.number for epoch in trained.epochs] == [0, 1, 2]


def test_equal_seeds_give_equal_maps_and_other_seeds_others() -> None:
    known = items()
    made = [
        train(
            turned(known, range(150)),
            turned(known, range(150, 200)),
            known,
            replace(SMALL, epochs=2, seed=seed),
            spec_key="k",
        ).query_map.weight
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(made[0], made[1])
    assert np.abs(made[0] - made[2]).max() > 0


def test_every_epoch_is_reported_as_it_ends_and_the_report_may_end_the_training() -> None:
    known = items()
    seen: list[Epoch] = []

    class Cancelled(Exception):
        pass

    def report(epoch: Epoch) -> None:
        seen.append(epoch)
        if epoch.number == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(turned(known, range(150)), turned(known, range(150, 200)), known, SMALL, spec_key="k", report=report)
    assert [epoch.number for epoch in seen] == [0, 1, 2]
    assert seen[0].loss is None
    assert all(epoch.loss is not None and epoch.loss > 0 for epoch in seen[1:])


@pytest.mark.fault("B8")
def test_a_loss_that_is_no_number_ends_the_training_and_says_what_to_change() -> None:
    known = items()
    wild = replace(SMALL, learning_rate=1e38)
    with np.errstate(all="ignore"), pytest.raises(TrainingDiverged, match="lower learning_rate"):
        train(turned(known, range(150)), turned(known, range(150, 200)), known, wild, spec_key="k")


@pytest.mark.parametrize("lacking", ["training", "validation"])
def test_a_split_without_questions_is_refused_by_its_name(lacking: str) -> None:
    known = items()
    none = Questions(np.empty((0, D), np.float32), np.empty(0, np.int64))
    given = {"training": turned(known, range(150)), "validation": turned(known, range(150, 200)), lacking: none}
    with pytest.raises(InvalidRequest, match=f"no {lacking} questions"):
        train(given["training"], given["validation"], known, SMALL, spec_key="k")


def test_one_item_is_nothing_to_choose_from() -> None:
    one = Items(items().vectors[:1], np.zeros(1, np.int64))
    asked = Questions(one.vectors, np.zeros(1, np.int64))
    with pytest.raises(InvalidRequest, match="at least 2"):
        train(asked, asked, one, SMALL, spec_key="k")


def test_two_items_are_enough() -> None:
    two = Items(items().vectors[:2], np.arange(2, dtype=np.int64))
    asked = Questions(two.vectors, np.arange(2, dtype=np.int64))
    assert train(asked, asked, two, SMALL, spec_key="k").epochs[0].hit_at_1 == 1.0


def test_a_vector_that_is_not_finite_is_refused() -> None:
    known = items()
    asked = turned(known, range(150))
    asked.vectors[3, 0] = np.nan
    with pytest.raises(InvalidRequest, match="not finite"):
        train(asked, turned(known, range(150, 200)), known, SMALL, spec_key="k")


def test_ranks_are_those_of_a_sorted_list_and_a_tie_counts_against_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "BLOCK", 7)
    known = items()
    asked = turned(known, range(30))
    scores = asked.vectors @ known.vectors.T
    wanted = [1 + int((row > row[answer]).sum()) for row, answer in zip(scores, asked.answers, strict=True)]
    assert ranks_of(asked.vectors, asked.answers, known.vectors).tolist() == wanted
    twice = np.concatenate([known.vectors, known.vectors])
    assert (ranks_of(asked.vectors, asked.answers, twice) >= 2).all()


def test_the_slope_is_that_of_the_loss() -> None:
    random = np.random.default_rng(0)
    units = random.normal(size=(5, D))
    candidates = random.normal(size=(12, D))
    forbidden = np.zeros((5, 12), dtype=bool)
    forbidden[1, 7] = forbidden[2, 3] = True
    _, slope = adapter._contrast(units, candidates, forbidden, 0.5)
    for row, column in [(0, 0), (1, 5), (2, 3), (4, D - 1)]:
        step = np.zeros_like(units)
        step[row, column] = 1e-5
        up, _ = adapter._contrast(units + step, candidates, forbidden, 0.5)
        down, _ = adapter._contrast(units - step, candidates, forbidden, 0.5)
        assert slope[row, column] == pytest.approx((up - down) / 2e-5, rel=1e-3, abs=1e-6)


def test_what_says_the_same_as_the_answer_is_not_set_against_it() -> None:
    known = items()
    twins = Items(np.concatenate([known.vectors, known.vectors]), np.concatenate([known.alike, known.alike]))
    asked = turned(known, range(40))
    wrong = adapter._nearest_wrong(asked, twins, 4)
    assert not (twins.alike[wrong] == twins.alike[asked.answers][:, None]).any()
    forbidden = adapter._Training(asked, twins, SMALL)._forbidden(asked.answers[:2], np.array([0, 200, 1, 201, 5]))
    assert forbidden.tolist() == [[False, True, False, False, False], [True, False, False, False, False]]
