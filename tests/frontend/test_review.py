"""The review without a browser: what many decisions at once do, in which order drafts come, what can be taken back."""

from uuid import UUID

import pytest

from contracts.faqs import CONFIDENT, UNSURE, Faq, FaqAction, FaqStatus, NewFaq
from frontend.api_client import Api, ApiError
from frontend.components import reviewer
from tests.frontend.conftest import Pages
from tests.frontend.looking import keys, labelled, press, words

FAQ = "pages/1_FAQ_Extraction.py"
TWIN = (
    b"# Coffee machine\n\n## How do I descale the machine?\n\nFill the tank with water and one sachet of %s, start the "
    b"descaling program and wait twenty minutes.\nRinse twice with clear water before you make the next coffee.\n"
)


def _twins(pages: Pages) -> list[Faq]:
    """Two confident drafts of one group, and others beside them."""
    for number, answer in enumerate((b"descaler", b"vinegar")):
        pages.upload(f"{number}.md", TWIN % answer)
    alike = [faq for faq in pages.api.faqs(q="descale the machine").items if faq.group_size == 2]
    assert len(alike) == 2
    assert all(faq.confidence >= CONFIDENT for faq in alike)
    return alike


def _confident(pages: Pages) -> list[Faq]:
    return pages.api.faqs(status=FaqStatus.DRAFT, confidence=(CONFIDENT, None), limit=200).items


@pytest.mark.usefixtures("sample")
def test_of_confident_drafts_that_are_alike_only_the_best_is_approved(pages: Pages) -> None:
    _twins(pages)
    confident = _confident(pages)
    groups = {faq.group_id for faq in confident if faq.group_id is not None}
    alone = [faq for faq in confident if faq.group_id is None]
    page = press(pages.open(FAQ), "approve_confident")
    approved = pages.api.faqs(status=FaqStatus.APPROVED, limit=200).items
    assert {faq.id for faq in alone} < {faq.id for faq in approved}
    kept = [faq for faq in approved if faq.group_id is not None]
    assert sorted(str(faq.group_id) for faq in kept) == sorted(str(group) for group in groups)
    for faq in kept:
        rivals = [one for one in confident if one.group_id == faq.group_id]
        assert faq.id == max(rivals, key=lambda one: one.confidence).id
    left = len(confident) - len(approved)
    assert left >= 1
    assert f"{len(approved)} confident drafts approved" in words(page)
    assert f"{left} similar" in words(page)


@pytest.mark.usefixtures("sample")
def test_a_confident_draft_whose_twin_is_approved_is_left_to_be_compared(pages: Pages) -> None:
    first, second = _twins(pages)
    pages.api.approve([first.id])
    press(pages.open(FAQ), "approve_confident")
    assert pages.api.faq(second.id).status is FaqStatus.DRAFT


@pytest.mark.usefixtures("sample")
def test_similar_questions_open_with_the_one_that_was_looked_at(pages: Pages) -> None:
    for faq in _twins(pages):
        page = pages.open(FAQ, q="descale the machine")
        press(page, f"similar_{faq.id}")
        assert page.radio[0].value == faq.id


@pytest.mark.usefixtures("sample")
def test_the_surest_drafts_come_first_and_unsure_ones_never_do(pages: Pages) -> None:
    page = pages.open(FAQ)
    shown = [pages.api.faq(UUID(key)).confidence for key in keys(page, "edit_")]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] >= CONFIDENT


@pytest.mark.parametrize("sure", ["confident", "check", "unsure"])
@pytest.mark.usefixtures("sample")
def test_a_shared_link_shows_the_drafts_of_one_confidence(pages: Pages, sure: str) -> None:
    low, high = {"confident": (CONFIDENT, 1.1), "check": (UNSURE, CONFIDENT), "unsure": (0.0, UNSURE)}[sure]
    wanted = [faq for faq in pages.api.faqs(limit=200).items if low <= faq.confidence < high]
    assert wanted
    page = pages.open(FAQ, sure=sure)
    shown = {UUID(key) for key in keys(page, "edit_")}
    assert shown <= {faq.id for faq in wanted}
    assert len(shown) == min(len(wanted), 10)
    assert any(f"To review · {len(wanted)}" in option for group in page.segmented_control for option in group.options)
    assert ("approve_confident" in [button.key for button in page.button]) is (sure == "confident")


@pytest.mark.usefixtures("sample")
def test_all_unsure_drafts_are_rejected_after_a_question_and_taken_back(pages: Pages) -> None:
    unsure = [faq.id for faq in pages.api.faqs(confidence=(None, UNSURE), limit=200).items]
    assert unsure
    page = press(pages.open(FAQ), "reject_unsure")
    assert pages.api.faq_counts().rejected == 0
    press(page, "reject_confirm")
    assert {faq.id for faq in pages.api.faqs(status=FaqStatus.REJECTED, limit=200).items} == set(unsure)
    press(page, "undo")
    assert pages.api.faq_counts().rejected == 0


@pytest.mark.usefixtures("sample")
def test_the_last_decision_can_be_taken_back_after_a_refresh(pages: Pages) -> None:
    page = pages.open(FAQ)
    faq_id = UUID(next(key for key in keys(page, "approve_") if key != "confident"))
    press(page, f"approve_{faq_id}")
    again = pages.open(FAQ)
    assert "1 FAQ approved" in words(again)
    press(again, "undo")
    assert pages.api.faq(faq_id).status is FaqStatus.DRAFT
    assert "undo" not in [button.key for button in pages.open(FAQ).button]


