"""The datasets of the workspace: what is in each, how far one is that is being made, and what may be done with it."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.datasets import Dataset
from contracts.jobs import Job, JobStatus
from contracts.page import Page
from frontend import state
from frontend.api_client import Api
from frontend.components.badges import JOB_STATUS, Look, badge
from frontend.components.notices import load
from frontend.components.tuning import dataset_name, go, train_on
from frontend.components.tuning_jobs import ended_row, progress_row, ticking
from frontend.components.words import ago, plural
from frontend.layout import Frame
from frontend.safe_text import plain

PER_PAGE: Final = 10
READY: Final[Look] = ("green", "check", "Ready")
FAULTY: Final[Look] = ("red", "error", "Has errors")
HALF_DELETED: Final[Look] = ("orange", "warning", "Not deleted whole")
MAKING: Final[Look] = ("blue", "progress_activity", "Being made")


def dataset_list(frame: Frame, page: Page[Dataset]) -> None:
    found = load("dataset_jobs", lambda: _with_jobs(frame.api, page))
    if found is None:
        return
    page, jobs = found
    pages = -(-len(page.items) // PER_PAGE)
    at = min(int(st.session_state.get("datasets_page", 1)), pages)
    shown = page.items[(at - 1) * PER_PAGE : at * PER_PAGE]
    first = next((one for one in shown if one.content_hash is not None and not one.errors), None)
    for dataset in shown:
        with st.container(border=True, key=f"dataset_{dataset.id}", gap="xsmall"):
            _card(frame, dataset, jobs.get(dataset.job_id), is_first=dataset is first)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="datasets_page")
    if page.next_cursor is not None:
        st.caption(f"The newest {len(page.items):,} are listed.")


def _with_jobs(api: Api, page: Page[Dataset]) -> tuple[Page[Dataset], dict[UUID, Job]]:
    """The jobs of those that are not made. One that was made between two of these questions is read again."""
    jobs = {one.job_id: api.job(one.job_id) for one in page.items if one.content_hash is None}
    if any(job.status is JobStatus.SUCCEEDED for job in jobs.values()):
        page = api.datasets()
    return page, jobs


def with_job(api: Api, dataset_id: UUID) -> tuple[Dataset, Job | None]:
    """A dataset, and its job while it is not made."""
    dataset = api.dataset(dataset_id)
    job = api.job(dataset.job_id) if dataset.content_hash is None else None
    if job is not None and job.status is JobStatus.SUCCEEDED:
        dataset = api.dataset(dataset_id)
    return dataset, job if dataset.content_hash is None else None


def dataset_look(dataset: Dataset, job: Job | None) -> Look:
    if dataset.content_hash is not None:
        return FAULTY if dataset.errors else READY
    if job is None or not job.status.is_final:
        return MAKING
    return HALF_DELETED if job.status is JobStatus.SUCCEEDED else JOB_STATUS[job.status]


def dataset_facts(dataset: Dataset) -> str:
    counts: Mapping[str, int] = {
        "to train on": dataset.train,
        "to validate": dataset.validation,
        "held out": dataset.held_out,
    }
    rows = " · ".join(f"{count:,} {what}" for what, count in counts.items())
    parts = [f"{plural(dataset.train + dataset.validation + dataset.held_out, 'row')}: {rows}"]
    if dataset.faqs:
        parts.append(plural(dataset.faqs, "FAQ"))
    return " · ".join([*parts, f"made {ago(dataset.frozen_at or dataset.created_at)}"])


def _card(frame: Frame, dataset: Dataset, job: Job | None, *, is_first: bool) -> None:
    is_made = dataset.content_hash is not None
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(dataset_name(dataset))}**", width="content")
        badge(dataset_look(dataset, job))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        source = f"from the file {plain(dataset.file)}" if dataset.file else "from approved FAQs"
        facts = dataset_facts(dataset) if is_made else f"begun {ago(dataset.created_at)}, {source}"
        st.markdown(f":small[:gray[{facts}]]", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            _buttons(frame, dataset, is_first=is_first)
    if job is not None and not is_made:
        making(frame, job)


def making(frame: Frame, job: Job) -> None:
    """How far the dataset is, or why it is none."""
    may_control = frame.can("jobs.control")
    if job.status is JobStatus.SUCCEEDED:
        st.markdown(":small[Deleting it was cut short. Delete it again.]")
    elif job.status.is_final:
        ended_row(frame.api, job, may_control=may_control)
    else:
        ticking(frame.api, [job], partial(progress_row, frame.api, may_control=may_control), key=f"dataset_{job.id}")


def _buttons(frame: Frame, dataset: Dataset, *, is_first: bool) -> None:
    """The newest that can be trained on offers that as the next step."""
    key, is_made = dataset.id, dataset.content_hash is not None
    if frame.can("datasets.write"):
        st.button(
            "Delete",
            key=f"delete_{key}",
            type="tertiary",
            icon=":material/delete:",
            on_click=ask_to_delete,
            args=(key,),
        )
    if is_made:
        st.button(
            "Look into it",
            key=f"open_dataset_{key}",
            type="tertiary",
            icon=":material/table_rows:",
            on_click=go,
            args=("datasets", key),
        )
    if is_made and not dataset.errors and frame.can("models.write"):
        st.button(
            "Train on it",
            key=f"train_{key}",
            type="primary" if is_first else "tertiary",
            icon=":material/model_training:",
            on_click=train_on,
            args=(key,),
        )


def ask_to_delete(dataset_id: UUID) -> None:
    view = state.tune()
    view.dialog, view.doomed = "delete_dataset", dataset_id
