"""The list of drafts: cards or table, pages by cursor, decisions on many at once."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.documents import Document
from contracts.faqs import Faq, FaqCounts, FaqStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.faq_card import faq_card, pick_key
from frontend.components.notices import empty_state, load
from frontend.components.reviewer import BOUNDS, Filters, Reviewer, selected_text, undo_bar
from frontend.components.words import plural
from frontend.views.review_filters import PER_PAGE, TABS, toolbar, total


def review(api: Api, documents: Sequence[Document], row: DeltaGenerator, *, may_review: bool) -> None:
    """Everything below the uploader once there are FAQs; `row` takes what concerns the whole list."""
    reviewer = Reviewer(api, may_review)
    filters, layout, counts = toolbar(api, documents, row, may_review=may_review)
    reviewer.restore_undo()
    undo_bar(reviewer)
    if state.faq().is_rejecting:
        _reject_dialog(reviewer, filters)
    view = state.faq()
    if view.filters != (filters, layout):
        view.filters, view.cursors, view.cursor, view.at = (filters, layout), [], None, 0
    page = load("faqs", partial(_page, api, filters, PER_PAGE[layout]))
    if page is None:
        return
    items, following = page
    if not items:
        _nothing(filters, counts)
    elif layout == "Cards":
        _cards(items, reviewer, filters)
    else:
        _table(items, reviewer, filters)
    _pager(len(items), PER_PAGE[layout], following, total(counts, filters.status))


def _page(api: Api, filters: Filters, limit: int) -> tuple[list[Faq], str | None]:
    """The page that the state is at, or the nearest before it that still has FAQs."""
    view = state.faq()
    while True:
        page = api.faqs(
            status=filters.status,
            document_id=filters.document_id,
            q=filters.q,
            confidence=BOUNDS[filters.sure],
            sort=filters.sort,
            limit=limit,
            cursor=view.cursor,
        )
        if page.items or not view.cursors:
            return page.items, page.next_cursor
        _back()


# --- cards -------------------------------------------------------------------
def _cards(items: Sequence[Faq], reviewer: Reviewer, filters: Filters) -> None:
    view = state.faq()
    ordered = _together(items)
    view.at = min(view.at, len(ordered) - 1)
    if reviewer.may_review:
        _bulk_bar([faq.id for faq in ordered], reviewer, filters)
    for at, faq in enumerate(ordered):
        faq_card(
            faq,
            reviewer,
            is_current=at == view.at and reviewer.may_review,
            show_status=filters.status is None,
        )


def _together(items: Sequence[Faq]) -> list[Faq]:
    """The page's order, the members of a group following its first."""
    first: dict[UUID, int] = {}
    for at, faq in enumerate(items):
        first.setdefault(faq.group_id or faq.id, at)
    return sorted(items, key=lambda faq: first[faq.group_id or faq.id])


def _bulk_bar(ids: list[UUID], reviewer: Reviewer, filters: Filters) -> None:
    picked = [faq_id for faq_id in ids if st.session_state.get(pick_key(faq_id))]
    with st.container(key="bulk_bar", horizontal=True, vertical_alignment="center", gap="small"):
        all_picked = len(picked) == len(ids)
        st.button(
            "Clear selection" if all_picked else f"Select all {len(ids)} here",
            key="select_page",
            type="tertiary",
            icon=":material/deselect:" if all_picked else ":material/select_all:",
            on_click=_pick,
            args=(ids, not all_picked),
        )
        _bulk_decisions(picked, reviewer)
        st.space("stretch")
        if filters.status is FaqStatus.DRAFT:
            _many(reviewer, filters)
        _steps(len(ids))


def _bulk_decisions(picked: list[UUID], reviewer: Reviewer) -> None:
    if not picked:
        return
    st.markdown(selected_text(len(picked)), width="content")
    st.button("Approve", key="bulk_approve", icon=":material/check:", on_click=reviewer.approve, args=(picked,))
    st.button("Reject", key="bulk_reject", icon=":material/close:", on_click=reviewer.reject, args=(picked,))


def _many(reviewer: Reviewer, filters: Filters) -> None:
    """What decides on all drafts of the filter at once, where there may be such drafts."""
    if filters.sure in ("", "unsure"):
        st.button(
            "Reject all unsure",
            key="reject_unsure",
            type="tertiary",
            icon=":material/remove_done:",
            help="Asks first, then rejects every draft of this filter below 50 %. Undo takes it back.",
            on_click=_ask_to_reject,
        )
    if filters.sure in ("", "confident"):
        st.button(
            "Approve all confident",
            key="approve_confident",
            icon=":material/done_all:",
            help="Approves every draft of this filter at 80 % and above, on all pages; of similar ones the best. "
            "Undo takes it back.",
            on_click=reviewer.approve_confident,
            args=(filters,),
        )


def _ask_to_reject() -> None:
    view = state.faq()
    view.is_rejecting, view.opened, view.similar, view.writing = True, None, None, None


