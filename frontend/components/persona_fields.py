"""Fields of an agent's form: how it speaks."""

from typing import Final

import streamlit as st

from contracts.personas import OWN_LANGUAGE, Persona
from frontend import state

LANGUAGES: Final[dict[str, str]] = {
    OWN_LANGUAGE: "The visitor's",
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "he": "Hebrew",
}
"""Offered by name; any other is typed as its code."""
LINES: Final = 1_000


def persona_fields(before: Persona, workspace: Persona, *, of: str) -> dict[str, object]:
    """What is left empty is as the `workspace` has it. `of` names the template: another one fills the form anew."""
    with st.grid(2, min_column_width=260, gap="small"):
        role = st.text_input(
            "Role",
            before.role or "",
            max_chars=300,
            key=_key("role", of),
            placeholder=workspace.role or "a sales adviser of the company",
            help="Whom it speaks as.",
        )
        tone = st.text_input(
            "Tone",
            before.tone or "",
            max_chars=300,
            key=_key("tone", of),
            placeholder=workspace.tone or "warm, and to the point",
        )
    language = _language(before, of)
    with st.grid(2, min_column_width=260, gap="small"):
        do = _rules("Do", before.do, workspace.do, _key("do", of))
        avoid = _rules("Do not", before.avoid, workspace.avoid, _key("avoid", of))
    greeting = st.text_area(
        "Greeting",
        before.greeting or "",
        max_chars=LINES,
        key=_key("greeting", of),
        placeholder=workspace.greeting or "Hello! What are you looking for?",
        help="Said first, before the visitor has written anything.",
    )
    handover = st.text_area(
        "When a person takes over",
        before.handover or "",
        max_chars=LINES,
        key=_key("handover", of),
        placeholder=workspace.handover or "the visitor asks for a person or a contract",
    )
    return {
        "role": _said(role),
        "tone": _said(tone),
        "language": language,
        "do": _kept(do, before.do),
        "avoid": _kept(avoid, before.avoid),
        "greeting": _said(greeting),
        "handover": _said(handover),
    }


def _key(name: str, of: str) -> str:
    return state.form_key(f"persona_{name}_{of}")


def _language(before: Persona, of: str) -> str | None:
    offered = list(LANGUAGES)
    if before.language is not None and before.language not in LANGUAGES:
        offered.append(before.language)
    chosen: str | None = st.selectbox(
        "Language",
        offered,
        index=offered.index(before.language) if before.language is not None else None,
        format_func=lambda code: LANGUAGES.get(code, code),
        key=_key("language", of),
        accept_new_options=True,
        placeholder="As the workspace has it",
        help="Another one by its code, such as `pt-BR`. Its country is that of phone numbers without one.",
    )
    return chosen


def _rules(label: str, before: list[str] | None, workspace: list[str] | None, key: str) -> str:
    return st.text_area(
        label,
        "\n".join(before or []),
        key=key,
        placeholder="\n".join(workspace or []) or "One a line",
        help="One a line, 20 at most.",
    )


def _said(text: str | None) -> str | None:
    return (text or "").strip() or None


def _kept(text: str | None, before: list[str] | None) -> list[str] | None:
    """An empty list, which takes away what the workspace says, stays one."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines or ([] if before == [] else None)