@pytest.mark.usefixtures("sample")
def test_a_decision_that_was_overtaken_is_not_said_to_be_taken_back(pages: Pages) -> None:
    page = pages.open(FAQ)
    faq_id = UUID(next(key for key in keys(page, "approve_") if key != "confident"))
    press(page, f"approve_{faq_id}")
    pages.api.reject([faq_id])
    press(page, "undo")
    assert pages.api.faq(faq_id).status is FaqStatus.REJECTED
    assert "Nothing to take back" in " ".join(toast.value for toast in page.toast)


@pytest.mark.usefixtures("sample")
def test_after_a_refresh_all_batches_of_one_decision_are_taken_back(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewer, "BATCH", 25)
    press(pages.open(FAQ), "approve_confident")
    approved = pages.api.faq_counts().approved
    assert approved > 25
    again = pages.open(FAQ)
    assert f"{approved} FAQs approved" in words(again)
    press(again, "undo")
    assert pages.api.faq_counts().approved == 0


@pytest.mark.usefixtures("sample")
def test_what_was_decided_before_a_batch_failed_can_be_taken_back(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewer, "BATCH", 3)
    approve, calls = Api.approve, []

    def failing(self: Api, ids: list[UUID]) -> FaqAction:
        calls.append(len(ids))
        if len(calls) == 2:
            pages.transport.is_down = True
        try:
            return approve(self, ids)
        finally:
            pages.transport.is_down = False

    monkeypatch.setattr(Api, "approve", failing)
    page = press(pages.open(FAQ), "approve_confident")
    assert pages.api.faq_counts().approved == 3
    assert "3 of " in words(page)
    assert page.error or page.warning
    press(page, "undo")
    assert pages.api.faq_counts().approved == 0


def test_more_similar_questions_than_one_call_takes_are_merged(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviewer, "BATCH", 2)
    for number in range(4):
        pages.upload(f"{number}.md", TWIN % f"descaler number {number}".encode())
    members = pages.api.faqs(q="descale the machine", limit=200).items
    assert len(members) == 4
    keep = members[3]
    page = pages.open(FAQ, q="descale the machine")
    press(page, f"similar_{keep.id}")
    press(page, "merge")
    assert pages.api.faq(keep.id).status is FaqStatus.APPROVED
    assert pages.api.faq_counts().rejected == 3
    press(page, "undo")
    assert pages.api.faq_counts().draft == len(pages.api.faqs(limit=200).items)


@pytest.mark.usefixtures("sample")
def test_a_faq_is_written_by_hand_and_answers_at_once(pages: Pages) -> None:
    page = press(pages.open(FAQ), "write_faq")
    labelled(page.text_input, "Question").set_value("Where is the silver key?")
    labelled(page.text_area, "Answer").set_value("Under the stone.")
    next(button for button in page.button if button.label == "Save and approve").click().run()
    made = pages.api.faqs(q="silver key").items
    assert [(faq.answer, faq.kind, faq.status) for faq in made] == [("Under the stone.", "manual", FaqStatus.APPROVED)]
    assert not page.exception


@pytest.mark.usefixtures("sample")
def test_the_next_faq_is_written_into_a_form_of_its_own(pages: Pages) -> None:
    page = press(pages.open(FAQ), "write_faq")
    before = [labelled(page.text_input, "Question").proto.id, labelled(page.text_area, "Answer").proto.id]
    page = press(page, "write_faq")
    after = [labelled(page.text_input, "Question").proto.id, labelled(page.text_area, "Answer").proto.id]
    assert not set(before) & set(after)


@pytest.mark.usefixtures("sample")
def test_a_faq_without_an_answer_is_not_saved(pages: Pages) -> None:
    page = press(pages.open(FAQ), "write_faq")
    labelled(page.text_input, "Question").set_value("Where is the silver key?")
    next(button for button in page.button if button.label == "Save and approve").click().run()
    assert "must not be empty" in words(page)
    assert pages.api.faqs(q="silver key").items == []


@pytest.mark.usefixtures("sample")
def test_a_question_without_an_answer_is_answered_from_the_list(pages: Pages) -> None:
    pages.ask("What is the capital of Peru?")
    page = pages.open(FAQ, view="unanswered")
    assert "What is the capital of Peru?" in words(page)
    press(page, f"answer_{pages.api.unanswered().items[0].message_id}")
    assert labelled(page.text_input, "Question").value == "What is the capital of Peru?"
    pages.api.create_faq(NewFaq(question="What is the capital of Peru?", answer="Lima."))
    assert not keys(pages.open(FAQ, view="unanswered"), "answer_")


@pytest.mark.usefixtures("sample")
def test_a_merge_of_a_faq_that_is_gone_says_so(pages: Pages) -> None:
    first, _ = _twins(pages)
    page = pages.open(FAQ, q="descale the machine")
    press(page, f"similar_{first.id}")
    pages.api.delete_document(first.document_id or UUID(int=0), faqs="delete")
    with pytest.raises(ApiError):
        pages.api.faq(first.id)
    press(page, "merge")
    assert not page.exception
