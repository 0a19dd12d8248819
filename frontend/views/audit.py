"""What was promoted, rolled back and deleted, by whom and why: the list that outlives an alias."""

from typing import Final

import streamlit as st

from contracts.comparisons import AuditEvent
from frontend import state
from frontend.components.pager import at_cursor, pager
from frontend.components.verdict import verdict_words
from frontend.components.words import ago, sentence
from frontend.layout import Frame, section
from frontend.safe_text import code, plain

PER_PAGE: Final = 20
ACTIONS: Final = {
    "alias.promoted": ":material/rocket_launch: {subject} means **{to}**",
    "alias.overridden": ":material/edit_note: {subject} means **{to}**, which the votes did not decide",
    "alias.rolled_back": ":material/undo: {subject} means **{to}** again, no longer **{from}**",
    "alias.deleted": ":material/delete: {subject} was deleted; it meant **{from}**",
}


def audit_list(frame: Frame) -> None:
    """Nothing before the first event, and for a role that may not read them."""
    if not frame.can("audit.read"):
        return
    cursors = state.compare().audit
    page = at_cursor(cursors, ("audit",), "audit", lambda at: frame.api.audit(limit=PER_PAGE, cursor=at))
    if page is None or not (page.items or cursors.before):
        return
    section("Audit list", key="audit")
    with st.container(border=True, key="audit", gap="small"):
        for event in page.items:
            st.markdown("  \n".join([_done(event), *(f":small[:gray[{line}]]" for line in _more(event))]))
    pager(cursors, page, per_page=PER_PAGE, key="audit_pager")


def _done(event: AuditEvent) -> str:
    told = {name: plain(text) for name, text in event.details.items()}
    words = ACTIONS.get(event.action, plain(event.action) + ": {subject}")
    return words.format(subject=code(event.subject), **{"to": "", "from": ""} | told)


def _more(event: AuditEvent) -> list[str]:
    lines = [sentence(f"{ago(event.at)} by {plain(event.actor)}")]
    if verdict := event.details.get("verdict"):
        lines.append(f"The votes then: {verdict_words(verdict)}")
    if reason := event.details.get("reason"):
        lines.append(f"The reason given: {plain(sentence(reason))}")
    return lines
