"""Problems and emptiness, never one shown as the other."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.problem import Problem, ValidationProblem
from frontend import state
from frontend.api_client import ApiError
from frontend.components.words import everyday, sentence
from frontend.connection import current_api, is_key_refused
from frontend.safe_text import paragraphs, plain, told

R = TypeVar("R")
STATIC: Final = Path(__file__).parents[1] / "static"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "invalid_request": ("This cannot be used as it is", ""),
    "not_found": ("This is not here any more", "It was deleted, or it never was in this workspace."),
    "internal_error": ("Something went wrong", "It is not your doing. The server's log has the cause."),
}
"""Title and text for people, by code; "" leaves the API's text. The API's own words are precise, and for programs."""
_FIELDS: Final[Mapping[str, str]] = {"base_url": "Base URL", "daily_tokens": "Tokens a day"}
"""What the pages call a field of the API."""
_FIELD_NAME: Final = re.compile(rf"\b({'|'.join(_FIELDS)})\b")
_TOLD: Final[WeakKeyDictionary[DeltaGenerator, set[tuple[str, str]]]] = WeakKeyDictionary()
"""What a run of a page has shown, by its banner: several calls may fail of the same cause."""


def load(key: str, call: Callable[[], R], *, inline: bool = False) -> R | None:
    """The answer of `call`, or None after its problem was shown. `inline`: inside a fragment or a dialog."""
    try:
        found = call()
    except ApiError as error:
        show_problem(error, key=key, inline=inline)
        return None
    shared = state.session()
    if shared.offline_told_by == key:
        shared.offline_told_by = ""
    return found


def act(call: Callable[[], object], done: str = "") -> bool:
    """For button callbacks: does `call`; says `done`, or what went wrong, in the run that follows."""
    try:
        call()
    except ApiError as error:
        if not is_key_refused(error.problem):
            state.session().notice = error.problem
        return False
    if done:
        state.session().flash = state.Flash(done)
    return True


def show_problem(error: ApiError, *, key: str, inline: bool = False) -> None:
    if is_key_refused(error.problem):
        st.rerun()
    shared = state.session()
    if not error.is_offline:
        if inline or not _was_told(error.problem, shared.banner):
            problem_card(error.problem, key=key)
    elif shared.banner is None or (inline and _tells(shared, key)):
        st.warning(paragraphs(error.problem.detail), title=error.problem.title, icon=":material/cloud_off:")
    elif inline or shared.offline_shown:
        st.caption(":material/cloud_off: Waiting for the server.")
    else:
        shared.offline_shown, shared.readiness = True, None
        shared.readiness_at = 0.0
        with shared.banner:
            _offline_banner(error.problem)


def _tells(shared: state.Session, key: str) -> bool:
    """Whether this part of the page is the one that says it: the banner does not, and no other part."""
    if not shared.offline_shown and not shared.offline_told_by:
        shared.offline_told_by = key
    return shared.offline_told_by == key


def _was_told(problem: Problem, banner: DeltaGenerator | None) -> bool:
    if banner is None:
        return False
    told = _TOLD.setdefault(banner, set())
    is_new = (problem.code, problem.detail) not in told
    told.add((problem.code, problem.detail))
    return not is_new


def _offline_banner(problem: Problem) -> None:
    with st.container(key="offline"):
        st.warning(
            paragraphs(problem.detail) + "  \nTrying again every two seconds.",
            title=problem.title,
            icon=":material/cloud_off:",
        )
        _wait_for_server()


@st.fragment(run_every="2s")
def _wait_for_server() -> None:
    """Runs the whole page again when the server answers."""
    try:
        current_api().ready()
    except ApiError:
        return
    st.rerun()


def problem_card(problem: Problem, *, key: str, retry: bool = True) -> None:
    """What failed, what to do, and the reference that finds it in the log."""
    with st.container(key=f"problem_{key}", gap="small"):
        title, detail = _WORDS.get(problem.code, (problem.title, ""))
        lines = [detail or _said(problem)]
        if problem.request_id:
            lines.append(f":small[Reference {plain(problem.request_id)}]")
        st.error("\n\n".join(lines), title=plain(everyday(title)), icon=":material/error:")
        if retry and problem.retryable:
            st.button("Try again", icon=":material/refresh:", key=f"retry_{key}")


def _said(problem: Problem) -> str:
    """What the API says, once: field by field where several are wrong, never the title again."""
    if isinstance(problem, ValidationProblem) and len(problem.errors) > 1:
        return "\n".join(f"- {plain(item.field)}: {plain(item.message)}" for item in problem.errors)
    if not problem.detail or problem.detail == problem.title:
        return "Nothing was lost. You can try again."
    said = sentence(everyday(_FIELD_NAME.sub(lambda found: _FIELDS[found[0]], problem.detail)))
    return "  \n".join(told(line) for line in said.splitlines())


def empty_state(icon: str, title: str, body: str, *, key: str, picture: str = "") -> None:
    """What will be here. `picture` is a drawing in `static/`; without one the icon stands in."""
    with st.container(key=f"empty_{key}", horizontal_alignment="center", gap="xsmall"):
        if picture:
            st.image(str(STATIC / picture), width=168, alt="")
        else:
            st.markdown(f":gray[:material/{icon}:]", text_alignment="center", width="content")
        st.markdown(f"**{title}**", text_alignment="center")
        st.markdown(f":gray[{body}]", text_alignment="center", width=460)
