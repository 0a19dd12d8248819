"""FAQ extraction: documents in, drafts out, decisions made."""

from collections.abc import Sequence
from typing import Final, Literal

import streamlit as st

from contracts.documents import Document, DocumentStatus
from frontend import state
from frontend.components.drafting_jobs import follow_drafting
from frontend.components.jobs import follow_jobs
from frontend.components.notices import empty_state, load
from frontend.components.reviewer import Reviewer
from frontend.layout import Frame
from frontend.views.documents import document_list
from frontend.views.drafting_dialog import drafting_dialog, open_drafting
from frontend.views.faq_dialog import open_dialogs
from frontend.views.review import review
from frontend.views.unanswered import unanswered_list
from frontend.views.uploads import upload_panel

View = Literal["review", "documents", "unanswered"]
VIEWS: Final[dict[View, str]] = {"review": "Review", "documents": "Documents", "unanswered": "Unanswered"}


def render(frame: Frame) -> None:
    documents = load("documents", frame.api.all_documents)
    counts = load("any_faqs", frame.api.faq_counts)
    may_write = frame.can("documents.write")
    has_faqs = counts is not None and bool(counts.draft + counts.approved + counts.rejected)
    is_empty = documents == [] and counts is not None and not has_faqs
    if may_write:
        _adding(frame, is_empty=is_empty)
    is_reading = follow_jobs(
        frame.api,
        may_control=frame.can("jobs.control"),
        on_dismiss=_hide_jobs,
        hold=has_faqs and _asked_view() == "review",
    )
    follow_drafting(frame.api, may_control=frame.can("jobs.control"), go_on=open_drafting if may_write else None)
    if not is_reading and any(one.status is DocumentStatus.PENDING for one in documents or ()):
        # Read between the two looks: nothing would draw the page again.
        documents = load("documents_again", frame.api.all_documents)
    if documents is None or counts is None:
        return
    if is_empty:
        _first(may_write=may_write)
    elif is_reading and not has_faqs:
        empty_state(
            "hourglass_top", "Reading", "The drafts appear here as soon as the first document is read.", key="reading"
        )
    else:
        _lists(frame, documents)
    if not drafting_dialog(frame.api, documents):
        open_dialogs(Reviewer(frame.api, frame.can("faqs.review")))


def _adding(frame: Frame, *, is_empty: bool) -> None:
    """The uploader: always there in an empty workspace, behind a button in the header otherwise."""
    view = state.faq()
    if not is_empty:
        with frame.actions:
            st.button(
                "Close" if view.adding else "Add documents",
                key="add_documents",
                icon=":material/close:" if view.adding else ":material/upload_file:",
                on_click=_toggle_adding,
            )
    if is_empty or view.adding:
        upload_panel(frame.api, frame.config, first=is_empty)


def _toggle_adding() -> None:
    view = state.faq()
    view.adding = not view.adding
    view.refused.clear()


def _hide_jobs() -> None:
    state.faq().jobs_since = None


def _first(*, may_write: bool) -> None:
    if state.faq().jobs_since is not None:
        return
    body = (
        "Upload a handbook, a price list or your support articles. The drafted questions appear here for review."
        if may_write
        else "Nobody has uploaded a document yet. Your role may read FAQs, not add documents."
    )
    empty_state("quiz", "No questions yet", body, key="faqs", picture="empty-documents.svg")


def _lists(frame: Frame, documents: Sequence[Document]) -> None:
    row = st.container(
        key="view_row", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
    )
    with row:
        chosen = _chosen_view(frame, documents)
    if chosen == "unanswered":
        unanswered_list(frame.api, may_write=frame.can("faqs.review"))
    elif chosen == "documents":
        may_retry = frame.can("jobs.control")
        document_list(frame.api, documents, may_write=frame.can("documents.write"), may_retry=may_retry)
    else:
        review(frame.api, documents, row, may_review=frame.can("faqs.review"))


def _asked_view() -> str:
    return str(st.session_state.get("faq_view") or st.query_params.get("view", "review"))


def _chosen_view(frame: Frame, documents: Sequence[Document]) -> View:
    """Unanswered questions are shown to those who may read conversations."""
    asked = st.query_params.get("view", "review")
    views = [view for view in VIEWS if view != "unanswered" or frame.can("faqs.review")]
    chosen = st.segmented_control(
        "Show",
        views,
        default=next((view for view in views if view == asked), "review"),
        format_func=lambda view: f"Documents · {len(documents)}" if view == "documents" else VIEWS[view],
        required=True,
        key="faq_view",
        label_visibility="collapsed",
    )
    found: View = next((view for view in views if view == chosen), "review")
    if found != "review":
        st.query_params["view"] = found
    else:
        st.query_params.pop("view", None)
    return found
