"""Splits keep near-duplicates on one side, are the same for the same rows, and move nothing that needn't move."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets.nearness import Item
from backend.datasets.rows import Split
from backend.datasets.splits import Fractions, _rank, components, split
from backend.errors import InvalidRequest
from backend.faqs.dedup import Vectors

EVEN = Fractions(0.4, 0.3, 0.3)
TRAIN, VALIDATION, HELD_OUT = Split.TRAIN, Split.VALIDATION, Split.HELD_OUT


def item(number: int, *, source: int | None = None, group: int | None = None) -> Item:
    return Item(
        UUID(int=number),
        UUID(int=number if source is None else source),
        f"How do I use thing{'x' * number}?",
        "So.",
        None if group is None else UUID(int=group),
    )


def families(*sizes: int) -> list[Item]:
    """As many items of one source as each size says."""
    return [item(100 * n + k, source=n + 1) for n, size in enumerate(sizes) for k in range(1, size + 1)]


def sizes(items: list[Item], **options: object) -> Counter[Split]:
    return Counter(split(items, None, **options).splits.values())  # type: ignore[arg-type]  # passed on


SOME = st.lists(
    st.builds(
        lambda number, source, group: (number, source, group),
        st.integers(1, 300),
        st.integers(1, 40),
        st.none() | st.integers(1, 10),
    ),
    min_size=1,
    max_size=60,
    unique_by=lambda made: made[0],
).map(lambda made: [item(number, source=source, group=group) for number, source, group in made])


@settings(max_examples=60, deadline=None)
@given(SOME.flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))), st.text(max_size=3))
def test_components_stay_whole_in_any_order(orders: tuple[list[Item], list[Item]], seed: str) -> None:
    one, other = orders
    found = components(one, None)
    assert found == components(other, None)
    assert sorted(member.id.int for part in found for member in part) == sorted(member.id.int for member in one)
    if len(found) < 2:
        with pytest.raises(InvalidRequest):
            split(one, None, seed=seed)
        return
    parts = split(one, None, seed=seed).splits
    assert parts == split(other, None, seed=seed).splits
    assert set(parts) == {member.id for member in one}
    for part in found:
        assert len({parts[member.id] for member in part}) == 1
    assert set(parts.values()) == (set(Split) if len(found) > 2 else {TRAIN, HELD_OUT})


def test_vectors_follow_their_items_in_any_order() -> None:
    items = [item(n) for n in range(1, 41)]
    vectors: Vectors = np.eye(20, dtype=np.float32)[np.arange(40) % 20]
    order = np.random.default_rng(0).permutation(40)
    parts = split(items, vectors).splits
    assert parts == split([items[at] for at in order], vectors[order]).splits
    assert all(parts[items[at].id] == parts[items[at + 20].id] for at in range(20))


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, (1, 0, 1)), (3, (1, 1, 1)), (4, (2, 1, 1)), (10, (8, 1, 1)), (50, (40, 5, 5)), (1000, (800, 100, 100))],
)
def test_shares_of_single_rows(count: int, expected: tuple[int, int, int]) -> None:
    found = sizes([item(n) for n in range(1, count + 1)])
    assert (found[TRAIN], found[VALIDATION], found[HELD_OUT]) == expected


def test_shares_count_rows_not_components() -> None:
    found = sizes(families(*[5] * 10, *[1] * 50))
    assert abs(found[HELD_OUT] - 10) <= 2
    assert abs(found[VALIDATION] - 10) <= 2


def test_what_is_larger_than_a_share_goes_to_train() -> None:
    parts = split(families(60, *[1] * 40), None).splits
    assert {parts[one.id] for one in families(60)} == {TRAIN}
    assert Counter(parts.values()) == {TRAIN: 80, VALIDATION: 10, HELD_OUT: 10}


def test_another_seed_is_another_split() -> None:
    items = [item(n) for n in range(1, 101)]
    assert split(items, None, seed="a") != split(items, None, seed="b")


def test_a_new_revision_or_paraphrase_of_a_faq_changes_no_other() -> None:
    items = [item(n) for n in range(1, 101)]
    parts = split(items, None).splits
    again = [Item(UUID(int=one.id.int + 1000), one.source, f"Other {one.question}", one.answer) for one in items]
    later = split(again, None).splits
    assert [parts[one.id] for one in items] == [later[one.id] for one in again]


def test_one_more_moves_only_what_stands_at_a_border() -> None:
    items = [item(n) for n in range(1, 201)]
    parts = split(items, None).splits
    for number in range(500, 520):
        more = split([*items, item(number)], None).splits
        assert sum(more[one.id] != parts[one.id] for one in items) <= 2


def test_with_an_earlier_version_nothing_moves() -> None:
    items = [item(n) for n in range(1, 101)]
    parts = split(items, None).splits
    before = {one.source: parts[one.id] for one in items}
    more = split([*items, *(item(n) for n in range(200, 400))], None, before=before)
    assert {one.id: more.splits[one.id] for one in items} == dict(parts)
    assert more.moved == frozenset()
    assert Counter(more.splits.values()) == {TRAIN: 240, VALIDATION: 30, HELD_OUT: 30}


@pytest.mark.parametrize(
    ("before", "joined"),
    [
        ((TRAIN, HELD_OUT), TRAIN),
        ((HELD_OUT, TRAIN), TRAIN),
        ((VALIDATION, HELD_OUT), VALIDATION),
        ((TRAIN, VALIDATION), TRAIN),
        ((HELD_OUT, HELD_OUT), HELD_OUT),
    ],
)
def test_when_parts_merge_what_was_learnt_is_not_asked(before: tuple[Split, Split], joined: Split) -> None:
    items = [item(1, group=9), item(2, group=9), *(item(n) for n in range(3, 13))]
    found = split(items, None, before={UUID(int=1): before[0], UUID(int=2): before[1]})
    assert found.splits[UUID(int=1)] is found.splits[UUID(int=2)] is joined
    assert found.moved == {UUID(int=n) for n, part in zip((1, 2), before, strict=True) if part is not joined}


def test_a_member_of_a_larger_rank_changes_no_place() -> None:
    """Also when its id comes first: a component stands where its smallest source stands."""
    items = [item(n) for n in range(100, 200)]
    first, last = sorted(items, key=lambda one: _rank((one,), ""))[:: len(items) - 1]
    parts = split(items, None, fractions=EVEN).splits
    member = Item(UUID(int=1), last.source, "Words of its own?", "So.", UUID(int=5))
    grouped = [replace(one, group=UUID(int=5)) if one in (first, last) else one for one in items]
    assert parts[first.id] is HELD_OUT
    assert parts[last.id] is TRAIN
    found = split([member, *grouped], None, fractions=EVEN).splits
    assert found[member.id] is found[first.id] is found[last.id] is HELD_OUT


def test_an_empty_part_is_filled_with_the_smallest_there_is() -> None:
    items = families(5, 4, 3, 1)
    fractions = Fractions(0.98, 0.01, 0.01)
    found = split(items, None, fractions=fractions).splits
    assert Counter(found.values()) == {TRAIN: 9, VALIDATION: 3, HELD_OUT: 1}


def test_what_was_trained_on_is_not_taken_to_fill_an_empty_part() -> None:
    items = [item(n) for n in range(1, 6)]
    before = {UUID(int=n): TRAIN for n in range(1, 6)}
    assert set(split(items, None, before=before).splits.values()) == {TRAIN}
    parts = split([*items, item(6)], None, before=before).splits
    assert parts[UUID(int=6)] is HELD_OUT


def test_a_part_with_no_share_gets_nothing() -> None:
    items = [item(n) for n in range(1, 11)]
    assert sizes(items, fractions=Fractions(0.8, 0, 0.2)) == {TRAIN: 8, HELD_OUT: 2}
    assert sizes(items[:1], fractions=Fractions(1, 0, 0)) == {TRAIN: 1}


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ([], "no rows to split; approve FAQs first"),
        ([item(1)], "1 row cannot be split; at least 2 are needed"),
        (families(4), "all 4 rows are near-duplicates of each other"),
    ],
)
def test_too_few_rows_say_what_is_needed(items: list[Item], what: str) -> None:
    with pytest.raises(InvalidRequest, match=what):
        split(items, None)


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (float("nan"), 0.1, 0.1), (0, 0.5, 0.5)])
def test_fractions_that_make_no_sense_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidRequest, match="fraction"):
        Fractions(*shares)


def test_thousands_of_rows_that_are_all_near_are_one_component() -> None:
    items = [item(n, source=1) for n in range(1, 3001)]
    assert len(components(items, np.ones((3000, 8), dtype=np.float32))) == 1


def test_an_answer_that_stands_in_another_one_is_on_its_side() -> None:
    inner = "Turn the small key to the left and wait for the sound."
    others = [Item(UUID(int=n), UUID(int=n), f"Question {n}?", f"Answer number {n}.") for n in range(1, 30)]
    pair = [
        Item(UUID(int=40), UUID(int=40), "How is it opened?", inner),
        Item(UUID(int=41), UUID(int=41), "What is the manual of the door?", f"First read. {inner} {'More. ' * 60}"),
    ]
    for seed in "abcdefgh":
        parts = split([*others, *pair], None, seed=seed).splits
        assert parts[pair[0].id] is parts[pair[1].id]
