"""Which collections are embedded by a search model, and moving one to it."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.collections import Collection
from contracts.finetuning import TunedModel
from contracts.jobs import Job
from frontend.api_client import Api
from frontend.components.model_figures import BETTER, verdict
from frontend.components.notices import act, load
from frontend.components.tuning_jobs import ended_row, progress_row, ticking
from frontend.components.words import distinct, plural
from frontend.layout import Frame, card_title
from frontend.safe_text import plain

TUNED: Final = "tuned/"
NEWEST: Final = 10
"""Jobs of moving that are looked through for those to this model."""


def search_model_use(frame: Frame, model: TunedModel) -> None:
    collections = load("collections", frame.api.collections)
    if collections is None:
        return
    name = TUNED + model.name
    jobs = load("switching", lambda: _jobs(frame.api, name)) or []
    users = [one for one in collections.items if one.embedding_model == name]
    busy = {job.collection_id for job in jobs if not job.status.is_final}
    others = [one for one in collections.items if one not in users and one.id not in busy]
    with st.container(border=True, key="search_model_use", gap="small"):
        card_title("Which collections use it", key="search_model_use")
        for one in users:
            st.markdown(f":green[:material/check_circle:] **{plain(one.name)}**")
        if not users and not busy:
            st.markdown(
                ":gray[None yet. A collection that moves to it is embedded anew, and answers as before until then.]"
            )
        _going_on(frame, jobs)
        if not frame.can("collections.write"):
            st.caption("Who may change collections can move one to it.")
        elif model.state == "usable" and others:
            _choice(frame.api, name, others, is_advised=verdict(model) in (BETTER, None))


def _jobs(api: Api, name: str) -> list[Job]:
    """Those that move a collection to the model: the newest, and all that go on."""
    newest = [job for job in api.jobs(kind="switch_model", limit=NEWEST).items if job.title.endswith(f": {name}")]
    return [job for at, job in enumerate(newest) if at == 0 or not job.status.is_final]


def _going_on(frame: Frame, jobs: Sequence[Job]) -> None:
    may_control = frame.can("jobs.control")
    for job in jobs:
        if not job.status.is_final:
            ticking(frame.api, [job], partial(progress_row, frame.api, may_control=may_control), key=f"move_{job.id}")
        elif job.error is not None:
            ended_row(frame.api, job, may_control=may_control)


def _choice(api: Api, name: str, others: Sequence[Collection], *, is_advised: bool) -> None:
    by_id = {one.id: one for one in others}
    labels = distinct({one.id: f"{one.name} ({plural(one.points, 'vector')})" for one in others})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="move_to_model"):
        chosen: UUID = st.selectbox(
            "Collection", list(by_id), format_func=labels.__getitem__, key="move_collection", width=320
        )
        collection = by_id.get(chosen, others[0])
        st.button(
            "Use it in this collection",
            key="move_button",
            type="primary" if is_advised else "secondary",
            icon=":material/sync_alt:",
            on_click=_move,
            args=(api, collection, name),
        )


def _move(api: Api, collection: Collection, name: str) -> None:
    act(
        lambda: api.switch_model(collection.id, name),
        f"{plain(collection.name)} is being embedded anew; it answers as before until that is done",
    )
