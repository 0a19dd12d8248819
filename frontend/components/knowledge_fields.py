"""Fields of a new agent's form: what it is to know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from contracts.collections import Collection
from contracts.documents import Document, DocumentStatus
from contracts.faqs import Faq, FaqStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.agent_fields import Known, collection_fields
from frontend.components.notices import load
from frontend.components.words import distinct, document_title, plural

Source = Literal["chosen", "collection"]
SOURCES: Final[dict[Source, str]] = {
    "chosen": "Documents and FAQs chosen here",
    "collection": "A collection that is there",
}
CAPTIONS: Final = (
    "They go into a collection of the agent's own, which takes a moment.",
    "It answers at once from what is in it, and from what comes to it.",
)
OFFERED: Final = 200
"""FAQs that can be chosen one by one."""
PAGE: Final = 200


@dataclass(frozen=True)
class Knowledge:
    """What was chosen: documents and approved FAQs, or the fields of collections that are there."""

    documents: list[UUID] = field(default_factory=list)
    faqs: list[UUID] = field(default_factory=list)
    all_faqs: bool = False
    collections: dict[str, object] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.documents or self.faqs or self.all_faqs or self.collections)


def knowledge_fields(api: Api, known: Known, collections: Sequence[Collection]) -> Knowledge | None:
    """None where it cannot be offered, after saying why."""
    documents = load("documents", api.all_documents)
    counts = load("faq_counts", api.faq_counts)
    if documents is None or counts is None:
        return None
    ready = [one for one in documents if one.status is DocumentStatus.READY]
    source: Source = st.radio(
        "Answers from",
        list(SOURCES),
        index=0 if ready or counts.approved else 1,
        format_func=SOURCES.__getitem__,
        captions=CAPTIONS,
        key=state.form_key("smart_source"),
        label_visibility="collapsed",
    )
    if source == "collection":
        return Knowledge(collections=collection_fields(known, collections))
    if not ready and not counts.approved:
        st.markdown(":gray[There is no document yet and no approved FAQ: both come in under FAQ extraction.]")
        return Knowledge()
    chosen = _documents(ready)
    has_all = bool(counts.approved) and st.checkbox(
        f"All {plural(counts.approved, 'approved FAQ')}", value=True, key=state.form_key("smart_all_faqs")
    )
    faqs = _faqs(api, counts.approved) if counts.approved and not has_all else []
    return Knowledge(chosen, faqs, has_all)


def _documents(ready: Sequence[Document]) -> list[UUID]:
    labels = distinct({one.id: document_title(one) for one in ready})
    return st.multiselect(
        "Documents",
        list(labels),
        default=[one for one in state.smart().chosen if one in labels],
        format_func=labels.__getitem__,
        key=state.form_key("smart_documents"),
        placeholder="Choose documents" if labels else "No document is read yet",
    )


def _faqs(api: Api, count: int) -> list[UUID]:
    page = load("approved", lambda: api.faqs(status=FaqStatus.APPROVED, sort="confidence", limit=OFFERED))
    labels = distinct({one.id: one.question for one in page.items}) if page is not None else {}
    chosen = st.multiselect(
        "Approved FAQs",
        list(labels),
        format_func=labels.__getitem__,
        key=state.form_key("smart_faqs"),
        placeholder="Choose questions",
    )
    if count > OFFERED:
        st.caption(f"The {OFFERED} surest of {count:,} are offered; all of them can be taken together.")
    return chosen


def approved_ids(api: Api) -> list[UUID]:
    """Of every approved FAQ. Raises `ApiError`."""
    found: list[Faq] = []
    cursor: str | None = None
    while True:
        page = api.faqs(status=FaqStatus.APPROVED, limit=PAGE, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return [one.id for one in found]
