"""What a talk has told of its visitor: every value with the words that it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.agents import Agent
from contracts.lead_records import CapturedLead, ConsentState, Evidence, PastEvidence
from frontend.components.badges import badge
from frontend.components.lead_words import STAGES, field_label, value_text
from frontend.safe_text import marked, plain

AROUND: Final = 120
"""Characters of the message that are shown on either side of the words a value came from."""
KEPT: Final[Mapping[ConsentState, str]] = {
    "not_required": ":material/lock: Kept encrypted; this agent asks for no consent.",
    "required": ":material/hourglass_empty: Nothing is kept until the visitor agrees.",
    "given": ":material/verified_user: Kept encrypted; the visitor agreed.",
    "refused": ":material/block: The visitor did not agree: nothing of them is kept.",
}


@dataclass(frozen=True)
class Messages:
    """What the visitor wrote, oldest first, by id; `unsaved` is the one whose id is not known yet."""

    saved: Mapping[UUID, str]
    unsaved: str = ""

    def of(self, evidence: Evidence) -> tuple[int, str]:
        """Its number, from 1, and its text; 0 and nothing for one that is not here."""
        ids = list(self.saved)
        if evidence.message_id in self.saved:
            return ids.index(evidence.message_id) + 1, self.saved[evidence.message_id]
        return (len(ids) + 1, self.unsaved) if self.unsaved else (0, "")


def lead_card(agent: Agent, lead: CapturedLead | None, consent: ConsentState, messages: Messages) -> None:
    """Nothing in it has a key, so that it can be drawn anew while an answer comes."""
    fields = kept_fields(agent)
    if not fields:
        st.markdown(":gray[This agent keeps nothing of its visitors. What it keeps is chosen under Configure.]")
        return
    _standing(lead)
    for name in fields:
        past = [one for one in lead.history if one.field == name] if lead is not None else []
        _field(name, lead.values.get(name) if lead is not None else None, past, messages)
    st.markdown(f":small[:gray[{KEPT[consent]}]]")


def kept_fields(agent: Agent) -> list[str]:
    """In the order in which they are shown."""
    if agent.lead_fields is None:
        return []
    return [*agent.lead_fields.standard, *(one.name for one in agent.lead_fields.own)]


def _standing(lead: CapturedLead | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if lead is None:
            st.markdown(":gray[Fills in as the visitor says something of themselves.]")
            return
        st.markdown(f"Score **{lead.score}** of 100", width="content")
        badge(STAGES[lead.stage])


def _field(name: str, value: Evidence | None, past: Sequence[PastEvidence], messages: Messages) -> None:
    label = f":small[:gray[{plain(field_label(name))}]]"
    gone = " ".join(f"~~{plain(value_text(one.value))}~~" for one in past)
    if value is None:
        st.markdown(f"{label}  \n{gone or ':gray[–]'}", help=_why(past[-1], messages) if past else None)
        return
    now = f"**{plain(value_text(value.value))}**"
    st.markdown(f"{label}  \n{f'{gone} {now}' if gone else now}", help=_why(value, messages))


def _why(evidence: Evidence, messages: Messages) -> str:
    """The words that a value came from, marked in the message, and how sure that is."""
    number, text = messages.of(evidence)
    start, end = evidence.start, evidence.end
    if text[start:end] != evidence.raw:
        where, said = "In the talk", f":orange-background[{plain(evidence.raw)}]"
    else:
        low, high = max(start - AROUND, 0), min(end + AROUND, len(text))
        cut = marked(" ".join(text[low:high].split("\n")), start - low, end - low)
        said = f"{'… ' if low else ''}{cut}{' …' if high < len(text) else ''}"
        where = f"In message {number}"
    taken_back = " · taken back later" if isinstance(evidence, PastEvidence) else ""
    return f"{where}:  \n{said}  \n:small[{evidence.confidence:.0%} sure{taken_back}]"
