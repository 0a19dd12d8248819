"""States as icon and word, never as colour alone."""

from typing import Final, Literal

import streamlit as st

from contracts.documents import DocumentStatus
from contracts.faqs import CONFIDENT, Faq, FaqStatus
from contracts.jobs import JobStatus
from contracts.system import ComponentStatus

Colour = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray", "primary"]
Look = tuple[Colour, str, str]

FAQ_STATUS: Final[dict[FaqStatus, Look]] = {
    FaqStatus.DRAFT: ("orange", "schedule", "To review"),
    FaqStatus.APPROVED: ("green", "check", "Approved"),
    FaqStatus.REJECTED: ("gray", "close", "Rejected"),
}
JOB_STATUS: Final[dict[JobStatus, Look]] = {
    JobStatus.PENDING: ("gray", "schedule", "Waiting"),
    JobStatus.RUNNING: ("blue", "progress_activity", "Running"),
    JobStatus.SUCCEEDED: ("green", "check", "Done"),
    JobStatus.FAILED: ("red", "error", "Failed"),
    JobStatus.CANCELLED: ("gray", "block", "Cancelled"),
}
DOCUMENT_STATUS: Final[dict[DocumentStatus, Look]] = {
    DocumentStatus.PENDING: ("blue", "progress_activity", "Being read"),
    DocumentStatus.READY: ("green", "check", "Ready"),
    DocumentStatus.FAILED: ("red", "error", "Failed"),
    DocumentStatus.CANCELLED: ("gray", "block", "Cancelled"),
}
HEALTH: Final[dict[ComponentStatus, Look]] = {
    ComponentStatus.OK: ("green", "check_circle", "Operational"),
    ComponentStatus.DEGRADED: ("orange", "warning", "Degraded"),
    ComponentStatus.DOWN: ("red", "error", "Down"),
}
HEALTH_TEXT: Final[dict[ComponentStatus, str]] = {
    ComponentStatus.OK: "All services running",
    ComponentStatus.DEGRADED: "Some parts are degraded",
    ComponentStatus.DOWN: "Server not ready",
}


def badge(look: Look) -> None:
    colour, icon, word = look
    st.badge(word, icon=f":material/{icon}:", color=colour)


def badge_text(look: Look) -> str:
    colour, icon, word = look
    return f":{colour}-badge[:material/{icon}: {word}]"


def health_dot(status: ComponentStatus) -> str:
    colour, icon, _ = HEALTH[status]
    return f":{colour}[:material/{icon}:]"


def confidence_look(faq: Faq) -> Look:
    percent = f"{faq.confidence:.0%}"
    if faq.confidence >= CONFIDENT:
        return "green", "verified", f"Confident {percent}"
    if faq.confidence >= 0.5:
        return "orange", "help", f"Check {percent}"
    return "red", "priority_high", f"Unsure {percent}"
