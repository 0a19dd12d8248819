"""What is near: by source, group, words, meaning or answer."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets import nearness
from backend.datasets.nearness import Item, Why, neighbours
from backend.datasets.rows import Rewording
from backend.errors import InvalidVector
from backend.faqs.dedup import Vectors
from tests.datasets.building import example, imported

LONG = "Open the settings, choose Billing and then Invoices, and press the button to download them as one file."


def item(number: int, question: str = "", answer: str = "", *, source: int = 0, group: int | None = None) -> Item:
    return Item(
        UUID(int=number),
        UUID(int=source or number),
        question or f"How do I use thing{'x' * number}?",
        answer or f"Answer {number}.",
        UUID(int=group) if group else None,
    )


def pairs(items: list[Item], vectors: Vectors | None = None) -> set[tuple[int, int, Why]]:
    """By numbers of items, the smaller first."""
    number = [one.id.int for one in items]
    return {
        (min(number[found.row], number[other]), max(number[found.row], number[other]), found.why)
        for found in neighbours(items, vectors)
        for other in found.others.tolist()
    }


def at(*cosines: float) -> Vectors:
    """Unit vectors with these cosines to the first axis, else at right angles."""
    made = np.zeros((len(cosines), len(cosines) + 1), dtype=np.float32)
    for row, cosine in enumerate(cosines):
        made[row, 0], made[row, row + 1] = cosine, np.sqrt(1 - cosine**2)
    return made


def test_one_source_one_group_and_the_same_words_are_near() -> None:
    assert pairs([item(1), item(2, source=1)]) == {(1, 2, "source")}
    assert pairs([item(1, group=5), item(2, group=5), item(3, group=6)]) == {(1, 2, "group")}
    assert pairs([item(1, "How do I pay?"), item(2, "How can I pay?")]) == {(1, 2, "question")}


def test_what_has_nothing_in_common_is_not_near() -> None:
    assert pairs([item(1), item(2), item(3)], at(1, 0, 0)) == set()


def test_meaning_counts_from_its_threshold() -> None:
    items = [item(1), item(2), item(3)]
    assert pairs(items, at(1, nearness.MEANING + 0.001, nearness.MEANING - 0.001)) == {(1, 2, "meaning")}


def test_the_length_of_a_vector_does_not_count_and_an_empty_one_is_near_nothing() -> None:
    assert pairs([item(1), item(2)], np.array([[9, 0], [0.1, 0]], dtype=np.float32)) == {(1, 2, "meaning")}
    assert pairs([item(1), item(2)], np.array([[0, 0], [np.nan, 0]], dtype=np.float32)) == set()


def test_meaning_is_compared_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearness, "BLOCK", 2)
    vectors = np.eye(5, dtype=np.float32)[[0, 1, 2, 1, 0]]
    assert pairs([item(n) for n in range(1, 6)], vectors) == {(1, 5, "meaning"), (2, 4, "meaning")}


def test_nearly_one_answer_is_near() -> None:
    reworded = LONG.replace("as one file", "as a single file")
    assert pairs([item(1, answer=LONG), item(2, answer=reworded)]) == {(1, 2, "answer")}
    assert pairs([item(1, answer=LONG), item(2, answer=LONG.upper())]) == {(1, 2, "answer")}


def test_half_of_an_answer_is_not() -> None:
    half = " ".join(LONG.split()[:9]) + " close the window and wait for a mail with all that you need to know"
    assert pairs([item(1, answer=LONG), item(2, answer=half)]) == set()


def test_short_answers_say_little() -> None:
    assert (
        pairs([item(1, answer="Yes, on every plan of ours."), item(2, answer="Yes, on every plan of ours.")]) == set()
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=7, max_size=14), min_size=2, max_size=14))
def test_answers_are_compared_as_if_each_were_with_each(answers: list[list[str]]) -> None:
    """The index skips only pairs that cannot be near."""
    items = [item(n + 1, answer=" ".join(words)) for n, words in enumerate(answers)]
    runs = [{tuple(words[at : at + 3]) for at in range(len(words) - 2)} for words in answers]
    expected = {
        frozenset((i, j))
        for i in range(len(runs))
        for j in range(i)
        if min(len(runs[i]), len(runs[j])) >= nearness.FEWEST_RUNS
        and 2 * len(runs[i] & runs[j]) >= len(runs[i] | runs[j])
    }
    assert _connected(len(items), {frozenset((i - 1, j - 1)) for i, j, _ in pairs(items)}) == _connected(
        len(items), expected
    )


def _connected(count: int, edges: set[frozenset[int]]) -> set[frozenset[int]]:
    parts = [{n} for n in range(count)]
    for edge in edges:
        met = [part for part in parts if part & edge]
        parts = [part for part in parts if not part & edge] + [set().union(*met)]
    return {frozenset(part) for part in parts}


def test_rows_and_vectors_must_match() -> None:
    with pytest.raises(InvalidVector, match=r"2 items came with vectors of shape \(1, 3\)"):
        list(neighbours([item(1), item(2)], np.zeros((1, 3), dtype=np.float32)))


def test_the_source_of_an_imported_row_is_what_it_asks_for() -> None:
    plain, again, other = (
        Item.of(imported(text, "x", at=n)) for n, text in enumerate(("How do I pay?", "How can I pay?", "Why pay?"))
    )
    assert plain.source == again.source != other.source
    assert plain.id != again.id
    assert Item.of(example(faq=8)).source == UUID(int=8)


def test_a_rewording_of_an_imported_row_has_the_source_of_its_question() -> None:
    made = imported("Paying", "x")
    reworded = type(made)(
        "Paying", "x", type(made.provenance)(made.provenance.source, Rewording("rule", "r", "How do I pay?"))
    )
    assert Item.of(reworded).source == Item.of(imported("How do I pay?", "x")).source