def _keep_unsure() -> None:
    state.faq().is_rejecting = False


@st.dialog("Reject all unsure", icon=":material/remove_done:", on_dismiss=_keep_unsure)
def _reject_dialog(reviewer: Reviewer, filters: Filters) -> None:
    count = load("unsure", lambda: reviewer.unsure(filters), inline=True)
    if count is None:
        return
    if not count:
        st.markdown("No draft of this filter is below 50 %.")
        return
    scope = " of this filter" if filters.q or filters.document_id else ""
    st.markdown(f"**{plural(count, 'draft')}**{scope} below 50 % will be rejected, on all pages. Undo takes it back.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="reject_cancel")
        confirmed = st.button(f"Reject {count:,}", key="reject_confirm", type="primary", icon=":material/close:")
    if cancelled or confirmed:
        _keep_unsure()
        if confirmed:
            reviewer.reject_unsure(filters)
        st.rerun()


def _steps(count: int) -> None:
    with st.container(key="steps", horizontal=True, width="content", gap="small"):
        st.button("Previous", key="step_up", type="tertiary", shortcut="K", on_click=_step, args=(-1, count))
        st.button("Next", key="step_down", type="tertiary", shortcut="J", on_click=_step, args=(1, count))


def _step(by: int, count: int) -> None:
    view = state.faq()
    view.at = min(max(view.at + by, 0), count - 1)


def _pick(ids: Sequence[UUID], picked: bool) -> None:
    for faq_id in ids:
        st.session_state[pick_key(faq_id)] = picked


# --- table -------------------------------------------------------------------
def _table(items: Sequence[Faq], reviewer: Reviewer, filters: Filters) -> None:
    rows = pd.DataFrame(
        {
            "Question": [faq.question for faq in items],
            "Answer": [faq.answer for faq in items],
            "Confidence": [faq.confidence for faq in items],
            "Status": [TABS[faq.status.value] for faq in items],
            "Document": [faq.document_name or "" for faq in items],
        }
    )
    chosen = st.dataframe(
        rows,
        hide_index=True,
        key=f"faq_table_{state.faq().round}",
        on_select="rerun",
        selection_mode="multi-row",
        row_height=44,
        height=min(44 * (len(items) + 1) + 4, 560),
        alt=f"{len(items)} FAQs with question, answer, confidence, status and document",
        column_config={
            "Question": st.column_config.TextColumn(width="medium"),
            "Answer": st.column_config.TextColumn(width="large"),
            "Confidence": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1, width=130),
        },
    )
    picked = [items[at] for at in chosen["selection"]["rows"] if at < len(items)]
    with st.container(key="bulk_bar", horizontal=True, vertical_alignment="center", gap="small"):
        if reviewer.may_review:
            _bulk_decisions([faq.id for faq in picked], reviewer)
        if len(picked) == 1:
            st.button("Open", key="open_row", on_click=reviewer.open, args=(picked[0], "source"))
        if not picked:
            st.markdown(":gray[Select rows to decide on them.]", width="content")
        st.space("stretch")
        if filters.status is FaqStatus.DRAFT and reviewer.may_review:
            _many(reviewer, filters)


# --- the ends ----------------------------------------------------------------
def _nothing(filters: Filters, counts: FaqCounts | None) -> None:
    if filters.q or filters.document_id or filters.sure:
        empty_state(
            "search_off",
            "Nothing matches",
            "No FAQ fits this search and filter. Change them to see others.",
            key="filtered",
        )
    elif filters.status is FaqStatus.DRAFT and counts is not None and counts.approved:
        empty_state(
            "task_alt",
            "All reviewed",
            "No draft waits for you. Ask the chat a question, or add another document.",
            key="reviewed",
        )
    else:
        word = TABS[filters.status.value].lower() if filters.status else "here"
        empty_state("inbox", "Nothing here yet", f"FAQs that are {word} will be listed here.", key="status")


def _pager(shown: int, per_page: int, following: str | None, every: int) -> None:
    view = state.faq()
    if not view.cursors and following is None:
        return
    first = len(view.cursors) * per_page + 1
    st.markdown(f":gray[{first:,} to {first + shown - 1:,} of {every:,}]" if shown else "", text_alignment="center")
    with st.container(key="pager", horizontal=True, vertical_alignment="center", horizontal_alignment="center"):
        st.button(
            "Previous page", key="page_back", icon=":material/chevron_left:", disabled=not view.cursors, on_click=_back
        )
        st.button(
            "Next page",
            key="page_on",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=following is None,
            on_click=_on,
            args=(following,),
        )


def _on(following: str | None) -> None:
    view = state.faq()
    view.cursors.append(view.cursor or "")
    view.cursor, view.at = following, 0


def _back() -> None:
    view = state.faq()
    view.cursor = view.cursors.pop() or None
    view.at = 0
