"""One model: what it changed, who uses it, what it is made of, what it learnt from."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.finetuning import LearntFrom, TrainingMethod, TunedModel
from contracts.page import Page
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.comparing import compare_with_default
from frontend.components.model_figures import USABLE, figures_sentence, figures_table, verdict
from frontend.components.notices import load, problem_card
from frontend.components.pager import at_cursor, pager
from frontend.components.row_sources import source_table
from frontend.components.tuning import go, short_hash
from frontend.components.words import plural, sentence, size_text
from frontend.layout import Frame, titled
from frontend.safe_text import code, plain, told
from frontend.views.model_use import model_use
from frontend.views.search_model_use import search_model_use
from frontend.views.tuned_models import model_facts

CHAT_PAGE: Final = "pages/2_Chat.py"
PER_PAGE: Final = 20
_ALL: Final = ("models",)


def model_detail(frame: Frame, model_id: UUID) -> None:
    st.button("All models", key="all_models", type="tertiary", icon=":material/arrow_back:", on_click=go, args=_ALL)
    model = load("model", lambda: frame.api.tuned_model(model_id))
    methods = load("training_methods", frame.api.training_methods)
    if model is None or methods is None:
        return
    with frame.actions:
        _actions(frame, model)
    _title(model, methods)
    with st.container(border=True, key="model_figures", gap="small"):
        st.markdown(figures_sentence(model))
        figures_table(model)
        for note in model.notes:
            st.info(told(sentence(note)), icon=":material/info:")
    if model.makes == "retrieval":
        model_use(frame, model)
    elif model.makes == "embeddings":
        search_model_use(frame, model)
    _details(model)
    _learnt(frame.api, model)
    if state.tune().dialog == "delete_model" and state.tune().doomed == model.id:
        _delete_dialog(frame.api, model)


def _actions(frame: Frame, model: TunedModel) -> None:
    if frame.can("models.write"):
        st.button(
            "Delete",
            key="delete_model",
            type="tertiary",
            icon=":material/delete:",
            on_click=_ask_to_delete,
            args=(model.id,),
        )
    if model.makes == "embeddings":
        return
    if frame.can("comparisons.write") and st.button(
        "Compare", key="compare_model", icon=":material/compare:", disabled=model.state == "unusable"
    ):
        compare_with_default(model.id)
    if frame.can("chat") and st.button(
        "Ask it", key="ask_model", type="primary", icon=":material/forum:", disabled=model.state == "unusable"
    ):
        st.switch_page(CHAT_PAGE, query_params={"model": str(model.id)})


def _title(model: TunedModel, methods: Sequence[TrainingMethod]) -> None:
    looks = [USABLE[model.state == "usable"], verdict(model)]
    titled(plain(model.name), [look for look in looks if look is not None], key="model")
    st.markdown(f":small[:gray[{model_facts(model, methods)}]]")
    if model.reason:
        st.warning(told(sentence(model.reason)), title="It cannot be used any more", icon=":material/warning:")


# --- what it is made of ------------------------------------------------------------
def _details(model: TunedModel) -> None:
    with st.expander("Details", icon=":material/info:", key="model_details"):
        with st.grid(3, min_column_width=200, gap="small"):
            for label, value in _rows(model):
                st.markdown(f":small[:gray[{label}]]  \n{value}")
        if model.files:
            st.markdown(":small[:gray[Files, each with its size and the beginning of its sha256]]")
        for one in model.files:  # no table: on a phone its names would be wider than the page
            st.markdown(f"{code(one.path)} · {size_text(one.size)} · {code(short_hash(one.sha256))}")
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Open the dataset",
                key="dataset_of_model",
                type="tertiary",
                icon=":material/table_rows:",
                on_click=go,
                args=("datasets", model.dataset_id),
            )
            st.button(
                "See its curves",
                key="training_of_model",
                type="tertiary",
                icon=":material/show_chart:",
                on_click=go,
                args=("train", model.training_id),
            )


def _rows(model: TunedModel) -> list[tuple[str, str]]:
    parameters = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in model.parameters.items()
        if isinstance(value, int | float)
    ]
    rows = [
        ("Dataset", f"{plain(model.dataset_name)}, version {model.dataset_version}"),
        ("Fingerprint of the dataset", code(short_hash(model.dataset_hash))),
        ("Trained by", plain(model.author)),
        ("Parameters", plain(", ".join(parameters))),
    ]
    if model.took:
        rows.append(("Training took", plain(_took(model))))
    if model.base_model:
        rows.append(("Base model", plain(model.base_model)))
    if model.remote_id:
        rows.append(("At the vendor", code(model.remote_id)))
    return rows


def _took(model: TunedModel) -> str:
    words = {"seconds_per_step": "{:.2g} s a step", "peak_memory_mb": "{:,.0f} MB of memory at most"}
    return ", ".join(words[name].format(value) for name, value in model.took.items() if name in words)


# --- what it learnt from -------------------------------------------------------------
def _learnt(api: Api, model: TunedModel) -> None:
    with st.expander("What it learnt from", icon=":material/school:", key="model_learnt", on_change="rerun") as opened:
        if not opened.open:
            return
        cursors = state.tune().learnt
        page = at_cursor(cursors, (model.id,), "learnt", partial(_read, api, model.id))
        if page is None:
            return
        _table(page.items)
        pager(cursors, page, per_page=PER_PAGE, key="learnt_pager")


def _read(api: Api, model_id: UUID, cursor: str | None) -> Page[LearntFrom]:
    return api.learnt_from(model_id, limit=PER_PAGE, cursor=cursor)


def _table(items: Sequence[LearntFrom]) -> None:
    source_table(
        {"Question": [one.question for one in items]},
        [one.source for one in items],
        widths={"Question": 400, "From": 280},
        key="learnt_table",
        alt=f"{plural(len(items), 'question')} that it was trained on",
    )


# --- deleted -------------------------------------------------------------------------
def _ask_to_delete(model_id: UUID) -> None:
    state.tune().dialog, state.tune().doomed = "delete_model", model_id


def _close() -> None:
    state.tune().dialog = None


@st.dialog("Delete model", icon=":material/delete:", on_dismiss=_close)
def _delete_dialog(api: Api, model: TunedModel) -> None:
    st.markdown(
        f"**{plain(model.name)}** and its files are deleted. Its dataset and its curves stay. This cannot be undone."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="delete_cancel")
        confirmed = st.button("Delete model", key="delete_confirm", type="primary", icon=":material/delete:")
    if cancelled:
        _close()
        st.rerun()
    if confirmed:
        _delete(api, model)


def _delete(api: Api, model: TunedModel) -> None:
    try:
        api.delete_model(model.id)
    except ApiError as error:
        problem_card(error.problem, key="delete_model", retry=False)
        return
    state.session().flash = state.Flash(f"{plain(model.name)} deleted")
    go("models")
    st.rerun()
