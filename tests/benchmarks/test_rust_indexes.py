import numpy as np

from benchmarks.rust.indexes import CODES, K, Truth, by_numpy, codes, numpy_filtered

CHANCE = np.random.default_rng(5)
ROWS = CHANCE.standard_normal((500, 8), dtype=np.float32)
QUERIES = CHANCE.standard_normal((4, 8), dtype=np.float32)


def test_the_exact_search_has_full_recall_and_every_lost_row_costs_its_share() -> None:
    truth = Truth.of(ROWS, QUERIES)
    found = by_numpy(ROWS, QUERIES)

    assert truth.recall(found) == 1.0
    found[0, 0] = -1
    assert truth.recall(found) == 1 - 1 / (K * len(QUERIES))


def test_the_same_row_twice_counts_once() -> None:
    found = by_numpy(ROWS, QUERIES)
    found[:, 1] = found[:, 0]

    assert Truth.of(ROWS, QUERIES).recall(found) == 1 - 1 / K


def test_a_row_that_the_filter_keeps_out_is_no_hit() -> None:
    passes = codes(len(ROWS))[:, 0] < CODES // 2
    truth = Truth.of(ROWS, QUERIES, passes)

    assert truth.recall(numpy_filtered(ROWS, CODES // 2).search(QUERIES)) == 1.0
    assert truth.recall(by_numpy(ROWS, QUERIES)) < 1.0


def test_where_fewer_rows_pass_than_are_asked_for_all_of_them_are_enough() -> None:
    passes = np.arange(len(ROWS)) < 3
    found = np.full((len(QUERIES), K), -1)
    found[:, :3] = [2, 0, 1]

    assert Truth.of(ROWS, QUERIES, passes).recall(found) == 1.0
    assert by_numpy(ROWS[:3], QUERIES).shape == (len(QUERIES), 3)


def test_as_many_rows_pass_as_the_codes_say() -> None:
    share = np.mean(codes(100_000)[:, 0] < 10)

    assert 0.008 < share < 0.012
