"""What tuned retrieval is trained on: which items say the same, and which sentences are asked for."""

from uuid import UUID

import numpy as np
import pytest

from backend.finetuning.adapter import Items
from backend.retrieval.base import Span
from backend.services import tuned_retrieval
from backend.services.tuned_retrieval import Asked, _alike, _Knowledge, _of_documents, _spread

SECTION = UUID(int=900)


def known(passages: int = 30, faqs: int = 3) -> _Knowledge:
    """FAQ n was drafted from passage n of the same section; every passage has one sentence."""
    found = _Knowledge()
    for n in range(passages):
        id = UUID(int=100 + n)
        found.vectors[id] = np.ones(4, np.float32)
        found.passages[id] = Span(SECTION, n * 100, n * 100 + 100)
        found.sentences[id] = [f"Sentence of passage {n}."]
    for n in range(faqs):
        id = UUID(int=n)
        found.vectors[id] = np.ones(4, np.float32)
        found.faqs[id] = Span(SECTION, n * 100, n * 100 + 80)
    return found


def drawn(knowledge: _Knowledge, asked: dict[str, Asked]) -> dict[str, set[int]]:
    """The numbers of the passages whose sentences are asked for, by split."""
    items = Items(np.stack(list(knowledge.vectors.values())), _alike(knowledge))
    place = {id: at for at, id in enumerate(knowledge.vectors)}
    found = _of_documents(knowledge, items, place, asked)
    return {split: {id.int - 100 for _, id in pairs} for split, pairs in found.items()}


def test_a_faq_and_the_passage_that_it_was_drawn_from_say_the_same() -> None:
    knowledge = known()
    numbers = dict(zip(knowledge.vectors, _alike(knowledge), strict=True))
    assert numbers[UUID(int=0)] == numbers[UUID(int=100)]
    assert len(set(numbers.values())) == 30


def test_faqs_of_one_group_say_the_same() -> None:
    knowledge = known()
    knowledge.groups = {UUID(int=0): SECTION, UUID(int=2): SECTION}
    numbers = dict(zip(knowledge.vectors, _alike(knowledge), strict=True))
    assert numbers[UUID(int=0)] == numbers[UUID(int=2)] != numbers[UUID(int=1)]


def test_the_passage_of_a_faq_of_the_dataset_is_learnt_or_held_out_with_it() -> None:
    faq = UUID(int=1)
    for split in ("train", "validation", "held_out"):
        found = drawn(known(), {"train": [], "validation": [], "held_out": [], split: [("Q?", faq)]})
        assert found["train"] | found["validation"] == set(range(30)) - {1}


def test_one_passage_in_ten_is_for_validation_and_none_is_in_both() -> None:
    found = drawn(known(), {"train": []})
    assert len(found["validation"]) == 3
    assert not found["train"] & found["validation"]


def test_of_very_many_passages_the_same_ones_are_taken_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuned_retrieval, "MOST_SENTENCES", 10)
    first, second = (drawn(known(), {"train": []}) for _ in range(2))
    assert first == second
    assert len(first["train"] | first["validation"]) == 5


def test_sentences_are_spread_over_a_text_and_no_scraps() -> None:
    text = " ".join(f"This is sentence number {n}, which is long enough to ask for." for n in range(9))
    assert [one.split()[4] for one in _spread(text, 3)] == ["0,", "3,", "6,"]
    assert _spread("It is too short. And this is, too.", 3) == []
