"""Near-duplicates are grouped and nothing else happens to them."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import InvalidVector
from backend.faqs.dedup import Question, Vectors, connected, content_key, group_duplicates, group_near

WORDINGS = [
    "How do I reset my password?",
    "How can I reset a password?",
    "How do I enable SSH?",
    "How do I disable SSH?",
]


def uuid(number: int) -> UUID:
    return UUID(int=number + 1)


def at(*angles: float) -> Vectors:
    """Unit vectors in a plane, by degrees."""
    radians = np.radians(np.asarray(angles, dtype=np.float64))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def grouped(texts: list[str], vectors: Vectors) -> dict[UUID, UUID]:
    return group_duplicates([Question(uuid(row), text) for row, text in enumerate(texts)], vectors)


def test_the_same_words_and_meaning_are_one_group() -> None:
    found = grouped(WORDINGS[:2], at(0, 5))

    assert set(found) == {uuid(0), uuid(1)}
    assert len(set(found.values())) == 1


def test_other_words_are_never_one_group_however_close() -> None:
    assert grouped(WORDINGS[2:], at(0, 0)) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I convert PDF to Word?", "How do I convert Word to PDF?"),
        ("How do I move from SQLite to Postgres?", "How do I move from Postgres to SQLite?"),
        ("Is tea better than coffee?", "Is coffee better than tea?"),
    ],
)
def test_the_same_words_the_other_way_round_are_never_one_group(one: str, other: str) -> None:
    assert content_key(one) == content_key(other)
    assert grouped([one, other], at(0, 0)) == {}
    assert len(grouped([one, one], at(0, 0))) == 2
    old = Question(uuid(9), other)
    assert group_duplicates([Question(uuid(0), one)], at(0), [([old], at(0))]) == {}


def test_where_nothing_goes_from_here_to_there_the_order_is_free() -> None:
    assert len(grouped(["Password: how to reset it?", "How do I reset my password?"], at(0, 3))) == 2


def test_the_same_words_with_another_meaning_stay_apart() -> None:
    assert grouped(WORDINGS[:2], at(0, 40)) == {}


def test_another_question_word_is_another_question() -> None:
    assert grouped(["Why is the order late?", "When is the order late?"], at(0, 0)) == {}
    assert content_key("How do I pay?") == content_key("How can I pay?") != content_key("Why do I pay?")


def test_plurals_count_as_the_same_word() -> None:
    assert content_key("What are invoices?") == content_key("What is an invoice?")


def test_a_chain_of_small_steps_does_not_join_its_ends() -> None:
    found = grouped(["How do I pay?"] * 4, at(0, 15, 30, 45))  # cos 15 degrees = .966, cos 30 degrees = .866

    assert found[uuid(0)] == found[uuid(1)]
    assert found[uuid(2)] == found[uuid(3)]
    assert found[uuid(0)] != found[uuid(2)]


def test_a_zero_or_broken_vector_is_near_nothing() -> None:
    vectors = np.array([[0, 0], [0, 0], [np.nan, 1], [np.nan, 1]], dtype=np.float32)

    assert grouped(["How do I pay?"] * 4, vectors) == {}


def test_a_new_question_joins_the_group_that_exists() -> None:
    group = UUID(int=77)
    old = Question(uuid(9), WORDINGS[1], group)

    found = group_duplicates([Question(uuid(0), WORDINGS[0])], at(3), [([old], at(0))])

    assert found == {uuid(0): group}


def test_an_existing_single_question_gets_a_group_with_the_new_one() -> None:
    old = Question(uuid(9), WORDINGS[1])

    found = group_duplicates([Question(uuid(0), WORDINGS[0])], at(3), [([old], at(0))])

    assert set(found) == {uuid(0), uuid(9)}
    assert len(set(found.values())) == 1


def test_a_question_is_no_duplicate_of_itself() -> None:
    question = Question(uuid(0), WORDINGS[0])

    assert group_duplicates([question], at(0), [([question], at(0))]) == {}


def test_existing_questions_may_come_in_any_batches() -> None:
    old = [Question(uuid(100 + row), WORDINGS[row % 2]) for row in range(9)]
    vectors = at(*(row * 0.5 for row in range(9)))
    new = [Question(uuid(0), WORDINGS[0])]

    whole = group_duplicates(new, at(1), [(old, vectors)])
    pieces = group_duplicates(new, at(1), [(old[row : row + 2], vectors[row : row + 2]) for row in (6, 2, 8, 0, 4)])

    assert whole == pieces


def test_rows_and_questions_must_match() -> None:
    with pytest.raises(InvalidVector, match="one row per question"):
        grouped(WORDINGS, at(0, 1))


def test_vectors_of_another_model_are_refused() -> None:
    other = np.ones((1, 3), dtype=np.float32)
    with pytest.raises(InvalidVector, match="cannot be compared"):
        group_duplicates([Question(uuid(0), "How?")], at(0), [([Question(uuid(1), "How?")], other)])


def test_no_questions_give_no_groups() -> None:
    assert group_duplicates([], np.zeros((0, 2), dtype=np.float32)) == {}


def test_many_questions_with_the_same_words_are_compared_in_blocks() -> None:
    count = 3000
    vectors = np.eye(64, dtype=np.float32)[np.arange(count) % 64]
    found = grouped(["How do I pay?"] * count, vectors)

    assert len(found) == count
    assert len(set(found.values())) == 64


@st.composite
def questions(draw: st.DrawFn) -> list[tuple[Question, float]]:
    count = draw(st.integers(0, 24))
    wording = st.sampled_from(WORDINGS)
    angle = st.sampled_from([0.0, 8.0, 16.0, 24.0, 90.0])
    return [(Question(uuid(row), draw(wording)), draw(angle)) for row in range(count)]


def run(items: list[tuple[Question, float]]) -> dict[UUID, UUID]:
    vectors = at(*(angle for _, angle in items)) if items else np.zeros((0, 2), dtype=np.float32)
    return group_duplicates([question for question, _ in items], vectors)


@given(questions(), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(items: list[tuple[Question, float]], chance: object) -> None:
    shuffled = list(items)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as random.Random only at run time

    assert run(items) == run(shuffled)


@given(questions())
def test_only_given_questions_are_grouped_and_never_alone(items: list[tuple[Question, float]]) -> None:
    found = run(items)

    assert set(found) <= {question.id for question, _ in items}
    assert all(list(found.values()).count(group) > 1 for group in found.values())


@given(questions())
def test_members_of_a_group_have_the_same_words_and_an_anchor_near_all(items: list[tuple[Question, float]]) -> None:
    found = run(items)
    angles = {question.id: angle for question, angle in items}
    texts = {question.id: question.text for question, _ in items}
    for group in set(found.values()):
        members = sorted((one for one in found if found[one] == group), key=lambda one: one.bytes)
        assert len({content_key(texts[one]) for one in members}) == 1
        assert all(np.cos(np.radians(angles[one] - angles[members[0]])) >= 0.949 for one in members)


@given(questions())
def test_grouping_again_changes_nothing(items: list[tuple[Question, float]]) -> None:
    found = run(items)
    again = [(Question(question.id, question.text, found.get(question.id)), angle) for question, angle in items]

    assert set(run(again)) <= {question.id for question, _ in again if question.group is None}
    assert run(again) == {}


@settings(max_examples=50)
@given(questions(), st.integers(0, 24))
def test_what_is_grouped_at_once_is_also_grouped_when_it_comes_later(
    items: list[tuple[Question, float]], cut: int
) -> None:
    first = run(items[:cut])
    old = [Question(question.id, question.text, first.get(question.id)) for question, _ in items[:cut]]
    late = items[cut:]
    if not late or not old:
        return

    found = group_duplicates(
        [question for question, _ in late], at(*(angle for _, angle in late)), [(old, at(*(a for _, a in items[:cut])))]
    )

    assert all(question.group is None for question in old if question.id in found)
    everyone = first | found
    twins = {(q.text, a) for q, a in items}
    for twin in twins:  # equal questions end up in the same group, however they came
        same = [question.id for question, angle in items if (question.text, angle) == twin]
        assert len({everyone.get(one) for one in same}) == 1


def both_ways(*pairs: tuple[int, int]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for one, other in pairs:
        found.setdefault(uuid(one), set()).add(uuid(other))
        found.setdefault(uuid(other), set()).add(uuid(one))
    return found


def asked(*numbers: int, **groups: UUID) -> list[Question]:
    return [Question(uuid(number), f"Question {number}?", groups.get(f"of_{number}")) for number in numbers]


def test_near_questions_are_one_group_whatever_their_order() -> None:
    near = both_ways((0, 1), (0, 2), (3, 4))
    found = group_near(asked(0, 1, 2, 3, 4, 5), near)

    assert set(found) == {uuid(number) for number in range(5)}
    assert found[uuid(0)] == found[uuid(1)] == found[uuid(2)] != found[uuid(3)] == found[uuid(4)]
    assert group_near(asked(5, 3, 1, 4, 2, 0), near) == found


def test_a_chain_of_near_questions_does_not_join_its_ends() -> None:
    found = group_near(asked(0, 1, 2, 3), both_ways((0, 1), (1, 2), (2, 3)))

    assert found[uuid(0)] == found[uuid(1)] != found[uuid(2)] == found[uuid(3)]


def test_a_near_question_joins_the_group_that_exists_when_it_is_near_its_smallest_member() -> None:
    group = UUID(int=77)

    assert group_near(asked(1, 5, of_5=group), both_ways((1, 5))) == {uuid(1): group}
    assert group_near(asked(1, 4, 5, of_4=group, of_5=group), both_ways((1, 5))) == {}
    assert group_near(asked(0, 1, 5, of_5=group), both_ways((0, 1), (1, 5))) == {uuid(1): group}


def test_grouping_near_questions_again_changes_nothing() -> None:
    near = both_ways((0, 1), (1, 2), (2, 3))
    found = group_near(asked(0, 1, 2, 3), near)

    assert group_near([Question(uuid(n), "?", found.get(uuid(n))) for n in range(4)], near) == {}


def test_what_no_pair_connects_is_apart() -> None:
    parts = [sorted(part) for part in connected(both_ways((0, 1), (3, 4), (1, 2), (4, 3)))]

    assert parts == [[uuid(0), uuid(1), uuid(2)], [uuid(3), uuid(4)]]
    assert list(connected({})) == []
