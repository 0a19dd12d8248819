"""What a search model is trained on: pairs, the items that a validation looks among, and what questions are compared
with."""

from pathlib import Path

import numpy as np
import pytest

from backend.errors import PreparedDamaged
from backend.finetuning.retriever_rows import Asked, Item, Knowledge, answers, compared, pairs, read, some, views, write


def known() -> Knowledge:
    items = tuple(
        Item(views=[f"Why {n}?", f"Why {n}?\nBecause of {n}."], weights=[0.4, 0.6], alike=n % 5) for n in range(10)
    )
    train = (Asked(text="Why 3?", item=3), Asked(text="What is the cause of 3?", item=3))
    validation = tuple(Asked(text=f"Cause of {n}?", item=n) for n in (9, 2, 9))
    return Knowledge(items, {"train": train, "validation": validation, "held_out": ()})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    wanted = known()
    write(tmp_path, wanted.items, wanted.questions)
    assert read(tmp_path) == wanted


def test_what_was_cut_or_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PreparedDamaged, match="retry"):
        read(tmp_path)
    write(tmp_path, known().items, known().questions)
    (tmp_path / "train.jsonl").write_text('{"text": "Why', encoding="utf-8")
    with pytest.raises(PreparedDamaged, match="retry"):
        read(tmp_path)


def test_a_question_is_drawn_to_every_view_of_its_item_but_to_its_own_words() -> None:
    assert [(pair.question, pair.text, pair.alike) for pair in pairs(known())] == [
        ("Why 3?", "Why 3?\nBecause of 3.", 3),
        ("What is the cause of 3?", "Why 3?", 3),
        ("What is the cause of 3?", "Why 3?\nBecause of 3.", 3),
    ]


def test_a_validation_of_some_items_keeps_those_that_answer_it() -> None:
    wanted = known()
    fewer = some(wanted, "validation", questions=10, items=4)
    assert len(fewer.items) == 4
    for before, after in zip(wanted.questions["validation"], fewer.questions["validation"], strict=True):
        assert after.text == before.text
        assert fewer.items[after.item] == wanted.items[before.item]
    assert len(some(wanted, "validation", questions=2, items=4).questions["validation"]) == 2
    assert some(wanted, "validation", questions=10, items=100).items == wanted.items


def test_a_question_is_compared_with_the_weighted_sum_of_the_views() -> None:
    items = [Item(views=["a", "b"], weights=[0.4, 0.6], alike=0), Item(views=["c"], weights=[1.0], alike=1)]
    assert views(items) == ["a", "b", "c"]
    vectors = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    assert compared(items, vectors).ravel().tolist() == pytest.approx([0.4, 0.6, 1, 1])
    assert compared(items, vectors).dtype == np.float32


def test_answers_are_the_places_of_the_items() -> None:
    assert answers(known().questions["validation"]).tolist() == [9, 2, 9]
    assert answers(()).dtype == np.int64
