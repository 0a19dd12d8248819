"""Compare: one question to several, votes that do not know who wrote what, batches, and what was promoted."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from contracts.chat import Citation
from frontend import state
from frontend.api_client import Api
from frontend.components.citations import marks_open, show_source
from frontend.components.comparing import VIEW, VIEWS, View, asked_view, go, opened
from frontend.components.notices import empty_state
from frontend.layout import Frame
from frontend.views.aliases import alias_list
from frontend.views.audit import audit_list
from frontend.views.batch_detail import batch_detail
from frontend.views.batches import batch_view
from frontend.views.compare_ask import ask_view
from frontend.views.comparison import comparison_view
from frontend.views.contest_detail import contest_detail
from frontend.views.contests import contest_list


def render(frame: Frame) -> None:
    if not frame.can("comparisons.read"):
        empty_state("lock", "Not for your role", "Your role may not read comparisons.", key="role")
        return
    views: list[View] = [view for view in VIEWS if view != "ask" or frame.can("comparisons.write")]
    view = asked_view(views)
    _switch(views, view)
    _shown(frame, view)
    marks_open()
    cited = state.compare().citation
    if cited is not None:
        _citation_dialog(frame.api, cited)


def _shown(frame: Frame, view: View) -> None:
    comparison_id, contest_id, batch_id = opened("ask"), opened("votes"), opened("batches")
    if comparison_id is not None and view in ("ask", "votes"):
        comparison_view(frame, comparison_id, on_open=_open_citation)
    elif view == "ask":
        ask_view(frame, on_open=_open_citation)
    elif view == "votes":
        contest_list(frame) if contest_id is None else contest_detail(frame, contest_id)
    elif view == "batches":
        batch_view(frame) if batch_id is None else batch_detail(frame, batch_id)
    else:
        alias_list(frame)
        audit_list(frame)


def _switch(views: Sequence[View], view: View) -> None:
    """What the address says is shown: it is written before this is drawn."""
    st.session_state[VIEW] = view
    st.segmented_control(
        "Show",
        views,
        format_func=lambda one: VIEWS[one],
        required=True,
        key=VIEW,
        label_visibility="collapsed",
        on_change=partial(_switched, views[0]),
    )


def _switched(first: View) -> None:
    chosen: View = st.session_state[VIEW] or first
    go(chosen)


def _open_citation(citation: Citation) -> None:
    state.compare().citation = citation


def _close_citation() -> None:
    state.compare().citation = None


@st.dialog("Source", width="medium", position="right", icon=":material/description:", on_dismiss=_close_citation)
def _citation_dialog(api: Api, citation: Citation) -> None:
    show_source(api, citation)
