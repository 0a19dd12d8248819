"""The documents of the workspace: what became of each, and deleting one."""

from collections.abc import Sequence
from functools import partial
from typing import Final, get_args
from uuid import UUID

import streamlit as st

from contracts.documents import Document, DocumentSort, DocumentStatus, FaqsOnDelete
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.badges import DOCUMENT_STATUS, badge
from frontend.components.jobs import retry
from frontend.components.notices import act, empty_state, load, show_problem
from frontend.components.words import ago, plural, sentence, size_text
from frontend.safe_text import plain, told
from frontend.views.drafting_dialog import open_drafting

PER_PAGE: Final = 20
SORTS: Final[dict[DocumentSort, str]] = {"newest": "Newest", "name": "Name"}
CHOICES: Final[dict[FaqsOnDelete, str]] = {
    "keep": "Keep its approved FAQs",
    "delete": "Delete all its FAQs",
}
CAPTIONS: Final[dict[FaqsOnDelete, str]] = {
    "keep": "They go on answering, with their quote alone. Drafts and rejected ones are deleted.",
    "delete": "Also those that were approved: they no longer answer.",
}


def document_list(api: Api, documents: Sequence[Document], *, may_write: bool, may_retry: bool) -> None:
    if not documents:
        empty_state("folder_open", "No documents yet", "What you upload is listed here.", key="documents")
        return
    found = _found(api, documents)
    if found is None:
        return
    if not found:
        empty_state("search_off", "Nothing matches", "No document has these words in its name or title.", key="found")
        return
    view = state.faq()
    doomed = next((document for document in documents if document.id == view.deleting), None)
    documents = found
    pages = -(-len(documents) // PER_PAGE)
    at = min(int(st.session_state.get("documents_page", 1)), pages)
    for document in documents[(at - 1) * PER_PAGE : at * PER_PAGE]:
        _row(api, document, may_write=may_write, may_retry=may_retry)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="documents_page")
    if doomed is not None:
        _delete_dialog(api, doomed)


def _found(api: Api, documents: Sequence[Document]) -> Sequence[Document] | None:
    """What the search and the order leave; all of `documents`, newest first, without either."""
    with st.container(key="document_tools", horizontal=True, vertical_alignment="center", gap="small"):
        sort = st.selectbox(
            "Sort",
            list(SORTS),
            format_func=SORTS.__getitem__,
            key="documents_sort",
            label_visibility="collapsed",
            width=150,
        )
        q = st.text_input(
            "Search documents",
            type="search",
            key="documents_search",
            placeholder="Search by name or title",
            icon=":material/search:",
            label_visibility="collapsed",
        )
    found = load("documents_found", lambda: api.all_documents(q=q)) if q else documents
    if found is None or sort != "name":
        return found
    return sorted(found, key=lambda document: document.name.casefold())


def _heading(document: Document) -> str:
    if not document.title or document.title == document.name:
        return f"**{plain(document.name)}**"
    return f"**{plain(document.title)}** :gray[— {plain(document.name)}]"


def _row(api: Api, document: Document, *, may_write: bool, may_retry: bool) -> None:
    with st.container(border=True, key=f"document_{document.id}", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(_heading(document), width="content")
            badge(DOCUMENT_STATUS[document.status])
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f":small[:gray[{_facts(document)}]]", width="content")
            with st.container(horizontal=True, width="content", gap="small"):
                _buttons(api, document, may_write=may_write, may_retry=may_retry)
        if document.status is DocumentStatus.FAILED and document.job_id is not None:
            _reason(api, document.job_id)


def _facts(document: Document) -> str:
    parts = [size_text(document.size)]
    if document.pages:
        parts.append(plural(document.pages, "page"))
    if document.status is DocumentStatus.READY:
        parts += [plural(document.sections, "section"), plural(document.words, "word"), plural(document.faqs, "FAQ")]
    return " · ".join([*parts, f"added {ago(document.created_at)}"])


def _buttons(api: Api, document: Document, *, may_write: bool, may_retry: bool) -> None:
    key = document.id
    if document.status is DocumentStatus.READY and document.faqs:
        st.button(
            "Review", key=f"review_{key}", type="tertiary", icon=":material/fact_check:", on_click=_review, args=(key,)
        )
    if document.status in (DocumentStatus.FAILED, DocumentStatus.CANCELLED) and may_retry and document.job_id:
        st.button(
            "Retry",
            key=f"again_{key}",
            type="tertiary",
            icon=":material/refresh:",
            on_click=_retry,
            args=(api, document.job_id),
        )
    if document.status is DocumentStatus.READY and may_write:
        st.button(
            "Draft with a model",
            key=f"draft_{key}",
            type="tertiary",
            icon=":material/smart_toy:",
            on_click=open_drafting,
            args=(key,),
        )
    if may_write:
        st.button("Delete", key=f"delete_{key}", type="tertiary", icon=":material/delete:", on_click=_ask, args=(key,))


def _reason(api: Api, job_id: UUID) -> None:
    job = load(f"reason_{job_id}", partial(api.job, job_id))
    if job is not None and job.error is not None:
        st.markdown(f":red[:material/error:] {plain(job.error.title)}. {told(sentence(job.error.detail))}")


def _review(document_id: UUID) -> None:
    st.query_params["document"] = str(document_id)
    st.session_state["faq_view"] = "review"


def _retry(api: Api, job_id: UUID) -> None:
    act(lambda: retry(api, job_id))


def _ask(document_id: UUID) -> None:
    state.faq().deleting = document_id


def _close() -> None:
    state.faq().deleting = None


@st.dialog("Delete document", icon=":material/delete:", on_dismiss=_close)
def _delete_dialog(api: Api, document: Document) -> None:
    st.markdown(f"**{plain(document.name)}** and its passages are deleted. This cannot be undone.")
    faqs: FaqsOnDelete = "keep"
    if document.faqs:
        faqs = st.radio(
            f"What about its {plural(document.faqs, 'FAQ')}?",
            list(get_args(FaqsOnDelete)),
            format_func=CHOICES.__getitem__,
            captions=list(CAPTIONS.values()),
        )
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="delete_cancel")
        confirmed = st.button("Delete document", key="delete_confirm", type="primary", icon=":material/delete:")
    if cancelled:
        _close()
        st.rerun()
    if confirmed:
        _delete(api, document, faqs)


def _delete(api: Api, document: Document, faqs: FaqsOnDelete) -> None:
    try:
        api.delete_document(document.id, faqs=faqs)
    except ApiError as error:
        show_problem(error, key="delete", inline=True)
        return
    state.session().flash = state.Flash(f"{plain(document.name)} deleted")
    _close()
    st.rerun()
