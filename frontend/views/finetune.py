"""Fine-tune: datasets from approved FAQs, trainings on them, and the models that come out."""

from typing import Final

import streamlit as st

from frontend.components.notices import empty_state, load
from frontend.components.tuning import VIEW, VIEWS, View, asked_view, go, opened
from frontend.components.words import plural
from frontend.layout import Frame
from frontend.views.dataset_detail import dataset_detail
from frontend.views.dataset_dialogs import dataset_dialogs, open_import, open_new
from frontend.views.dataset_list import dataset_list
from frontend.views.train import train_view
from frontend.views.training_detail import training_detail
from frontend.views.tuned_model import model_detail
from frontend.views.tuned_models import model_list

FAQ_PAGE: Final = "pages/1_FAQ_Extraction.py"


def render(frame: Frame) -> None:
    if not frame.can("datasets.read"):
        empty_state("lock", "Not for your role", "Your role may not read datasets.", key="role")
        return
    _switch()
    view = asked_view()
    if view == "datasets":
        _datasets(frame)
    elif view == "train":
        training_id = opened("train")
        train_view(frame) if training_id is None else training_detail(frame, training_id)
    else:
        model_id = opened("models")
        model_list(frame) if model_id is None else model_detail(frame, model_id)


def _switch() -> None:
    """What the address says is shown: it is written before this is drawn."""
    st.session_state[VIEW] = asked_view()
    st.segmented_control(
        "Show",
        list(VIEWS),
        format_func=lambda view: VIEWS[view],
        required=True,
        key=VIEW,
        label_visibility="collapsed",
        on_change=_switched,
    )


def _switched() -> None:
    chosen: View = st.session_state[VIEW] or "datasets"
    go(chosen)


# --- datasets ------------------------------------------------------------------
def _datasets(frame: Frame) -> None:
    dataset_id = opened("datasets")
    if dataset_id is not None:
        dataset_detail(frame, dataset_id)
        return
    page = load("datasets", frame.api.datasets)
    counts = load("any_faqs", frame.api.faq_counts)
    if page is None or counts is None:
        return
    may_make = frame.can("datasets.write")
    if may_make and (page.items or counts.approved):
        with frame.actions:
            st.button("Import a file", key="import_dataset", icon=":material/upload_file:", on_click=open_import)
            if page.items:
                st.button("New dataset", key="new_dataset", icon=":material/add:", on_click=open_new)
    if page.items:
        dataset_list(frame, page)
    elif counts.approved:
        _make_first(counts.approved, may_make=may_make)
    else:
        _approve_first(counts.draft, may_make=may_make)
    dataset_dialogs(frame.api, page.items)


def _make_first(approved: int, *, may_make: bool) -> None:
    faqs = plural(approved, "approved FAQ")
    text = f"Your {faqs} can become a dataset: rows to learn from, and rows kept apart to ask the finished model about."
    empty_state("dataset", "No dataset yet", text, key="datasets")
    if may_make:
        with st.container(horizontal_alignment="center"):
            st.button("Make a dataset", key="make_first", type="primary", icon=":material/add:", on_click=open_new)


def _approve_first(drafts: int, *, may_make: bool) -> None:
    empty_state(
        "fact_check",
        "No approved FAQs yet",
        "A model learns from the FAQs that you trust. Approve some first, or bring rows of your own as a file.",
        key="datasets",
    )
    label = f"Review {plural(drafts, 'draft')}" if drafts else "Add documents"
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium", vertical_alignment="center"):
        st.page_link(FAQ_PAGE, label=label, icon=":material/arrow_forward:", icon_position="right")
        if may_make:
            st.button("Import a file", key="import_first", icon=":material/upload_file:", on_click=open_import)
