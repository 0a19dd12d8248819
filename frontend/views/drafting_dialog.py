"""Drafting with a model: which one, what it would take, where it stops."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.documents import Document
from contracts.drafting import DraftingEstimate, NewDrafting
from contracts.providers import Provider
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.drafting_jobs import dollars
from frontend.components.notices import empty_state, load, show_problem
from frontend.components.words import plural, provider_words, seconds_text, short_model
from frontend.safe_text import plain, told

SETTINGS_PAGE: Final = "pages/9_Settings.py"


def open_drafting(document_id: UUID) -> None:
    view = state.faq()
    view.drafting = document_id
    view.opened, view.similar, view.writing, view.deleting = None, None, None, None
    st.query_params.pop("faq", None)


def close() -> None:
    state.faq().drafting = None


def drafting_dialog(api: Api, documents: Sequence[Document]) -> bool:
    """Opens the dialog that the state asks for; whether it did."""
    wanted = state.faq().drafting
    document = next((one for one in documents if one.id == wanted), None)
    if document is None:
        close()
        return False
    _dialog(api, document)
    return True


@st.dialog("Draft with a model", width="medium", icon=":material/smart_toy:", on_dismiss=close)
def _dialog(api: Api, document: Document) -> None:
    providers = load("drafting_providers", api.providers, inline=True)
    if providers is None:
        return
    able = [one for one in providers if one.configured and one.generates and one.structured_output and not one.hidden]
    able.sort(
        key=lambda one: one.serves_files and not one.is_stored
    )  # the packaged sample, which nobody chose, is last
    if not able:
        empty_state("smart_toy", "No model is set up", "Under Settings, set up a provider that writes.", key="able")
        st.page_link(SETTINGS_PAGE, label="Open Settings", icon=":material/settings:")
        return
    st.markdown(
        f"A model reads **{plain(document.title or document.name)}** section by section. A draft is kept only if its "
        "quote stands in the text and carries the answer."
    )
    provider, model = _choice(able)
    estimate = load("drafting_estimate", lambda: api.drafting_estimate(document.id, provider.name, model), inline=True)
    if estimate is None:
        return
    again = bool(estimate.done) and st.checkbox(
        f"Ask again about {plural(estimate.done, 'section')} that a model has drafted", key="drafting_again"
    )
    if again:
        estimate = load(
            "drafting_again_estimate",
            lambda: api.drafting_estimate(document.id, provider.name, model, again=True),
            inline=True,
        )
        if estimate is None:
            return
    _figures(estimate, is_local=provider.serves_files)
    new = _limits(estimate, NewDrafting(provider=provider.name, model=model, again=again))
    _start(api, document, estimate, new)


def _choice(able: Sequence[Provider]) -> tuple[Provider, str]:
    by_name = {one.name: one for one in able}
    chosen = st.selectbox(
        "Provider",
        list(by_name),
        format_func=lambda name: provider_words(by_name[name].label)[0],
        key="drafting_provider",
        help="Those that are set up under Settings and write structured answers.",
    )
    provider = by_name[chosen] if chosen in by_name else able[0]
    models = list(dict.fromkeys([*([provider.model] if provider.model else []), *provider.models]))
    model = st.selectbox(
        "Model",
        models,
        key=f"drafting_model_{provider.name}",
        format_func=short_model,
        accept_new_options=True,
        help="Type another name for a model that is not listed.",
    )
    if provider.note:
        st.caption(f":material/info: {told(provider.note)}")
    return provider, (model or "")[:200]


def _figures(estimate: DraftingEstimate, *, is_local: bool) -> None:
    with st.container(key="drafting_figures", horizontal=True, gap="medium"):
        st.metric("Sections left", f"{estimate.sections - estimate.done:,}", width="content")
        st.metric("Calls", f"{estimate.calls:,}", width="content")
        st.metric(
            "Tokens at most",
            f"{estimate.input_tokens + estimate.output_tokens:,}",
            width="content",
            help=f"About {estimate.input_tokens:,} in, and answers of at most {estimate.output_tokens:,}.",
        )
        st.metric("Cost", _cost(estimate), width="content")
        if estimate.seconds:
            st.metric(
                "Time",
                f"About {seconds_text(estimate.seconds)}",
                width="content",
                help="By what this model took for each call of its latest drafting here.",
            )
    if not estimate.sections:
        st.caption("No section has enough text to ask about.")
    elif not estimate.calls:
        st.caption("A model has drafted every section that has enough text to ask about.")
    elif not estimate.seconds:
        local = " A model on this machine may take minutes for each section." if is_local else ""
        st.caption(f":material/schedule: How long it takes is told once this model has drafted something here.{local}")


def _cost(estimate: DraftingEstimate) -> str:
    if estimate.least_usd is None or estimate.most_usd is None:
        return "Not known"
    if not estimate.most_usd:
        return "Free"
    return plain(f"{dollars(estimate.least_usd)} to {dollars(estimate.most_usd)}")


def _limits(estimate: DraftingEstimate, new: NewDrafting) -> NewDrafting:
    """With a budget in dollars where there is a price, else in tokens."""
    text = "No call is made that could exceed it; what is left can follow later."
    if estimate.most_usd:
        usd = st.number_input(
            "Stop at US dollars", 0.0001, 1e6, value=None, step=0.1, format="%.4f", placeholder="No limit", help=text
        )
        return new.model_copy(update={"budget_usd": usd})
    tokens = st.number_input(
        "Stop at tokens", 1, 10**12, value=None, step=1000, placeholder="No limit", help=text, key="drafting_tokens"
    )
    return new.model_copy(update={"budget_tokens": tokens})


def _start(api: Api, document: Document, estimate: DraftingEstimate, new: NewDrafting) -> None:
    if estimate.job_id is not None:
        st.info("A model drafts from this document now. Its progress is on the page.", icon=":material/info:")
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="drafting_cancel")
        confirmed = st.button(
            f"Draft from {plural(estimate.sections - estimate.done, 'section')}",
            key="drafting_start",
            type="primary",
            icon=":material/smart_toy:",
            disabled=not estimate.calls or estimate.job_id is not None,
        )
    if cancelled:
        close()
        st.rerun()
    if confirmed:
        _draft(api, document, new)


def _draft(api: Api, document: Document, new: NewDrafting) -> None:
    try:
        job = api.draft(document.id, new)
    except ApiError as error:
        show_problem(error, key="draft", inline=True)
        return
    view = state.faq()
    view.drafting_jobs.add(job.id)
    close()
    st.rerun()
