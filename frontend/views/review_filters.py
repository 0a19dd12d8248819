"""What the review shows of all FAQs: status, document, confidence, order and words; and the export of them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Literal, TypeVar
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.documents import Document
from contracts.faqs import FaqCounts, FaqSort, FaqStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.notices import load
from frontend.components.reviewer import BOUNDS, Filters, Sure
from frontend.components.words import distinct, document_title

Tab = Literal["draft", "approved", "rejected", "all"]
TABS: Final[dict[Tab, str]] = {"draft": "To review", "approved": "Approved", "rejected": "Rejected", "all": "All"}
SORTS: Final[dict[FaqSort, str]] = {
    "confidence": "Most confident",
    "document": "Document order",
    "newest": "Newest",
}
SURE: Final[dict[Sure, str]] = {
    "": "Any confidence",
    "confident": "Confident: from 80 %",
    "check": "To check: 50 to 80 %",
    "unsure": "Unsure: below 50 %",
}
Option = TypeVar("Option", bound=str)
PER_PAGE: Final = {"Cards": 10, "Table": 50}


def toolbar(
    api: Api, documents: Sequence[Document], row: DeltaGenerator, *, may_review: bool
) -> tuple[Filters, str, FaqCounts | None]:
    tools = st.container(key="review_tools", horizontal=True, vertical_alignment="center", gap="small")
    tabs_place = tools.container(width="content", key="status_tabs")
    with row, st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
        q = st.text_input(
            "Search",
            st.query_params.get("q", ""),
            type="search",
            key="faq_search",
            placeholder="Search",
            icon=":material/search:",
            persist_state="session",
            label_visibility="collapsed",
            width=190,
        )
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
        if may_review:
            st.button("Write a FAQ", key="write_faq", icon=":material/edit_note:", on_click=_write)
    with tools:
        document_id = _document_filter(documents)
        sure = _choice("Confidence", "sure", SURE, width=190)
        sort = _choice("Sort", "sort", SORTS, width=155)
    _remember("q", q or "")
    counts = load("counts", lambda: api.faq_counts(document_id=document_id, q=q or "", confidence=BOUNDS[sure]))
    with tabs_place:
        tab = _tabs(counts)
    status = None if tab == "all" else FaqStatus(tab)
    return Filters(status, document_id, q or "", sort, sure), layout or "Cards", counts


def _tabs(counts: FaqCounts | None) -> Tab:
    def label(tab: Tab) -> str:
        return (
            TABS[tab]
            if counts is None
            else f"{TABS[tab]} · {total(counts, None if tab == 'all' else FaqStatus(tab)):,}"
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
    names = distinct({document.id: document_title(document) for document in documents})
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


def _choice(label: str, name: str, words: Mapping[Option, str], *, width: int) -> Option:
    """The first option is the one that a link need not name."""
    options = list(words)
    asked = st.query_params.get(name, "")
    index = next((at for at, option in enumerate(options) if option == asked), 0)
    chosen = st.selectbox(
        label,
        options,
        index=index,
        format_func=words.__getitem__,
        key=f"faq_{name}",
        label_visibility="collapsed",
        width=width,
    )
    _remember(name, chosen if chosen != options[0] else "")
    return chosen


def _remember(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def total(counts: FaqCounts | None, status: FaqStatus | None) -> int:
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


def _write() -> None:
    state.begin_form()
    state.faq().writing = ""
