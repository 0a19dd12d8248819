"""Home: what waits, how much there is, how the parts are, and the next step for a newcomer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from contracts.collections import CollectionHealth
from contracts.jobs import JobKind
from contracts.system import ComponentStatus, DayCount, DiskUse, Overview
from frontend.components.badges import HEALTH, badge
from frontend.components.notices import load
from frontend.components.words import plural, size_text
from frontend.layout import Frame, card_title, current_readiness, section
from frontend.safe_text import plain, told
from frontend.views.contests import waiting_votes
from frontend.views.uploads import load_samples

FAQ_PAGE: Final = "pages/1_FAQ_Extraction.py"
CHAT_PAGE: Final = "pages/2_Chat.py"
SETTINGS_PAGE: Final = "pages/9_Settings.py"
UNANSWERED: Final = 50
TUNE_PAGE: Final = "pages/3_Fine-tune.py"
COMPARE_PAGE: Final = "pages/4_Compare.py"
ON_PAGE: Final[Mapping[JobKind, tuple[str, str, str]]] = {
    "extract_document": (FAQ_PAGE, "faqs.read", ""),
    "draft_document": (FAQ_PAGE, "faqs.read", ""),
    "make_dataset": (TUNE_PAGE, "models.read", "datasets"),
    "finetune": (TUNE_PAGE, "models.read", "train"),
    "compare": (COMPARE_PAGE, "comparisons.read", "batches"),
}
"""The page of a kind of job, the permission to open it, and the view there."""
RUNNING: Final[dict[JobKind, tuple[str, str]]] = {
    "extract_document": ("document being read", "Progress, time left and cancel are on the page."),
    "draft_document": ("document being drafted from", "A model drafts questions; progress and cancel are on the page."),
    "sync_collection": ("update of the answers running", "Chat uses what was approved as soon as it is done."),
    "ingest": ("ingestion running", "FAQs that another program sent are being taken in."),
    "fetch_model": ("search model being fetched", "Progress is under Settings."),
    "make_dataset": ("dataset being made", "Approved FAQs become rows to train on and to ask about."),
    "finetune": ("model being trained", "Curves, time left and cancel are on the page."),
    "compare": ("batch being compared", "Every question of a dataset goes to all targets; progress is on the page."),
    "switch_model": ("collection being embedded anew", "It answers as before until that is done."),
}


def render(frame: Frame) -> None:
    overview = load("overview", frame.api.overview)
    if overview is None:
        return
    total = overview.faqs.draft + overview.faqs.approved + overview.faqs.rejected
    is_new = not overview.documents and not total
    if is_new or not overview.faqs.approved or not _ever_answered(overview):
        _first_steps(frame, overview, is_new=is_new)
    away = _unavailable(frame)
    if not is_new:
        _waiting(frame, overview, away)
    _figures(overview)
    left, right = st.columns([3, 2], gap="small")
    with left:
        _answers_chart(overview)
        _disk(overview.disk)
    with right:
        _health(frame, away)


def _ever_answered(overview: Overview) -> bool:
    return any(day.count for day in (*overview.answers_by_day, *overview.unanswered_by_day))


# --- the first loop ----------------------------------------------------------
def _first_steps(frame: Frame, overview: Overview, *, is_new: bool) -> None:
    done = [bool(overview.documents), bool(overview.faqs.approved), _ever_answered(overview)]
    current = done.index(False)
    with st.container(border=True, key="first_steps", gap="small"):
        card_title("Three steps to the first answer", key="steps")
        steps = [
            ("Upload", "Add a handbook, a price list, your support articles."),
            ("Review", "Approve the drafted questions that you trust."),
            ("Ask", "Ask what a customer would ask, and open the passage behind the answer."),
        ]
        with st.grid(3, min_column_width=220, gap="medium"):
            for at, (title, text) in enumerate(steps):
                _step(at, title, text, is_done=done[at], is_current=at == current)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            _next_step(frame, current, is_new=is_new)


def _step(at: int, title: str, text: str, *, is_done: bool, is_current: bool) -> None:
    icon = (
        ":green[:material/check_circle:]"
        if is_done
        else f":primary[:material/counter_{at + 1}:]"
        if is_current
        else f":gray[:material/counter_{at + 1}:]"
    )
    word = " :small[:green[done]]" if is_done else " :small[:primary[next]]" if is_current else ""
    st.markdown(f"{icon} **{title}**{word}  \n:gray[{text}]")


def _next_step(frame: Frame, current: int, *, is_new: bool) -> None:
    if current == 0 and frame.can("documents.write"):
        if is_new and st.button(
            "Load the sample handbook", type="primary", icon=":material/menu_book:", key="load_sample"
        ):
            if load_samples(frame.api):
                st.switch_page(FAQ_PAGE)
            st.rerun()
        st.page_link(FAQ_PAGE, label="Upload my own documents", icon=":material/upload_file:")
    elif current == 1 and frame.can("faqs.review"):
        if st.button("Review the drafts", type="primary", icon=":material/fact_check:", key="go_review"):
            st.switch_page(FAQ_PAGE)
    elif (
        current == 2
        and frame.can("chat")
        and st.button("Ask a question", type="primary", icon=":material/forum:", key="go_chat")
    ):
        st.switch_page(CHAT_PAGE)


# --- what waits --------------------------------------------------------------
def _waiting(frame: Frame, overview: Overview, away: Sequence[str]) -> None:
    cards = [*_running(frame, overview), *_failed(frame, overview, away), *_to_do(frame, overview)]
    section("Waits for you", key="waiting")
    if not cards:
        st.markdown(f":green[:material/task_alt:] {_nothing(frame)}")
        return
    with st.grid(3, min_column_width=260, gap="small", key="waiting_cards"):
        for at, card in enumerate(cards):
            _card(at, card)


@dataclass(frozen=True)
class Card:
    """Something that waits. It leads to `page` where the person may open that; with none it only says so."""

    icon: str
    title: str
    text: str
    page: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


def _running(frame: Frame, overview: Overview) -> list[Card]:
    """Each kind of job by its name; the page that shows it is linked for whom may open that."""
    if not overview.running_jobs:
        return []
    if not frame.can("jobs.read"):
        return [
            Card("progress_activity", f"{plural(overview.running_jobs, 'job')} running", "They go on by themselves.")
        ]
    cards = []
    for kind, (one, text) in RUNNING.items():
        counts = load(f"running_{kind}", partial(frame.api.job_counts, kind=kind))
        if counts is None or not counts.unfinished:
            continue
        page, needs, view = ON_PAGE.get(kind, ("", "", ""))
        title = plural(counts.unfinished, one, one.replace(" ", "s ", 1))
        if not page or frame.can(needs):
            cards.append(Card("progress_activity", title, text, page, {"view": view} if view else {}))
        else:
            cards.append(Card("progress_activity", title, ""))
    return cards


def _failed(frame: Frame, overview: Overview, away: Sequence[str]) -> list[Card]:
    text = "Its search model is not available. Why, and what to do, is under Settings."
    cards = [Card("error", f"The collection {plain(name)} cannot be asked", text, SETTINGS_PAGE) for name in away]
    if overview.failed_documents:
        page = FAQ_PAGE if frame.can("faqs.read") else ""
        text = "See what went wrong and try again." if page else "The reason is in `GET /jobs?status=failed`."
        title = f"{plural(overview.failed_documents, 'document')} failed"
        cards.append(Card("error", title, text, page, {"view": "documents"}))
    failed_updates = overview.failed_jobs - overview.failed_documents
    if failed_updates:
        text = "Chat may lack its changes. The reason is in `GET /jobs?status=failed`."
        cards.append(Card("sync_problem", f"{plural(failed_updates, 'update')} of the answers failed", text))
    return cards


def _unavailable(frame: Frame) -> list[str]:
    """The names of the collections that cannot be asked."""
    if not frame.can("collections.read"):
        return []
    page = load("collections", frame.api.collections)
    return [one.name for one in page.items if one.health is CollectionHealth.UNAVAILABLE] if page is not None else []


def _to_do(frame: Frame, overview: Overview) -> list[Card]:
    cards = []
    if overview.faqs.draft and frame.can("faqs.read"):
        text = "Approve, edit or reject what was drafted."
        cards.append(Card("fact_check", f"{plural(overview.faqs.draft, 'draft')} to review", text, FAQ_PAGE))
    if frame.can("faqs.review"):
        page = load("unanswered", partial(frame.api.unanswered, limit=UNANSWERED))
        missing = sum(item.faq_id is None for item in page.items) if page is not None else 0
        if missing:
            count = plural(missing, "question") if page is None or page.next_cursor is None else f"{missing}+ questions"
            text = "Write what was missing, or add a document that says it."
            title = f"{count} without an answer"
            cards.append(Card("live_help", title, text, FAQ_PAGE, {"view": "unanswered"}))
    return [*cards, *_to_vote(frame)]


def _to_vote(frame: Frame) -> list[Card]:
    """Undecided contests with answers that this person may vote on."""
    if not (frame.can("comparisons.read") and frame.can("vote")):
        return []
    page = load("contests", frame.api.contests)
    undecided = [one for one in page.items if not (one.closed or one.verdict.decided)] if page is not None else []
    waiting = waiting_votes(frame) if undecided else Counter()
    open_ = [one for one in undecided if waiting[one.id]]
    if not open_:
        return []
    votes = plural(sum(waiting[one.id] for one in open_), "question waits", "questions wait")
    query = {"view": "votes"} | ({"contest": str(open_[0].id)} if len(open_) == 1 else {})
    title = plural(len(open_), "undecided comparison")
    return [Card("how_to_vote", title, f"{votes} for your vote.", COMPARE_PAGE, query)]


def _nothing(frame: Frame) -> str:
    """Says only what this person may know."""
    jobs = "No job is running and none has failed."
    return f"Nothing: every draft is reviewed. {jobs}" if frame.can("faqs.read") else jobs


def _card(at: int, card: Card) -> None:
    with st.container(border=True, key=f"waits_{at}", gap="xsmall", height="stretch"):
        st.markdown(f":material/{card.icon}: **{card.title}**" + (f"  \n:gray[{card.text}]" if card.text else ""))
        if card.page:
            st.page_link(
                card.page,
                label="Open",
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params=dict(card.query),
            )


# --- figures -----------------------------------------------------------------
def _figures(overview: Overview) -> None:
    """Four figures; their charts are drawn for all or, where nothing happened yet, for none."""
    section("At a glance", key="figures")
    series = [overview.approved_by_day, overview.documents_by_day, overview.answers_by_day]
    drawn = any(day.count for days in series for day in days)
    share = f"{overview.answered_today / overview.answers_today:.0%}" if overview.answers_today else "–"
    with st.grid(4, min_column_width=160, gap="small", key="figures"):
        _figure("Approved FAQs", f"{overview.faqs.approved:,}", overview.approved_by_day, drawn=drawn)
        _figure("Documents", f"{overview.documents:,}", overview.documents_by_day, drawn=drawn)
        _figure("Questions today", f"{overview.answers_today:,}", overview.answers_by_day, drawn=drawn)
        _figure("Answered today", share, overview.unanswered_by_day, drawn=drawn, unanswered=True)


def _figure(label: str, value: str, days: Sequence[DayCount], *, drawn: bool, unanswered: bool = False) -> None:
    week = sum(day.count for day in days[-7:])
    st.metric(
        label,
        value,
        f"{week:,} unanswered" if unanswered else f"{week:,} this week",
        delta_color="gray" if not week else "orange" if unanswered else "green",
        delta_arrow="off",
        border=True,
        chart_data=[day.count for day in days] if drawn else None,
        chart_type="area",
        help="Below: the questions of the last seven days that had no answer." if unanswered else None,
    )


def _answers_chart(overview: Overview) -> None:
    with st.container(border=True, key="answers_chart"):
        days = len(overview.answers_by_day)
        card_title(f"Questions, last {plural(days, 'day')}", key="chart")
        if not _ever_answered(overview):
            st.markdown(
                ":gray[The questions of each day, answered and not answered, are drawn here once somebody asks.]"
            )
            return
        unanswered = {day.day: day.count for day in overview.unanswered_by_day}
        rows = [
            {"Day": day.day, "Outcome": outcome, "Questions": count}
            for day in overview.answers_by_day
            for outcome, count in (
                ("Answered", day.count - unanswered.get(day.day, 0)),
                ("Not answered", unanswered.get(day.day, 0)),
            )
        ]
        asked = sum(day.count for day in overview.answers_by_day)
        chart = (
            alt.Chart(pd.DataFrame(rows))
            .mark_bar()
            .encode(
                x=alt.X(
                    "yearmonthdate(Day):O", title=None, axis=alt.Axis(format="%d %b", labelAngle=0, labelOverlap=True)
                ),
                y=alt.Y("sum(Questions):Q", title=None, axis=alt.Axis(tickMinStep=1, format="d")),
                color=alt.Color("Outcome:N", legend=alt.Legend(orient="top", title=None)),
                tooltip=["Day:T", "Outcome:N", "Questions:Q"],
            )
        )
        st.altair_chart(
            chart, height=240, alt=f"Questions a day: {asked} in {days} days, {sum(unanswered.values())} not answered"
        )


# --- the installation --------------------------------------------------------
def _health(frame: Frame, away: Sequence[str]) -> None:
    readiness = current_readiness(frame.api)
    if readiness is None:
        return
    with st.container(border=True, key="health", gap="small"):
        card_title("System health", key="health")
        for part in readiness.components:
            with st.container(horizontal=True, vertical_alignment="top", key=f"part_{part.name}", wrap=False):
                detail = f"  \n:small[:gray[{told(part.detail)}]]" if part.detail else ""
                st.markdown(f"{plain(part.label)}{detail}", width="stretch")
                badge(HEALTH[part.status])
        for at, name in enumerate(away):
            with st.container(horizontal=True, vertical_alignment="top", key=f"away_{at}", wrap=False):
                st.markdown(f"Collection {plain(name)}  \n:small[:gray[its search model is not available]]")
                badge(HEALTH[ComponentStatus.DOWN])


def _disk(disk: DiskUse) -> None:
    with st.container(border=True, key="disk", gap="small"):
        card_title("Disk", key="disk")
        used = disk.database + disk.files
        st.markdown(
            f"AI Nexus uses **{size_text(used)}**: {size_text(disk.files)} of documents, "
            f"{size_text(disk.database)} of database."
        )
        taken = (disk.total - disk.free) / disk.total if disk.total else 0.0
        st.progress(min(max(taken, 0.0), 1.0), text=f"{size_text(disk.free)} of {size_text(disk.total)} free")
