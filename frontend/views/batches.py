"""Batches: all questions of a dataset through the same lanes, and the form that begins one."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from contracts.batches import MOST_OFF_TOPIC, Batch, Judge, NewBatch
from contracts.comparisons import Target
from contracts.datasets import Dataset, SplitName
from contracts.jobs import JobStatus
from contracts.page import Page
from contracts.problem import Problem
from contracts.providers import Provider
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.badges import JOB_STATUS, badge
from frontend.components.batch_jobs import follow_batch
from frontend.components.comparing import go, versus
from frontend.components.lane_fields import lane_fields, start_lanes
from frontend.components.notices import empty_state, load, problem_card
from frontend.components.pager import at_cursor, pager
from frontend.components.targets import targets_of
from frontend.components.tuning import SPLITS, dataset_name
from frontend.components.tuning_jobs import ended_row
from frontend.components.words import ago, distinct, plural, provider_words, sentence
from frontend.layout import Frame, card_title, section
from frontend.safe_text import plain

PER_PAGE: Final = 20
TUNE_PAGE: Final = "pages/3_Fine-tune.py"
NO_JUDGE: Final = ""
OFF_TOPIC_HELP: Final = (
    "Questions that your documents do not answer, one a line. A good answer to them is that there is none: how often "
    "each of them says so is measured."
)
JUDGE_HELP: Final = (
    "A model reads each pair of answers, in both orders, and says which is better. What it says is shown apart from "
    "people's votes, and never counted with them. It takes tokens for each question."
)
SPLIT_HELP: Final = "Held-out questions were in no training: only they tell fairly about a model that was trained here."


def batch_view(frame: Frame) -> None:
    cursors = state.compare().batches
    page = at_cursor(cursors, ("batches",), "batches", lambda at: _read(frame, at))
    if page is None:
        return
    may_start = frame.can("comparisons.write") and frame.can("datasets.read")
    if may_start:
        _form(frame)
    elif not page.items:
        empty_state("stacks", "No batch yet", "All questions of a dataset, asked to the same lanes.", key="batches")
    if page.items:
        section("Batches", key="batches")
    for batch in page.items:
        with st.container(border=True, key=f"batch_{batch.id}", gap="xsmall"):
            _card(frame, batch)
    pager(cursors, page, per_page=PER_PAGE, key="batches_pager")


def _read(frame: Frame, cursor: str | None) -> Page[Batch]:
    return frame.api.batches(limit=PER_PAGE, cursor=cursor)


def batch_facts(batch: Batch) -> str:
    parts = [
        f"{plain(batch.dataset_name)}, version {batch.dataset_version}",
        SPLITS[batch.split].lower(),
        plural(batch.questions, "question"),
    ]
    if batch.off_topic:
        parts.append(f"{batch.off_topic:,} off topic")
    return " · ".join([*parts, f"begun {ago(batch.created_at)} by {plain(batch.author)}"])


def _card(frame: Frame, batch: Batch) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(versus(batch.contestants))}**", width="content")
        badge(JOB_STATUS[batch.job.status])
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f":small[:gray[{batch_facts(batch)}]]", width="content")
        st.button(
            "Open",
            key=f"open_batch_{batch.id}",
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=go,
            args=("batches", batch.id),
        )
    if not batch.job.status.is_final:
        follow_batch(frame.api, batch.job, may_control=frame.can("jobs.control"))
    elif batch.job.status is not JobStatus.SUCCEEDED:
        ended_row(frame.api, batch.job, may_control=frame.can("jobs.control"))


# --- the form --------------------------------------------------------------------
def _form(frame: Frame) -> None:
    datasets = load("datasets", frame.api.datasets)
    targets = targets_of(frame)
    if datasets is None or targets is None:
        return
    ready = [one for one in datasets.items if one.content_hash is not None and not one.errors]
    if not ready:
        _make_first()
        return
    start_lanes([key for key in (targets.default, *targets.tuned[:1]) if key], targets)
    with st.container(border=True, key="batch_form", gap="small"):
        card_title("Ask all questions of a dataset", key="batch")
        values = _questions(ready)
        lanes = lane_fields(targets)
        with st.expander("More", key="batch_more"):
            values |= _more(frame.api)
        refused = state.compare().refused
        if refused is not None:
            problem_card(refused, key="batch", retry=False)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            # As on every form: a callback would be bound to what the fields held before the last edit.
            is_sent = st.button(
                "Start the batch",
                key="start_batch",
                type="primary",
                icon=":material/play_arrow:",
            )
            text = "It goes on by itself. Each of its questions can be voted on, blind, when it is done."
            st.markdown(f":small[:gray[{text}]]", width="content")
    if is_sent:
        _start(frame.api, values, lanes)
        st.rerun()


def _make_first() -> None:
    text = "A batch asks all that you compare the held-out questions of a dataset, whose right answers are known."
    empty_state("stacks", "A dataset is needed first", text, key="batches")
    with st.container(horizontal_alignment="center"):
        st.page_link(TUNE_PAGE, label="Make a dataset", icon=":material/dataset:", query_params={"view": "datasets"})


def _questions(ready: Sequence[Dataset]) -> dict[str, object]:
    by_id = {one.id: one for one in ready}
    labels = distinct({one.id: dataset_name(one) for one in ready})
    with st.grid(2, min_column_width=260, gap="small"):
        chosen: UUID = st.selectbox("Dataset", list(by_id), format_func=labels.__getitem__, key="batch_dataset")
        dataset = by_id.get(chosen, ready[0])
        counts = {"train": dataset.train, "validation": dataset.validation, "held_out": dataset.held_out}
        splits: list[SplitName] = ["held_out", "validation", "train"]
        split = st.selectbox(
            "Questions",
            splits,
            format_func=lambda one: f"{SPLITS[one]} ({plural(counts[one], 'question')})",
            key="batch_split",
            help=SPLIT_HELP,
        )
    return {"dataset_id": dataset.id, "split": split}


def _more(api: Api) -> dict[str, object]:
    off_topic = st.text_area("Off-topic questions, one a line", key="batch_off_topic", help=OFF_TOPIC_HELP, height=120)
    lines = [line.strip() for line in (off_topic or "").splitlines() if line.strip()]
    if len(lines) > MOST_OFF_TOPIC:
        st.caption(f":material/warning: {len(lines):,} lines; at most {MOST_OFF_TOPIC} are taken.")
    limit = st.number_input(
        "Questions, at most", min_value=1, max_value=10_000, value=None, step=1, key="batch_limit", placeholder="All"
    )
    return {"off_topic": lines, "limit": limit, "judge": _judge(api)}


def _judge(api: Api) -> Judge | None:
    providers = load("providers", api.providers)
    able = judges(providers or [])
    chosen = st.selectbox(
        "Judge",
        [NO_JUDGE, *able],
        format_func=lambda key: able[key][0] if key else "None: people vote",
        key="batch_judge",
        help=JUDGE_HELP,
    )
    return able[chosen][1] if chosen in able else None


def judges(providers: Sequence[Provider]) -> Mapping[str, tuple[str, Judge]]:
    """By key, the label and the model: those that are set up and write structured answers."""
    found: dict[str, tuple[str, Judge]] = {}
    for one in providers:
        if one.hidden or not (one.configured and one.generates and one.structured_output):
            continue
        name, _ = provider_words(one.label)
        for model in dict.fromkeys(each for each in (one.model, *one.models) if each):
            found[f"{one.name}:{model}"] = (f"{model} ({name})", Judge(provider=one.name, model=model))
    return found


def _start(api: Api, values: Mapping[str, object], lanes: Sequence[Target]) -> None:
    view = state.compare()
    view.refused = None
    try:
        batch = api.start_batch(NewBatch.model_validate({**values, "lanes": [*lanes]}))
    except ApiError as error:
        view.refused = error.problem
    except ValidationError as error:
        fault = error.errors()[0]
        field = f"{fault['loc'][0]}: " if fault["loc"] else ""
        detail = sentence(field + fault["msg"].removeprefix("Value error, "))
        view.refused = Problem(title="This batch cannot begin yet", status=422, detail=detail, code="form")
    else:
        go("batches", batch.id)
