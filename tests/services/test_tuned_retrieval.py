"""What tuned retrieval is trained on: which items say the same, and which sentences are asked for."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from backend.finetuning.adapter import Items
from backend.retrieval.base import Span
from backend.retrieval.views import faq_views, passage_views
from backend.services import tuned_retrieval
from backend.services.collection_items import KnownItem, alike
from backend.services.tuned_retrieval import Asked, _of_documents, _spread

SECTION = UUID(int=900)


def known(passages: int = 30, faqs: int = 3) -> list[KnownItem]:
    """FAQ n was drafted from passage n of the same section; every passage has one sentence."""
    vectors = {"full": np.ones(4, np.float32)}
    found = [
        KnownItem(
            UUID(int=100 + n),
            title="",
            body=f"This is the only sentence of the passage {n}.",
            texts=passage_views((), "text"),
            vectors=vectors,
            span=Span(SECTION, n * 100, n * 100 + 100),
            is_faq=False,
        )
        for n in range(passages)
    ]
    for n in range(faqs):
        span = Span(SECTION, n * 100, n * 100 + 80)
        found.append(KnownItem(UUID(int=n), "Why?", "So.", faq_views("Why?", "So."), vectors, span))
    return found


def drawn(items: list[KnownItem], asked: dict[str, Asked]) -> dict[str, set[int]]:
    """The numbers of the passages whose sentences are asked for, by split."""
    place = {item.id: at for at, item in enumerate(items)}
    found = _of_documents(items, Items(np.ones((len(items), 4), np.float32), alike(items)), place, asked)
    return {split: {id.int - 100 for _, id in pairs} for split, pairs in found.items()}


def numbers_of(items: list[KnownItem]) -> dict[UUID, int]:
    return dict(zip((item.id for item in items), alike(items).tolist(), strict=True))


def test_a_faq_and_the_passage_that_it_was_drawn_from_say_the_same() -> None:
    numbers = numbers_of(known())
    assert numbers[UUID(int=0)] == numbers[UUID(int=100)]
    assert len(set(numbers.values())) == 30


def test_faqs_of_one_group_say_the_same() -> None:
    grouped = {UUID(int=0), UUID(int=2)}
    numbers = numbers_of([replace(one, group=SECTION) if one.id in grouped else one for one in known()])
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
