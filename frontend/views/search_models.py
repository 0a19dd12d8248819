"""The embedding models of the settings page: which there are, which collection uses which, and what is being done."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.collections import Collection, CollectionHealth
from contracts.embedding_models import EmbeddingModel
from contracts.jobs import Job, JobKind, JobStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.jobs import steady_left
from frontend.components.notices import act, load
from frontend.components.words import listed, plural, sentence
from frontend.safe_text import plain, told

KINDS: Final[tuple[JobKind, ...]] = ("fetch_model", "switch_model")
UNITS: Final = {"fetch_model": "MB", "switch_model": "vectors"}


def search_models(api: Api, *, may_fetch: bool, may_switch: bool) -> None:
    models = load("embedding_models", api.embedding_models)
    collections = load("collections", api.collections)
    if models is None or collections is None:
        return
    jobs = load("model_jobs", lambda: _jobs(api)) or []
    labels = {model.name: model.label for model in models}
    busy = {name for job in jobs if not job.status.is_final for name in (job.title, job.title.partition(": ")[2])}
    with st.container(border=True, key="search_models", gap="small"):
        for collection in collections.items:
            if collection.health is CollectionHealth.UNAVAILABLE:
                _unavailable(collection, labels)
        for model in models:
            is_free = model.name not in busy
            _model(api, model, collections.items, may_fetch=may_fetch and is_free, may_switch=may_switch and is_free)
        if may_switch:
            _another(api, collections.items)
        _work(api, jobs, labels)


# --- models ------------------------------------------------------------------
def _model(
    api: Api, model: EmbeddingModel, collections: Sequence[Collection], *, may_fetch: bool, may_switch: bool
) -> None:
    users = [collection for collection in collections if collection.embedding_model == model.name]
    others = [collection for collection in collections if collection not in users]
    with (
        st.container(key=f"embedding_{_key(model.name)}"),
        st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"),
    ):
        st.markdown(f"**{plain(model.label)}** :small[:gray[{_facts(model)}]]{_note(model, users)}", width="content")
        with st.container(horizontal=True, width="content", gap="small", vertical_alignment="center"):
            if users:
                _used(users)
            if model.state == "not_fetched" and may_fetch:
                st.button(
                    f"Fetch, {model.download_mb:,} MB",
                    key=f"fetch_{_key(model.name)}",
                    icon=":material/download:",
                    on_click=_fetch,
                    args=(api, model),
                )
            elif model.state == "ready" and others and may_switch:
                _use(api, model, others)


def _used(users: Sequence[Collection]) -> None:
    words = f"Used by {plain(listed([collection.name for collection in users]))}"
    if any(collection.health is CollectionHealth.UNAVAILABLE for collection in users):
        st.badge(words, icon=":material/warning:", color="orange")
    else:
        st.badge(words, icon=":material/check_circle:", color="green")


def _unavailable(collection: Collection, labels: Mapping[str, str]) -> None:
    """Also of a model that is in no list any more."""
    model = plain(labels.get(collection.embedding_model, collection.embedding_model))
    st.warning(
        told(sentence(collection.reason)),
        title=f"The collection {plain(collection.name)} cannot be asked: {model} is not available",
        icon=":material/warning:",
    )


def _use(api: Api, model: EmbeddingModel, others: Sequence[Collection]) -> None:
    key = _key(model.name)
    if len(others) == 1:
        label = f"Use for {plain(others[0].name)}"
        st.button(label, key=f"use_{key}", on_click=_switch, args=(api, others[0], model.name))
        return
    with st.popover("Use for", key=f"use_menu_{key}"):
        for collection in others:
            st.button(
                plain(collection.name),
                key=f"use_{key}_{collection.id}",
                on_click=_switch,
                args=(api, collection, model.name),
            )


def _another(api: Api, collections: Sequence[Collection]) -> None:
    """A model of a server that no list has."""
    with st.expander("Use another model of a server", icon=":material/add:", key="another_model"):
        st.caption("A provider that is set up above and its model, such as `openai-compatible:bge-m3`.")
        with st.form("another_model_form", border=False):
            st.text_input("Model", key="another_model_name", placeholder="openai-compatible:bge-m3")
            names = {collection.id: collection.name for collection in collections}
            st.selectbox("Collection", list(names), format_func=lambda id: names[id], key="another_model_for")
            st.form_submit_button("Use", on_click=partial(_switch_by_form, api, names))


def _facts(model: EmbeddingModel) -> str:
    parts = ["on this machine" if model.place == "here" else "on a server"]
    if model.dimension:
        parts.append(f"{model.dimension} values a vector")
    if model.state == "not_fetched":
        parts = ["not fetched yet"]
    return " · ".join(parts)


def _note(model: EmbeddingModel, users: Sequence[Collection]) -> str:
    """Its reason, unless the warning about one of its collections gives it."""
    if model.reason and any(one.health is CollectionHealth.UNAVAILABLE for one in users):
        return ""
    if model.reason:
        return f"  \n:small[:red[{told(sentence(model.reason))}]]"
    return f"  \n:small[:gray[{told(model.note)}]]" if model.note else ""


def _key(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)


# --- what is being done --------------------------------------------------------
def _jobs(api: Api) -> list[Job]:
    """The newest of each kind, and all that go on."""
    found: list[Job] = []
    for kind in KINDS:
        newest = api.jobs(kind=kind, limit=10).items
        found += [job for job in newest if not job.status.is_final]
        found += [job for job in newest[:1] if job.status in (JobStatus.FAILED, JobStatus.CANCELLED)]
    return found


def _work(api: Api, jobs: Sequence[Job], labels: Mapping[str, str]) -> None:
    running = [job for job in jobs if not job.status.is_final]
    for job in jobs:
        if job.status.is_final:
            _ended(api, job, _title(job, labels))
    if not running:
        return

    @st.fragment(run_every="500ms")
    def tick() -> None:
        now = load("model_jobs_tick", lambda: [api.job(job.id) for job in running], inline=True)
        if now is None:
            return
        if any(job.status.is_final for job in now):
            st.rerun()
        for job in now:
            _running(api, job, _title(job, labels))

    tick()


def _running(api: Api, job: Job, title: str) -> None:
    left = steady_left(job, state.faq().time_left)
    count = f"{job.done:,} of {plural(job.total, UNITS[job.kind], UNITS[job.kind])}" if job.total else "waiting"
    text = " · ".join(part for part in (title, count, left) if part)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.progress(min(max(job.progress, 0.0), 1.0), text=text)
        st.button("Cancel", key=f"cancel_{job.id}", type="tertiary", on_click=_cancel, args=(api, job, title))


def _ended(api: Api, job: Job, title: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        what = "failed" if job.error else "was cancelled"
        reason = f"  \n:small[{told(sentence(job.error.detail))}]" if job.error else ""
        st.markdown(f"{title} {what}.{reason}", width="stretch")
        st.button("Go on", key=f"retry_{job.id}", icon=":material/refresh:", on_click=_retry, args=(api, job))


def _title(job: Job, labels: Mapping[str, str]) -> str:
    if job.kind == "fetch_model":
        return f"Fetching {plain(labels.get(job.title, job.title))}"
    collection, _, model = job.title.partition(": ")
    return f"Embedding {plain(collection)} anew by {plain(labels.get(model, model))}"


# --- actions -------------------------------------------------------------------
def _fetch(api: Api, model: EmbeddingModel) -> None:
    act(lambda: api.fetch_embedding_model(model.name))


def _switch(api: Api, collection: Collection, name: str) -> None:
    act(
        lambda: api.switch_model(collection.id, name),
        f"{plain(collection.name)} is being embedded anew; it answers as before until that is done",
    )


def _switch_by_form(api: Api, names: dict[UUID, str]) -> None:
    name = str(st.session_state["another_model_name"]).strip()
    chosen = st.session_state["another_model_for"]
    if name and chosen in names:
        act(lambda: api.switch_model(chosen, name), f"{plain(names[chosen])} is being embedded anew")


def _cancel(api: Api, job: Job, title: str) -> None:
    act(lambda: api.cancel_job(job.id), f"{title} is being cancelled")


def _retry(api: Api, job: Job) -> None:
    act(lambda: api.retry_job(job.id))
