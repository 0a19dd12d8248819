"""The list of drafts: filters, cards or table, pages by cursor, decisions on many at once."""

from collections.abc import Sequence
from functools import partial
from typing import Final, Literal, get_args
from uuid import UUID

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.documents import Document
from contracts.faqs import Faq, FaqCounts, FaqSort, FaqStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.faq_card import faq_card, pick_key
from frontend.components.notices import empty_state, load
from frontend.components.reviewer import Filters, Reviewer, selected_text, undo_bar

Tab = Literal["draft", "approved", "rejected", "all"]
TABS: Final[dict[Tab, str]] = {"draft": "To review", "approved": "Approved", "rejected": "Rejected", "all": "All"}
SORTS: Final[dict[FaqSort, str]] = {
    "document": "Document order",
    "confidence": "Most confident",
    "newest": "Newest",
}
PER_PAGE: Final = {"Cards": 10, "Table": 50}


def review(api: Api, documents: Sequence[Document], row: DeltaGenerator, *, may_review: bool) -> None:
    """Everything below the uploader once there are FAQs; `row` takes what concerns the whole list."""
    reviewer = Reviewer(api, may_review)
    filters, layout, counts = _toolbar(api, documents, row)
    undo_bar(reviewer)
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
    _pager(len(items), PER_PAGE[layout], following, _total(counts, filters.status))


def _page(api: Api, filters: Filters, limit: int) -> tuple[list[Faq], str | None]:
    """The page that the state is at, or the nearest before it that still has FAQs."""
    view = state.faq()
    while True:
        page = api.faqs(
            status=filters.status,
            document_id=filters.document_id,
            q=filters.q,
            sort=filters.sort,
            limit=limit,
            cursor=view.cursor,
        )
        if page.items or not view.cursors:
            return page.items, page.next_cursor
        _back()


# --- filters -----------------------------------------------------------------
def _toolbar(api: Api, documents: Sequence[Document], row: DeltaGenerator) -> tuple[Filters, str, FaqCounts | None]:
    tools = st.container(key="review_tools", horizontal=True, vertical_alignment="center", gap="small")
    tabs_place = tools.container(width="content", key="status_tabs")
    with row, st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
        layout = st.segmented_control(
            "View",
            list(PER_PAGE),
            default="Cards",
            required=True,
            key="layout",
            label_visibility="collapsed",
            persist_state="session",
        )
        _export_menu(api)
    with tools:
        document_id = _document_filter(documents)
        sort = _choice("Sort", "sort", list(get_args(FaqSort)), SORTS)
        q = st.text_input(
            "Search",
            st.query_params.get("q", ""),
            type="search",
            key="faq_search",
            placeholder="Search",
            icon=":material/search:",
            persist_state="session",
            label_visibility="collapsed",
        )
    _remember("q", q or "")
    counts = load("counts", lambda: api.faq_counts(document_id=document_id, q=q or ""))
    with tabs_place:
        tab = _tabs(counts)
    status = None if tab == "all" else FaqStatus(tab)
    return Filters(status, document_id, q or "", sort), layout or "Cards", counts


def _tabs(counts: FaqCounts | None) -> Tab:
    def label(tab: Tab) -> str:
        return (
            TABS[tab]
            if counts is None
            else f"{TABS[tab]} · {_total(counts, None if tab == 'all' else FaqStatus(tab)):,}"
        )

    asked = st.query_params.get("status", "draft")
    default: Tab = next((tab for tab in TABS if tab == asked), "draft")
    tab = st.segmented_control(
        "Status",
        list(TABS),
        default=default,
        format_func=label,
        required=True,
        key="status_tab",
        wrap=False,
        label_visibility="collapsed",
        persist_state="session",
    )
    _remember("status", "" if tab in (None, "draft") else str(tab))
    return tab or "draft"


def _document_filter(documents: Sequence[Document]) -> UUID | None:
    names = {document.id: document.name for document in documents}
    options: list[UUID | Literal[""]] = ["", *names]
    asked = state.query_id("document")
    chosen = st.selectbox(
        "Document",
        options,
        index=options.index(asked) if asked is not None and asked in names else 0,
        format_func=lambda option: names[option] if option else "All documents",
        key=f"document_filter_{asked}",
        label_visibility="collapsed",
        width=170,
    )
    _remember("document", str(chosen))
    return chosen or None


def _choice(label: str, name: str, options: list[FaqSort], words: dict[FaqSort, str]) -> FaqSort:
    asked = st.query_params.get(name, "")
    index = next((at for at, option in enumerate(options) if option == asked), 0)
    chosen = st.selectbox(
        label,
        options,
        index=index,
        format_func=words.__getitem__,
        key=f"faq_{name}",
        label_visibility="collapsed",
        width=165,
    )
    _remember(name, chosen if chosen != options[0] else "")
    return chosen


def _remember(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def _total(counts: FaqCounts | None, status: FaqStatus | None) -> int:
    if counts is None:
        return 0
    by_status = {
        FaqStatus.DRAFT: counts.draft,
        FaqStatus.APPROVED: counts.approved,
        FaqStatus.REJECTED: counts.rejected,
    }
    return sum(by_status.values()) if status is None else by_status[status]


def _export_menu(api: Api) -> None:
    with st.popover("Export", icon=":material/download:", key="export"):
        st.markdown(":gray[The approved FAQs]")
        for label, name, suffix, mime in [
            ("JSON Lines", "json", "jsonl", "application/x-ndjson"),
            ("CSV", "csv", "csv", "text/csv"),
            ("Markdown", "markdown", "md", "text/markdown"),
        ]:
            st.download_button(
                label,
                partial(api.export_faqs, name, status=FaqStatus.APPROVED),
                file_name=f"faqs.{suffix}",
                mime=mime,
                key=f"export_{name}",
                on_click="ignore",
                width="stretch",
            )


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
            _confident_button(reviewer, filters)
        _steps(len(ids))


def _bulk_decisions(picked: list[UUID], reviewer: Reviewer) -> None:
    if not picked:
        return
    st.markdown(selected_text(len(picked)), width="content")
    st.button("Approve", key="bulk_approve", icon=":material/check:", on_click=reviewer.approve, args=(picked,))
    st.button("Reject", key="bulk_reject", icon=":material/close:", on_click=reviewer.reject, args=(picked,))


def _confident_button(reviewer: Reviewer, filters: Filters) -> None:
    st.button(
        "Approve all confident",
        key="approve_confident",
        icon=":material/done_all:",
        help="Approves every draft of this filter at 80 % and above, on all pages. Undo takes it back.",
        on_click=reviewer.approve_confident,
        args=(filters,),
    )


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
            _confident_button(reviewer, filters)


# --- the ends ----------------------------------------------------------------
def _nothing(filters: Filters, counts: FaqCounts | None) -> None:
    if filters.q or filters.document_id:
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


def _pager(shown: int, per_page: int, following: str | None, total: int) -> None:
    view = state.faq()
    if not view.cursors and following is None:
        return
    first = len(view.cursors) * per_page + 1
    st.markdown(f":gray[{first:,} to {first + shown - 1:,} of {total:,}]" if shown else "", text_alignment="center")
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
