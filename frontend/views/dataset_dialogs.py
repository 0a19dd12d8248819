"""Datasets: made from approved FAQs, taken from a file, deleted."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from contracts.datasets import (
    MOST_PARAPHRASES,
    Dataset,
    DatasetAccepted,
    DatasetFilter,
    Fractions,
    NewDataset,
    RewordBy,
)
from contracts.faqs import FaqStatus
from contracts.providers import Provider
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.notices import load, problem_card, show_problem
from frontend.components.tuning import SPLIT_HELP, dataset_name, go
from frontend.components.words import distinct, document_title, listed, provider_words, short_model
from frontend.safe_text import plain

FIRST_NAME: Final = "Support"
USUAL: Final = Fractions(train=0.7, validation=0.15, held_out=0.15)
CHOICES: Final[dict[str, Fractions]] = {
    "Usual": USUAL,
    "More to learn from": Fractions(train=0.8, validation=0.1, held_out=0.1),
    "Surer figures": Fractions(train=0.5, validation=0.2, held_out=0.3),
}
FILES: Final = ("jsonl", "json", "csv")
TAGGED: Final = 200
"""FAQs whose tags are offered; others can be typed."""


def open_new() -> None:
    state.begin_form()
    state.tune().dialog = "new"


def open_import() -> None:
    state.begin_form()
    state.tune().dialog = "import"


def close() -> None:
    state.tune().dialog = None


def dataset_dialogs(api: Api, datasets: Sequence[Dataset]) -> None:
    """Opens the one that the state asks for."""
    view = state.tune()
    if view.dialog == "new":
        _new_dialog(api, datasets)
    elif view.dialog == "import":
        _import_dialog(api, datasets)
    elif view.dialog == "delete_dataset":
        doomed = next((one for one in datasets if one.id == view.doomed), None)
        if doomed is None:
            close()
        else:
            _delete_dialog(api, doomed)


# --- from approved FAQs ----------------------------------------------------------
@st.dialog("New dataset", width="medium", icon=":material/dataset:", on_dismiss=close)
def _new_dialog(api: Api, datasets: Sequence[Dataset]) -> None:
    documents = load("dataset_documents", api.all_documents, inline=True)
    tags = load("dataset_tags", lambda: _tags(api), inline=True)
    providers = load("dataset_providers", api.providers, inline=True)
    if documents is None or tags is None or providers is None:
        return
    writers = _writers(providers)
    titles = distinct({document.id: document_title(document) for document in documents if document.faqs})
    with st.form(state.form_key("new_dataset"), border=False):
        name, unnamed = _name(datasets)
        which = _which(titles, tags)
        paraphrases, writer = _paraphrases(writers)
        shares = st.selectbox(
            "Training, validation and held out", list(CHOICES), format_func=_split_words, help=SPLIT_HELP
        )
        system, seed, budget = _more(has_model=len(writers) > 1)
        sent = st.form_submit_button("Make the dataset", type="primary", icon=":material/dataset:")
    if not sent:
        return
    if not name.strip():
        unnamed.error("Give the dataset a name.", icon=":material/error:")
        return
    values = {
        "name": name,
        "filter": which,
        "fractions": CHOICES[shares],
        "paraphrases": paraphrases,
        "reword_by": _with_budget(writers[writer], budget),
        "system": system.strip() or None,
        "seed": seed,
    }
    try:
        new = NewDataset.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        st.error(f"Check the field {plain(str(fault['loc'][0]))}: {plain(fault['msg'])}.", icon=":material/error:")
        return
    _begin(lambda: api.create_dataset(new))


def _which(titles: Mapping[UUID, str], tags: Sequence[str]) -> DatasetFilter:
    """The approved FAQs that go in, from the days of where the person is."""
    documents = st.multiselect(
        "Documents",
        list(titles),
        format_func=titles.__getitem__,
        placeholder="All approved FAQs",
        help="Only FAQs of these documents go in. None chosen: all, also those written by hand.",
    )
    wanted = st.multiselect(
        "Tags",
        tags,
        accept_new_options=True,
        placeholder="Any tag, or none",
        help="Only FAQs with one of these tags go in.",
    )
    with st.container(horizontal=True, gap="small"):
        since = st.date_input("Changed from", None, format="YYYY-MM-DD", help="Only FAQs that were last changed then.")
        until = st.date_input("Changed until", None, format="YYYY-MM-DD", help="That day included.")
    return DatasetFilter(
        document_ids=documents,
        tags=wanted,
        since=_midnight(since) if since is not None else None,
        until=_midnight(until + timedelta(days=1)) if until is not None else None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(st.context.timezone or "UTC"))


def _paraphrases(writers: Mapping[str, RewordBy | None]) -> tuple[int, str]:
    """How many of each question, and who writes them."""
    most = st.slider(
        "Paraphrases of each question",
        0,
        MOST_PARAPHRASES,
        3,
        help="They teach that a question can be put in other words. The rules ask held-out questions in other "
        "forms than those of training.",
    )
    writer = st.selectbox(
        "Written by",
        list(writers),
        help="What a model writes is kept where the answer still follows; the rules fill up what is missing. "
        "The approved questions and answers are sent to it.",
    )
    return most, writer


def _name(datasets: Sequence[Dataset]) -> tuple[str, DeltaGenerator]:
    """What the form calls it, and the place below that."""
    names = list(dict.fromkeys(one.name for one in datasets))
    text = f"There is {plain(listed(names))}: the same name makes its next version." if names else None
    name = st.text_input("Name", names[0] if names else FIRST_NAME, max_chars=200, help=text)
    return name, st.container()


def _writers(providers: Sequence[Provider]) -> dict[str, RewordBy | None]:
    """The rules, and each provider that is set up to write structured answers with its usual model."""
    able = [one for one in providers if one.configured and one.generates and one.structured_output and not one.hidden]
    able.sort(key=lambda one: one.serves_files and not one.is_stored)
    found: dict[str, RewordBy | None] = {"Rules, without a model": None}
    for one in able:
        model = one.model or next(iter(one.models), None)
        label = provider_words(one.label)[0]
        found[f"{label}, {short_model(model)}" if model else label] = RewordBy(provider=one.name, model=model)
    return found


def _with_budget(by: RewordBy | None, tokens: int | None) -> RewordBy | None:
    return by.model_copy(update={"budget_tokens": tokens}) if by is not None else None


def _split_words(choice: str) -> str:
    one = CHOICES[choice]
    return f"{choice}: {one.train:.0%}, {one.validation:.0%} and {one.held_out:.0%}"


def _more(*, has_model: bool) -> tuple[str, str, int | None]:
    budget: int | None = None
    with st.expander("More", key="dataset_more"):
        system = st.text_area(
            "System prompt",
            max_chars=20_000,
            placeholder="None",
            help="Stands before every row in chat formats, for models that answer. Tuned retrieval does not read it.",
        )
        seed = st.text_input(
            "Seed",
            max_chars=100,
            placeholder="None",
            help="Another seed splits the FAQs in another way; the same one makes the same dataset again.",
        )
        if has_model:
            budget = st.number_input(
                "Stop paraphrasing at tokens",
                1,
                10**12,
                value=None,
                step=1000,
                placeholder="No limit",
                help="Of a model, in both directions. The rules write what is missing then.",
            )
    return system, seed, budget


def _tags(api: Api) -> list[str]:
    faqs = api.faqs(status=FaqStatus.APPROVED, limit=TAGGED).items
    return sorted({tag for faq in faqs for tag in faq.tags})


# --- from a file -----------------------------------------------------------------
@st.dialog("Import a dataset", width="medium", icon=":material/upload_file:", on_dismiss=close)
def _import_dialog(api: Api, datasets: Sequence[Dataset]) -> None:
    st.markdown("OpenAI chat, Alpaca, ShareGPT or CSV: which of them it is, is found from its content.")
    with st.form(state.form_key("import_dataset"), border=False):
        name, unnamed = _name(datasets)
        file = st.file_uploader("File", type=list(FILES), help="JSON lines, JSON or CSV with questions and answers.")
        sent = st.form_submit_button("Import", type="primary", icon=":material/upload_file:")
    if not sent:
        return
    if not name.strip():
        unnamed.error("Give the dataset a name.", icon=":material/error:")
    elif file is None:
        st.error("Choose a file first.", icon=":material/error:")
    else:
        _begin(lambda: api.import_dataset(name.strip(), file))


def _begin(call: Callable[[], DatasetAccepted]) -> None:
    try:
        accepted = call()
    except ApiError as error:
        show_problem(error, key="begin_dataset", inline=True)
        return
    state.session().flash = state.Flash(f"{plain(dataset_name(accepted.dataset))} is being made", ":material/dataset:")
    go("datasets")
    st.rerun()


# --- deleted ---------------------------------------------------------------------
@st.dialog("Delete dataset", icon=":material/delete:", on_dismiss=close)
def _delete_dialog(api: Api, dataset: Dataset) -> None:
    st.markdown(f"**{plain(dataset_name(dataset))}** and its rows are deleted. The FAQs stay. This cannot be undone.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="delete_cancel")
        confirmed = st.button("Delete dataset", key="delete_confirm", type="primary", icon=":material/delete:")
    if cancelled:
        close()
        st.rerun()
    if confirmed:
        _delete(api, dataset.id, dataset_name(dataset))


def _delete(api: Api, dataset_id: UUID, name: str) -> None:
    try:
        api.delete_dataset(dataset_id)
    except ApiError as error:
        problem_card(error.problem, key="delete_dataset", retry=False)
        return
    state.session().flash = state.Flash(f"{plain(name)} deleted")
    go("datasets")
    st.rerun()
