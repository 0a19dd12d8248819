"""What the reviewer's buttons do. Every decision can be taken back by the bar above the list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st

from contracts.faqs import CONFIDENT, Faq, FaqAction, FaqStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.notices import act
from frontend.components.words import plural

BATCH = 500


@dataclass(frozen=True)
class Filters:
    """What the list shows."""

    status: FaqStatus | None
    document_id: UUID | None
    q: str
    sort: Literal["document", "confidence", "newest"]


@dataclass(frozen=True)
class Reviewer:
    api: Api
    may_review: bool

    def open(self, faq: Faq, tab: Literal["source", "edit", "history"]) -> None:
        view = state.faq()
        view.opened, view.opened_tab, view.editing = faq.id, tab, None
        view.stale_text, view.similar = None, None

    def open_similar(self, faq: Faq) -> None:
        view = state.faq()
        view.similar, view.opened = faq.group_id, None

    def approve(self, ids: Sequence[UUID]) -> None:
        self._decide(ids, self.api.approve, "approved")

    def reject(self, ids: Sequence[UUID]) -> None:
        self._decide(ids, self.api.reject, "rejected")

    def merge(self, ids: Sequence[UUID], keep: UUID) -> None:
        """Keeps and approves one; the others are rejected. At most `BATCH` ids."""

        def run() -> None:
            action = self.api.merge(ids, keep=keep)
            self._decided([action], f"1 FAQ kept and approved, {len(ids) - 1} rejected")

        act(run)

    def approve_confident(self, filters: Filters) -> None:
        """Every draft of this filter at .8 and above, in as few actions as the API takes."""

        def run() -> None:
            self._apply(self._confident(filters), self.api.approve, "confident drafts approved")

        act(run)

    def undo(self) -> None:
        view = state.faq()
        bar = view.undo
        if bar is None:
            return

        def run() -> None:
            while bar.action_ids:
                self.api.undo(bar.action_ids[-1])
                bar.action_ids.pop()

        if act(run, "Taken back"):
            view.undo = None

    def _decide(self, ids: Sequence[UUID], call: Callable[[Sequence[UUID]], FaqAction], word: str) -> None:
        act(lambda: self._apply(ids, call, word))

    def _apply(self, ids: Sequence[UUID], call: Callable[[Sequence[UUID]], FaqAction], word: str) -> None:
        actions = [call(ids[at : at + BATCH]) for at in range(0, len(ids), BATCH)]
        changed = sum(action.changed for action in actions)
        noun = "" if word.startswith("confident") else " FAQ" if changed == 1 else " FAQs"
        self._decided(actions, f"{changed:,}{noun} {word}")

    def _decided(self, actions: Sequence[FaqAction], text: str) -> None:
        view = state.faq()
        view.round += 1
        view.undo = state.UndoBar([action.action_id for action in actions], text)

    def _confident(self, filters: Filters) -> list[UUID]:
        found: list[UUID] = []
        cursor: str | None = None
        while True:
            page = self.api.faqs(
                status=FaqStatus.DRAFT,
                document_id=filters.document_id,
                q=filters.q,
                sort="confidence",
                limit=200,
                cursor=cursor,
            )
            confident = [faq.id for faq in page.items if faq.confidence >= CONFIDENT]
            found += confident
            cursor = page.next_cursor
            if cursor is None or len(confident) < len(page.items):
                return found


def undo_bar(reviewer: Reviewer) -> None:
    view = state.faq()
    if view.undo is None or not view.undo.action_ids:
        return
    with st.container(key="undo_bar", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f":green[:material/check_circle:] {view.undo.text}", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            st.button("Undo", key="undo", icon=":material/undo:", shortcut="Z", on_click=reviewer.undo)
            st.button("Dismiss", key="undo_dismiss", type="tertiary", on_click=_forget)


def _forget() -> None:
    state.faq().undo = None


def selected_text(count: int) -> str:
    return f"{plural(count, 'FAQ')} selected"
