"""Which drafts are approved together, and which decision is offered to be taken back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.faqs import Faq, FaqDecision
from frontend.components.reviewer import BATCH, best_of_groups, last_decision

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRAFT: dict[str, Any] = {
    "question": "Why?",
    "answer": "So.",
    "status": "draft",
    "kind": "question",
    "document_id": None,
    "source": None,
    "tags": [],
    "revision": 1,
    "created_at": NOW,
    "updated_at": NOW,
}


def _faq(number: int, confidence: float, group: int | None = None, *, approved: int = 0) -> Faq:
    group_id = None if group is None else UUID(int=group)
    own = {"id": UUID(int=number), "confidence": confidence, "group_id": group_id, "group_approved": approved}
    return Faq.model_validate(DRAFT | own)


def _ids(*numbers: int) -> list[UUID]:
    return [UUID(int=number) for number in numbers]


def test_of_each_group_the_surest_is_taken_and_of_equals_the_first() -> None:
    drafts = [_faq(1, 0.9, 70), _faq(2, 0.8), _faq(3, 0.95, 70), _faq(4, 0.9, 71), _faq(5, 0.9, 71), _faq(6, 0.8)]
    assert set(best_of_groups(drafts)) == set(_ids(2, 3, 4, 6))


def test_a_group_that_has_an_approved_faq_is_left_alone() -> None:
    assert best_of_groups([_faq(1, 0.9, 70, approved=1), _faq(2, 0.9)]) == _ids(2)


def _decision(
    number: int, minutes: float, *, count: int = 1, kind: str = "approved", undone: bool = False
) -> FaqDecision:
    at = NOW - timedelta(minutes=minutes)
    row = {"id": UUID(int=number), "kind": kind, "count": count, "author": "a", "created_at": at}
    return FaqDecision.model_validate(row | {"undone_at": NOW if undone else None})


def test_the_newest_decision_that_stands_is_offered_for_an_hour() -> None:
    decisions = [_decision(1, 2, undone=True), _decision(2, 30), _decision(3, 31)]
    assert [one.id for one in last_decision(decisions, NOW)] == _ids(2)
    assert last_decision([_decision(1, 61)], NOW) == []
    assert last_decision([], NOW) == []


def test_the_full_batches_before_the_last_belong_to_the_same_decision() -> None:
    last = [_decision(1, 2, count=7), _decision(2, 2.1, count=BATCH), _decision(3, 2.2, count=BATCH)]
    assert [one.id for one in last_decision([*last, _decision(4, 2.3, count=9)], NOW)] == _ids(3, 2, 1)
    other = [_decision(1, 2), _decision(2, 2.1, count=BATCH, kind="rejected")]
    assert [one.id for one in last_decision(other, NOW)] == _ids(1)
    assert [one.id for one in last_decision([_decision(1, 2), _decision(2, 9, count=BATCH)], NOW)] == _ids(1)
