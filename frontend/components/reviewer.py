"""What the reviewer's buttons do. Every decision can be taken back by the bar above the list."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from contracts.faqs import CONFIDENT, UNSURE, Faq, FaqAction, FaqDecision, FaqSort, FaqStatus
from frontend import state
from frontend.api_client import Api, ApiError, Bounds
from frontend.components.notices import act
from frontend.components.words import ago, plural

BATCH = 500
RESTORED = timedelta(hours=1)
BATCHES_WITHIN = timedelta(minutes=2)
Call = Callable[[], FaqAction]
Sure = Literal["", "confident", "check", "unsure"]
BOUNDS: Final[dict[Sure, Bounds]] = {
    "": (None, None),
    "confident": (CONFIDENT, None),
    "check": (UNSURE, CONFIDENT),
    "unsure": (None, UNSURE),
}


@dataclass(frozen=True)
class Filters:
    """What the list shows."""

    status: FaqStatus | None
    document_id: UUID | None
    q: str
    sort: FaqSort
    sure: Sure = ""


@dataclass(frozen=True)
class Reviewer:
    api: Api
    may_review: bool

    def open(self, faq: Faq, tab: Literal["source", "edit", "history"]) -> None:
        view = state.faq()
        view.opened, view.opened_tab, view.editing = faq.id, tab, None
        view.stale_text, view.similar = None, None
        view.is_rejecting, view.writing = False, None

    def open_similar(self, faq: Faq) -> None:
        view = state.faq()
        view.similar, view.similar_from, view.opened = faq.group_id, faq.id, None
        view.is_rejecting, view.writing = False, None

    def approve(self, ids: Sequence[UUID]) -> None:
        self._decide(ids, self.api.approve, "approved")

    def reject(self, ids: Sequence[UUID]) -> None:
        self._decide(ids, self.api.reject, "rejected")

    def merge(self, ids: Sequence[UUID], keep: UUID) -> None:
        """Keeps and approves one; the others are rejected, in as few actions as the API takes."""
        others = [faq_id for faq_id in ids if faq_id != keep]

        def merge_first(batch: Sequence[UUID]) -> FaqAction:
            return self.api.merge([keep, *batch], keep=keep)

        def run() -> None:
            first, rest = others[: BATCH - 1], others[BATCH - 1 :]
            calls: list[Call] = [partial(merge_first, first)]
            calls += [partial(self.api.reject, batch) for batch in batched(rest)]
            self._apply(calls, lambda _: f"1 FAQ kept and approved, {len(others):,} rejected")

        act(run)

    def approve_confident(self, filters: Filters) -> None:
        """Every draft of this filter at .8 and above; of those that are alike, the best."""

        def run() -> None:
            drafts = self._drafts(filters, BOUNDS["confident"])
            best = best_of_groups(drafts)
            if not best:
                why = f"All are similar: {_left_alike(len(drafts))}" if drafts else "No draft here is at 80 % or above"
                state.session().flash = state.Flash(why, ":material/info:")
                return
            alike = f"; {_left_alike(len(drafts) - len(best))}" if len(drafts) > len(best) else ""
            self._bulk(best, self.api.approve, lambda count: f"{plural(count, 'confident draft')} approved{alike}")

        act(run)

    def unsure(self, filters: Filters) -> int:
        """How many drafts of this filter are below .5."""
        return self.api.faq_counts(document_id=filters.document_id, q=filters.q, confidence=BOUNDS["unsure"]).draft

    def reject_unsure(self, filters: Filters) -> None:
        """Every draft of this filter below .5."""

        def run() -> None:
            ids = [faq.id for faq in self._drafts(filters, BOUNDS["unsure"])]
            self._bulk(ids, self.api.reject, lambda count: f"{plural(count, 'unsure draft')} rejected")

        act(run)

    def undo(self) -> None:
        view = state.faq()
        bar = view.undo
        if bar is None:
            return

        def run() -> None:
            changed = 0
            while bar.action_ids:
                try:
                    changed += self.api.undo(bar.action_ids[-1]).changed
                except ApiError as error:
                    if error.problem.code != "conflict":  # somebody took it back already
                        raise
                bar.action_ids.pop()
            state.session().flash = (
                state.Flash("Taken back")
                if changed
                else state.Flash("Nothing to take back: all of it was decided again since", ":material/info:")
            )

        if act(run):
            view.undo = None

    def restore_undo(self) -> None:
        """After a refresh: the person's last decision, if it was made within the hour and still stands."""
        view = state.faq()
        if view.is_undo_restored or not self.may_review:
            return
        view.is_undo_restored = True
        with suppress(ApiError):
            last = last_decision(self.api.decisions(), datetime.now(UTC))
            if last and view.undo is None:
                view.undo = state.UndoBar([one.id for one in last], _said(last))

    def _decide(self, ids: Sequence[UUID], call: Callable[[Sequence[UUID]], FaqAction], word: str) -> None:
        act(lambda: self._bulk(ids, call, lambda count: f"{plural(count, 'FAQ')} {word}"))

    def _bulk(
        self, ids: Sequence[UUID], call: Callable[[Sequence[UUID]], FaqAction], text: Callable[[int], str]
    ) -> None:
        self._apply([partial(call, batch) for batch in batched(ids)], text, wanted=len(ids))

    def _apply(self, calls: Sequence[Call], text: Callable[[int], str], *, wanted: int = 0) -> None:
        """One decision in several calls. When one fails, what was done before it can still be taken back."""
        actions: list[FaqAction] = []
        try:
            for call in calls:
                actions.append(call())
        except ApiError:
            if actions:
                changed = sum(action.changed for action in actions)
                of = f" of {wanted:,}" if wanted else ""
                self._decided(actions, f"{changed:,}{of} decided before it failed; the rest is as it was")
            raise
        self._decided(actions, text(sum(action.changed for action in actions)))

    def _decided(self, actions: Sequence[FaqAction], text: str) -> None:
        view = state.faq()
        view.round += 1
        view.undo = state.UndoBar([action.action_id for action in actions], text)

    def _drafts(self, filters: Filters, confidence: Bounds) -> list[Faq]:
        """All of the filter's, in the order of their documents."""
        found: list[Faq] = []
        cursor: str | None = None
        while True:
            page = self.api.faqs(
                status=FaqStatus.DRAFT,
                document_id=filters.document_id,
                q=filters.q,
                confidence=confidence,
                sort="document",
                limit=200,
                cursor=cursor,
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


def batched(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)]


