"""One dataset: what it counts, what its checks found, its rows, and its files."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.datasets import Dataset, DatasetFinding, DatasetFormat, DatasetRow, RowOrigin, SplitName
from contracts.page import Page
from frontend import state
from frontend.api_client import Api
from frontend.components.notices import load
from frontend.components.pager import at_cursor, pager
from frontend.components.row_sources import source_table
from frontend.components.tuning import SPLIT_HELP, SPLITS, dataset_name, go, short_hash, train_on
from frontend.components.words import plural, sentence
from frontend.layout import Frame, section, titled
from frontend.safe_text import code, plain
from frontend.views.dataset_dialogs import dataset_dialogs
from frontend.views.dataset_list import ask_to_delete, dataset_look, making, with_job

PER_PAGE: Final = 20
ALL: Final = "all"
ORIGINS: Final[dict[RowOrigin, str]] = {"faq": "FAQ", "paraphrase": "Paraphrase", "imported": "File"}
FORMATS: Final[dict[DatasetFormat, tuple[str, str, str]]] = {
    "openai": ("OpenAI chat, JSON lines", "jsonl", "application/x-ndjson"),
    "sharegpt": ("ShareGPT, JSON lines", "jsonl", "application/x-ndjson"),
    "alpaca": ("Alpaca, JSON", "json", "application/json"),
    "alpaca_lines": ("Alpaca, JSON lines", "jsonl", "application/x-ndjson"),
    "csv": ("CSV", "csv", "text/csv"),
}


def dataset_detail(frame: Frame, dataset_id: UUID) -> None:
    st.button("All datasets", key="all_datasets", type="tertiary", icon=":material/arrow_back:", on_click=go, args=_ALL)
    found = load("dataset", lambda: with_job(frame.api, dataset_id))
    if found is None:
        return
    dataset, job = found
    is_made = dataset.content_hash is not None
    with frame.actions:
        _actions(frame, dataset, is_made=is_made)
    titled(plain(dataset_name(dataset)), [dataset_look(dataset, job)], key="dataset")
    if not is_made:
        if job is not None:
            making(frame, job)
    else:
        _figures(dataset)
        _findings(dataset)
        _rows(frame.api, dataset)
    dataset_dialogs(frame.api, [dataset])


_ALL: Final = ("datasets",)


def _actions(frame: Frame, dataset: Dataset, *, is_made: bool) -> None:
    if frame.can("datasets.write"):
        st.button(
            "Delete",
            key="delete_dataset",
            type="tertiary",
            icon=":material/delete:",
            on_click=ask_to_delete,
            args=(dataset.id,),
        )
    if is_made:
        _downloads(frame.api, dataset)
    if is_made and not dataset.errors and frame.can("models.write"):
        st.button(
            "Train on it",
            key="train_on_it",
            type="primary",
            icon=":material/model_training:",
            on_click=train_on,
            args=(dataset.id,),
        )


def _downloads(api: Api, dataset: Dataset) -> None:
    with st.popover("Download", icon=":material/download:", key="dataset_downloads"):
        metadata = st.toggle(
            "With sources",
            value=True,
            key="with_metadata",
            help="Says of each row where it comes from, so that importing it gives the same dataset again. Without, "
            "the rows alone, as other programs take them.",
        )
        for name, (label, suffix, mime) in FORMATS.items():
            st.download_button(
                label,
                partial(api.export_dataset, dataset.id, name, metadata=metadata),
                file_name=f"dataset-v{dataset.version}.{suffix}",
                mime=mime,
                key=f"download_{name}",
                on_click="ignore",
                width="stretch",
            )


# --- what is in it ---------------------------------------------------------------
def _figures(dataset: Dataset) -> None:
    with st.grid(5, min_column_width=130, gap="small", key="dataset_figures"):
        st.metric("Training rows", f"{dataset.train:,}", border=True, help=SPLIT_HELP)
        st.metric("Validation rows", f"{dataset.validation:,}", border=True)
        st.metric("Held-out rows", f"{dataset.held_out:,}", border=True)
        st.metric("FAQs", f"{dataset.faqs:,}", border=True)
        st.metric("Tokens, about", f"{dataset.tokens:,}", border=True, help="What training reads once.")
    source = f"From the file {plain(dataset.file)}" if dataset.file else "From approved FAQs"
    parts = [source, f"by {plain(dataset.author)}", f"fingerprint {code(short_hash(dataset.content_hash or ''))}"]
    st.markdown(f":small[:gray[{' · '.join(parts[:2])}]] :small[:gray[· {parts[2]}]]")
    if dataset.notes:
        st.caption(f":material/smart_toy: {plain('. '.join(dataset.notes))}.")


def _findings(dataset: Dataset) -> None:
    errors = [one for one in dataset.findings if one.severity == "error"]
    warnings = [one for one in dataset.findings if one.severity == "warning"]
    if dataset.errors:
        with st.container(key="dataset_errors"):
            st.error(
                _listed(errors, dataset.errors),
                title=f"{plural(dataset.errors, 'error')}: this version cannot be trained on",
                icon=":material/error:",
            )
            st.caption("Mend the FAQs, then make the next version.")
    count = sum(dataset.found.values()) - dataset.errors
    if count > 0:
        with st.expander(plural(count, "warning"), icon=":material/warning:", key="dataset_warnings"):
            st.markdown(_listed(warnings, count))
    elif not dataset.errors:
        st.markdown(":green[:material/task_alt:] The checks found nothing wrong.")


def _listed(findings: Sequence[DatasetFinding], count: int) -> str:
    lines = [f"- {plain(sentence(one.text))}" for one in findings]
    if count > len(findings):
        lines.append(f"- and {count - len(findings):,} more")
    return "\n".join(lines)


# --- rows ------------------------------------------------------------------------
def _rows(api: Api, dataset: Dataset) -> None:
    section("Rows", key="rows")
    counts = {"train": dataset.train, "validation": dataset.validation, "held_out": dataset.held_out}
    chosen = st.segmented_control(
        "Rows of",
        [ALL, *SPLITS],
        default=ALL,
        required=True,
        format_func=lambda one: (
            f"{SPLITS[one]} · {counts[one]:,}" if one in SPLITS else f"All · {sum(counts.values()):,}"
        ),
        key="row_split",
        label_visibility="collapsed",
    )
    split = next((one for one in SPLITS if one == chosen), None)
    cursors = state.tune().rows
    call = partial(_read, api, dataset.id, split)
    page = at_cursor(cursors, (dataset.id, split), "rows", call)
    if page is None:
        return
    if not page.items:
        st.markdown(":gray[No row is in this part.]")
        return
    _table(page.items)
    pager(cursors, page, per_page=PER_PAGE, key="rows_pager")


def _read(api: Api, dataset_id: UUID, split: SplitName | None, cursor: str | None) -> Page[DatasetRow]:
    return api.dataset_rows(dataset_id, split=split, limit=PER_PAGE, cursor=cursor)


def _table(rows: Sequence[DatasetRow]) -> None:
    source_table(
        {
            "Split": [SPLITS[row.split] for row in rows],
            "Question": [row.question for row in rows],
            "Answer": [row.answer for row in rows],
            "Origin": [ORIGINS[row.origin] for row in rows],
        },
        [row.source for row in rows],
        widths={"Question": 300, "Answer": 240, "From": 150},
        key="row_table",
        alt=f"{plural(len(rows), 'row')} of the dataset",
    )
