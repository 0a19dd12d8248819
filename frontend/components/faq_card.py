"""A draft as the reviewer sees it: question, answer, how sure, why, and where from."""

import re
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.faqs import Faq, FaqStatus
from frontend import state
from frontend.components.badges import FAQ_STATUS, badge_text, confidence_look
from frontend.components.passage import place
from frontend.components.reviewer import Reviewer
from frontend.components.words import plural
from frontend.safe_text import model_text, plain

KINDS: Final = {
    "question": "Question in the text",
    "howto": "How-to",
    "comparison": "Comparison",
    "definition": "Definition",
    "topic": "Topic",
    "imported": "Imported",
    "manual": "Written by hand",
}

_MARKDOWN: Final = re.compile(r"[\\`*_{}\[\]()<>#+!|~$^=:&]")


def pick_key(faq_id: UUID) -> str:
    return f"pick_{state.faq().round}_{faq_id}"


def faq_card(faq: Faq, reviewer: Reviewer, *, is_current: bool, show_status: bool) -> None:
    """One card. The current one carries the keyboard's shortcuts."""
    with st.container(border=True, key="faq_current" if is_current else f"faq_{faq.id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="top", gap="small", wrap=False):
            if reviewer.may_review:
                st.checkbox(f"Select: {_spoken(faq.question)}", key=pick_key(faq.id), label_visibility="collapsed")
            st.markdown(f"**{plain(faq.question)}**", width="stretch")
        st.markdown(model_text(faq.answer))
        st.markdown(_facts(faq, show_status=show_status))
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"foot_{faq.id}"
        ):
            with st.container(horizontal=True, width="content", gap="small", vertical_alignment="center"):
                _openers(faq, reviewer, is_current=is_current)
            if reviewer.may_review:
                with st.container(horizontal=True, width="content", gap="small"):
                    _decisions(faq, reviewer, is_current=is_current)


def _spoken(text: str) -> str:
    """`text` for a label that is only read out, escapes and all: what Markdown would act on is left out instead."""
    return " ".join(_MARKDOWN.sub(" ", text).split())


def _facts(faq: Faq, *, show_status: bool) -> str:
    badges = [badge_text(confidence_look(faq))]
    if show_status:
        badges.insert(0, badge_text(FAQ_STATUS[faq.status]))
    if faq.drafted_by:
        badges.append(":violet-badge[:material/smart_toy: Drafted by a model]")
    if not faq.drafted_by or faq.kind != "question":
        badges.append(f":gray-badge[{KINDS[faq.kind]}]")
    badges += [f":blue-badge[{plain(tag)}]" for tag in faq.tags]
    lines = [" ".join(badges)]
    if faq.reason:
        lines.append(f":small[:gray[Why: {plain(faq.reason)}]]")
    return "  \n".join(lines)


def source_label(faq: Faq) -> str:
    """Document, section and page on one line, or what stands in for them."""
    if faq.source is None:
        return KINDS[faq.kind]
    where = place(faq.source.section, faq.source.page)
    name = plain(faq.document_name or "Deleted document")
    return f"{name} · {where}" if where else name


def _openers(faq: Faq, reviewer: Reviewer, *, is_current: bool) -> None:
    has_source = faq.source is not None
    st.button(
        source_label(faq) if has_source else "History",
        key=f"source_{faq.id}",
        type="tertiary",
        icon=":material/description:" if has_source else ":material/history:",
        shortcut="S" if is_current else None,
        wrap=True,
        on_click=reviewer.open,
        args=(faq, "source" if has_source else "history"),
    )
    if faq.group_size > 1:
        others = faq.group_size - (faq.status is not FaqStatus.REJECTED)
        st.button(
            f"{others} similar",
            key=f"similar_{faq.id}",
            type="tertiary",
            icon=":material/content_copy:",
            help=f"{plural(faq.group_size, 'question')} that mean nearly the same. Open to keep one.",
            on_click=reviewer.open_similar,
            args=(faq,),
        )


def _decisions(faq: Faq, reviewer: Reviewer, *, is_current: bool) -> None:
    st.button(
        "Edit",
        key=f"edit_{faq.id}",
        type="tertiary",
        icon=":material/edit:",
        shortcut="E" if is_current else None,
        on_click=reviewer.open,
        args=(faq, "edit"),
    )
    if faq.status is not FaqStatus.REJECTED:
        st.button(
            "Reject",
            key=f"reject_{faq.id}",
            icon=":material/close:",
            shortcut="X" if is_current else None,
            on_click=reviewer.reject,
            args=([faq.id],),
        )
    if faq.status is not FaqStatus.APPROVED:
        st.button(
            "Approve",
            key=f"approve_{faq.id}",
            icon=":material/check:",
            shortcut="A" if is_current else None,
            on_click=reviewer.approve,
            args=([faq.id],),
        )