def best_of_groups(drafts: Sequence[Faq]) -> list[UUID]:
    """Those without a group, and the surest of each group, the first where they are equal.

    A group of which a FAQ is approved already is left out: whether another one is needed is for a person to say.
    """
    best: dict[UUID, Faq] = {}
    for faq in drafts:
        if faq.group_approved:
            continue
        held = best.get(faq.group_id or faq.id)
        if held is None or faq.confidence > held.confidence:
            best[faq.group_id or faq.id] = faq
    return [faq.id for faq in best.values()]


def _left_alike(count: int) -> str:
    return f"{count:,} similar {'one' if count == 1 else 'ones'} left for you to compare"


def last_decision(decisions: Sequence[FaqDecision], now: datetime) -> list[FaqDecision]:
    """The actions of the newest decision that stands, oldest first; nothing when it is older than an hour.

    A decision about many FAQs is several actions: those before the last are of the same kind and full.
    """
    standing = [one for one in decisions if one.undone_at is None and one.created_at > now - RESTORED]
    found: list[FaqDecision] = []
    for one in standing:
        is_batch = found and one.count == BATCH and one.kind == found[0].kind
        if found and not (is_batch and found[0].created_at - one.created_at < BATCHES_WITHIN):
            break
        found.insert(0, one)
    return found


def _said(actions: Sequence[FaqDecision]) -> str:
    count = sum(one.count for one in actions)
    return f"{plural(count, 'FAQ')} {actions[-1].kind}, {ago(actions[-1].created_at)}"


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
