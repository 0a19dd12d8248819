"""One batch: how far it is, then what was measured, question by question, and what the judge says."""

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from contracts.batches import BatchDetail, BatchResults, Difference
from contracts.jobs import JobStatus
from frontend.api_client import Api
from frontend.components.badges import JOB_STATUS
from frontend.components.batch_figures import (
    cost_metrics,
    latency_chart,
    metric_duels,
    metric_meanings,
    metric_table,
)
from frontend.components.batch_jobs import follow_batch
from frontend.components.comparing import go, names_of, open_comparison, versus
from frontend.components.notices import load
from frontend.components.tuning_jobs import ended_row
from frontend.components.verdict import duel_table, verdict_headline
from frontend.components.words import plural
from frontend.layout import Frame, card_title, titled
from frontend.safe_text import plain
from frontend.views.batches import batch_facts
from frontend.views.promotion import MOST_REASON, promotion

FORMS: Final[dict[Literal["csv", "jsonl"], tuple[str, str]]] = {
    "csv": ("CSV, for a spreadsheet", "text/csv"),
    "jsonl": ("JSON lines, for programs", "application/x-ndjson"),
}
DIFFERENCES: Final = 10


def batch_detail(frame: Frame, batch_id: UUID) -> None:
    st.button(
        "All batches", key="all_batches", type="tertiary", icon=":material/arrow_back:", on_click=go, args=("batches",)
    )
    batch = load("batch", lambda: frame.api.batch(batch_id))
    if batch is None:
        return
    with frame.actions:
        _actions(frame, batch)
    titled(plain(versus(batch.contestants)), [JOB_STATUS[batch.job.status]], key="batch")
    st.markdown(f":small[:gray[{batch_facts(batch)}]]")
    if not batch.job.status.is_final:
        follow_batch(frame.api, batch.job, may_control=frame.can("jobs.control"))
    elif batch.job.status is not JobStatus.SUCCEEDED:
        ended_row(frame.api, batch.job, may_control=frame.can("jobs.control"))
    elif batch.results is not None:
        batch_results(frame.api, batch, batch.results)
        contest = load("contest_of_batch", lambda: frame.api.contest(batch.contest_id))
        if contest is not None:
            promotion(frame, contest, evidence=_evidence(batch, batch.results))


def _evidence(batch: BatchDetail, results: BatchResults) -> str:
    """What the batch shows, as a reason to promote in spite of votes that do not say so."""
    shown = [duel.text for duel in results.duels if duel.low is not None and duel.high is not None]
    asked = plural(batch.questions + batch.off_topic, "question")
    return f"A batch of {asked}: {'; '.join(shown)}"[:MOST_REASON] if shown else ""


def _actions(frame: Frame, batch: BatchDetail) -> None:
    if batch.job.status.is_final and frame.can("comparisons.write"):  # it tells who is who
        _downloads(frame.api, batch)
    st.button(
        "What the votes say",
        key="contest_of_batch",
        icon=":material/how_to_vote:",
        on_click=go,
        args=("votes", batch.contest_id),
    )


def _downloads(api: Api, batch: BatchDetail) -> None:
    with st.popover("Export", icon=":material/download:", key="batch_downloads"):
        st.markdown(":small[A line for each question and answer, with every value: enough to count each figure again.]")
        for form, (label, mime) in FORMS.items():
            st.download_button(
                label,
                partial(api.export_batch, batch.id, form),
                file_name=f"batch-{batch.id}.{form}",
                mime=mime,
                key=f"download_{form}",
                on_click="ignore",
                width="stretch",
            )


# --- results ---------------------------------------------------------------------
def batch_results(api: Api, batch: BatchDetail, results: BatchResults) -> None:
    names = names_of(batch.contestants)
    words = load("metric_words", api.metric_words)
    if words is None:
        return
    with st.container(border=True, key="batch_measured", gap="small"):
        card_title("What was measured", key="batch_measured")
        metric_table(results, words, names)
        _failures(results, names)
        metric_meanings(words)
    with st.grid(2, min_column_width=300, gap="small"):
        with st.container(border=True, key="batch_latencies", gap="xsmall", height="stretch"):
            card_title("How long answers took", key="batch_latencies")
            st.markdown(":small[:gray[The share of answers that were there after so many seconds.]]")
            latency_chart(results.latencies, names)
        with st.container(border=True, key="batch_cost", gap="small", height="stretch"):
            card_title("Cost of 1,000 questions", key="batch_cost")
            cost_metrics(results, names)
            st.caption("By the prices of the models; not known where one of them is not.")
    if results.duels:
        with st.container(border=True, key="batch_duels", gap="small"):
            card_title("Question by question", key="batch_duels")
            metric_duels(results.duels, words, names)
    _differences(batch, results)
    _judged(results, names)


def _failures(results: BatchResults, names: Mapping[str, str]) -> None:
    failed = {key: count for key, count in results.failures.items() if count}
    for key, count in failed.items():
        text = (
            f"{plain(names.get(key, key))} gave no answer to {plural(count, 'question')}. The export has the reasons."
        )
        st.warning(text, icon=":material/warning:")


def _differences(batch: BatchDetail, results: BatchResults) -> None:
    if not results.differences:
        return
    with st.container(border=True, key="batch_differences", gap="xsmall"):
        card_title("Where they differ most", key="batch_differences")
        st.markdown(":small[:gray[Read these first: open one to see the answers side by side, and to vote.]]")
        for difference in results.differences[:DIFFERENCES]:
            _difference(batch, difference)


def _difference(batch: BatchDetail, difference: Difference) -> None:
    st.button(
        plain(difference.question),
        key=f"open_difference_{difference.comparison_id}",
        type="tertiary",
        icon=":material/compare:",
        wrap=True,
        on_click=partial(open_comparison, difference.comparison_id, contest_id=batch.contest_id),
    )


def _judged(results: BatchResults, names: Mapping[str, str]) -> None:
    """What a model says stands by itself: it is no vote."""
    if results.judged is None:
        return
    with st.container(border=True, key="batch_judged", gap="small"):
        card_title("What the judge says", key="batch_judged")
        st.markdown(
            ":small[:gray[A model's decisions, each pair of answers read in both orders. They count in no verdict of "
            "people.]]"
        )
        verdict_headline(results.judged, of="question")
        duel_table(results.judged, names, key="judged")
        if results.judge_failures:
            pairs = plural(results.judge_failures, "pair")
            st.caption(f"Of {pairs} it said nothing that could be read.")
        if results.judge_usage is not None:
            tokens = results.judge_usage.input_tokens + results.judge_usage.output_tokens
            st.caption(f"Its sayings took {tokens:,} tokens.")
