"""Fields of an agent's form: what it keeps of its visitors, after which consent, how long."""

import re
import unicodedata
from collections.abc import Sequence
from functools import partial
from typing import Final, get_args

import streamlit as st

from contracts.lead_fields import OWN_FIELDS, STANDARD, FieldKind, LeadFields, OwnField, StandardField
from frontend import state
from frontend.components.agent_fields import Known
from frontend.components.lead_words import LABELS

KINDS: Final[dict[FieldKind, str]] = {
    "text": "Text",
    "number": "Number",
    "choice": "Choice",
    "date": "Date",
    "boolean": "Yes or no",
}


def lead_fields_form(known: Known, *, of: str) -> dict[str, object]:
    """`of` names the template: another one fills the form anew."""
    before = known.lead_fields
    standard: Sequence[StandardField] = st.pills(
        "Of every visitor",
        list(STANDARD),
        selection_mode="multi",
        default=before.standard if before is not None else [],
        format_func=LABELS.__getitem__,
        key=state.form_key(f"lead_standard_{of}"),
    )
    own = _own_rows()
    consent = st.text_area(
        "Consent text",
        known.consent_text or "",
        max_chars=1_000,
        key=state.form_key(f"lead_consent_{of}"),
        placeholder="We keep what you say about yourself, to call you back. Is that all right?",
        help="Asked in the talk. Until the visitor agrees nothing is kept. Empty: it is kept without asking.",
    )
    days_key = state.form_key(f"lead_days_{of}")
    # A number field that is given its value cannot be emptied; one whose state is set can.
    st.session_state.setdefault(days_key, known.retention_days)
    days = st.number_input(
        "Days that a lead is kept",
        1,
        3_650,
        value=None,
        step=30,
        placeholder="Until it is deleted",
        key=days_key,
        width=260,
    )
    chosen = [name for name in STANDARD if name in standard]
    return {
        "lead_fields": {"standard": chosen, "own": own} if chosen or own else _nothing(before),
        "consent_text": (consent or "").strip() or None,
        "retention_days": days,
    }


def _nothing(before: LeadFields | None) -> dict[str, object] | None:
    """Fields that are none already stay so: that is no change."""
    return {"standard": [], "own": []} if before is not None and not before.any else None


# --- fields of the agent's own -------------------------------------------------------
def begin_own(fields: Sequence[OwnField]) -> None:
    """The form's rows are these."""
    view = state.smart()
    view.own = []
    for field in fields:
        _add(field)


def _add(before: OwnField | None = None) -> None:
    view = state.smart()
    view.own_made += 1
    view.own.append(state.OwnRow(view.own_made, before))


def _remove(key: int) -> None:
    view = state.smart()
    view.own = [one for one in view.own if one.key != key]


def _own_rows() -> list[dict[str, object]]:
    rows = state.smart().own
    st.markdown(":small[Fields of your own]")
    found = [_row(place, row) for place, row in enumerate(rows, 1)]
    if len(rows) < OWN_FIELDS:
        st.button("Add a field", key="add_own", type="tertiary", icon=":material/add:", on_click=_add)
    return found


def _row(place: int, row: state.OwnRow) -> dict[str, object]:
    """An input each for name, kind, question and, of a choice, its choices."""
    before = row.before
    with st.container(border=True, key=f"own_{row.key}", gap="xsmall"):
        with st.grid(3, min_column_width=180, gap="small"):
            name = st.text_input(
                "Name",
                before.name.replace("_", " ") if before is not None else "",
                max_chars=50,
                key=f"own_name_{row.key}",
                placeholder="order number",
            )
            kind: FieldKind = st.selectbox(
                "Kind",
                list(get_args(FieldKind)),
                index=list(KINDS).index(before.kind) if before is not None else 0,
                format_func=KINDS.__getitem__,
                key=f"own_kind_{row.key}",
            )
            question = st.text_input(
                "Question",
                before.question if before is not None else "",
                max_chars=300,
                key=f"own_question_{row.key}",
                placeholder="Which order is it about?",
                help="As the agent would ask it: what the visitor answers to it is the field's value.",
            )
        choices = ""
        if kind == "choice":
            choices = st.text_input(
                "Choices",
                ", ".join(before.choices) if before is not None else "",
                key=f"own_choices_{row.key}",
                placeholder="Basic, Plus, Enterprise",
                help="With commas between them.",
            )
        st.button(
            f"Remove field {place}",
            key=f"remove_own_{row.key}",
            type="tertiary",
            icon=":material/close:",
            on_click=partial(_remove, row.key),
        )
    split = [one.strip() for one in choices.split(",") if one.strip()]
    return {"name": field_name(name), "kind": kind, "question": question.strip(), "choices": split}


def field_name(text: str) -> str:
    """`Order number` as the API has it: `order_number`."""
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
