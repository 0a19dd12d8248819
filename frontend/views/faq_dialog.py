"""One FAQ in a drawer: its passage, its editor, its history; and the drawer that merges similar ones."""

from uuid import UUID

import streamlit as st

from contracts.faqs import Faq, FaqEdit, FaqRevision, FaqStatus, NewFaq
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.badges import FAQ_STATUS, badge_text, confidence_look
from frontend.components.faq_card import source_label
from frontend.components.notices import load, show_problem
from frontend.components.passage import show_passage, show_quote
from frontend.components.reviewer import Reviewer
from frontend.components.words import ago, distinct
from frontend.safe_text import model_text, plain

SHOWN = 50
TABS = {"source": "Source", "edit": "Edit", "history": "History"}


def close() -> None:
    view = state.faq()
    view.opened, view.editing, view.similar, view.stale_text = None, None, None, None
    view.writing = None
    st.query_params.pop("faq", None)


def open_dialogs(reviewer: Reviewer) -> None:
    """Opens what the state says, so that a rerun in the background does not close it."""
    view = state.faq()
    if view.is_rejecting:
        return
    if view.writing is not None:
        _writing_dialog(reviewer.api, view.writing)
        return
    if view.opened is None and view.similar is None:
        view.opened = state.query_id("faq")
    if view.opened is not None:
        st.query_params["faq"] = str(view.opened)
        _faq_dialog(reviewer, view.opened)
    elif view.similar is not None:
        _similar_dialog(reviewer, view.similar)


@st.dialog("FAQ", width="medium", position="right", icon=":material/quiz:", on_dismiss=close)
def _faq_dialog(reviewer: Reviewer, faq_id: UUID) -> None:
    view = state.faq()
    faq = load("dialog", lambda: reviewer.api.faq(faq_id), inline=True)
    if faq is None:
        return
    st.markdown(f"**{plain(faq.question)}**  \n{badge_text(FAQ_STATUS[faq.status])} {badge_text(confidence_look(faq))}")
    names = [name for name in TABS if name != "edit" or reviewer.may_review]
    chosen = st.segmented_control(
        "Part",
        names,
        default=view.opened_tab,
        format_func=TABS.__getitem__,
        required=True,
        key=f"part_{faq_id}_{view.opened_tab}",
        label_visibility="collapsed",
    )
    if chosen == "edit":
        _editor(reviewer.api, faq)
    elif chosen == "history":
        _history(reviewer.api, faq)
    else:
        _source(reviewer, faq)


def _source(reviewer: Reviewer, faq: Faq) -> None:
    st.markdown(model_text(faq.answer))
    if faq.source is None:
        st.caption(f"{source_label(faq)}: there is no document behind this FAQ.")
    elif faq.document_id is None:
        show_quote(faq.source.quote, key="faq")
    else:
        source = load("source", lambda: reviewer.api.faq_source(faq.id), inline=True)
        if source is not None:
            show_passage(source, key="faq")
    if reviewer.may_review:
        _decide(reviewer, faq)


def _decide(reviewer: Reviewer, faq: Faq) -> None:
    with st.container(horizontal=True, gap="small"):
        approved = faq.status is not FaqStatus.APPROVED and st.button(
            "Approve", key="dialog_approve", type="primary", icon=":material/check:"
        )
        rejected = faq.status is not FaqStatus.REJECTED and st.button(
            "Reject", key="dialog_reject", icon=":material/close:"
        )
    if approved or rejected:
        (reviewer.approve if approved else reviewer.reject)([faq.id])
        close()
        st.rerun()


def _editor(api: Api, faq: Faq) -> None:
    """The form belongs to the revision that was opened; a newer one is said, not overwritten."""
    view = state.faq()
    if view.editing is None or view.editing.id != faq.id:
        view.editing = faq
    faq = view.editing
    if view.stale_text is not None:
        _stale_note(view.stale_text)
    with st.form(f"edit_{faq.id}_{faq.revision}", border=False):
        question = st.text_input("Question", faq.question, max_chars=1_000)
        answer = st.text_area("Answer", faq.answer, height=220, max_chars=20_000)
        tags = st.multiselect(
            "Tags", faq.tags, default=faq.tags, accept_new_options=True, placeholder="Type a tag and press Enter"
        )
        if faq.status is FaqStatus.APPROVED:
            st.caption("This FAQ is approved: the new text is used for answers as soon as it is indexed.")
        saved = st.form_submit_button("Save", type="primary", icon=":material/save:")
    if saved:
        _save(api, faq, question, answer, tags)


def _save(api: Api, faq: Faq, question: str, answer: str, tags: list[str]) -> None:
    view = state.faq()
    if not question.strip() or not answer.strip():
        st.warning("Question and answer must not be empty.", icon=":material/edit_off:")
        return
    edit = FaqEdit(revision=faq.revision, question=question, answer=answer, tags=tags)
    try:
        api.edit_faq(faq.id, edit)
    except ApiError as error:
        if error.problem.code != "stale_revision":
            show_problem(error, key="edit", inline=True)
            return
        view.stale_text = (question, answer)
        view.editing = None
        st.rerun(scope="fragment")
    state.session().flash = state.Flash("Saved")
    close()
    st.rerun()


def _stale_note(own: tuple[str, str]) -> None:
    st.warning(
        "The newer text is loaded below. Your own text is here to copy from; nothing of it was saved.",
        title="Somebody saved this FAQ while you edited it",
        icon=":material/sync_problem:",
    )
    with st.expander("Your text", expanded=True, key="own_text"):
        st.code("\n\n".join(own), language=None, wrap_lines=True)


def _history(api: Api, faq: Faq) -> None:
    revisions = load("history", lambda: api.faq_revisions(faq.id), inline=True)
    if revisions is None:
        return
    for revision in sorted(revisions, key=lambda item: item.revision, reverse=True):
        _revision(revision, is_current=revision.revision == faq.revision)


def _revision(revision: FaqRevision, *, is_current: bool) -> None:
    with st.container(border=True, gap="xsmall", key=f"revision_{revision.revision}"):
        now = " :green-badge[:material/check: Current]" if is_current else ""
        st.markdown(
            f":small[:gray[Revision {revision.revision} · {plain(revision.author)} · {ago(revision.created_at)}]]{now}"
        )
        st.markdown(f"**{plain(revision.question)}**")
        st.markdown(model_text(revision.answer))


@st.dialog("Similar questions", width="medium", position="right", icon=":material/content_copy:", on_dismiss=close)
def _similar_dialog(reviewer: Reviewer, group_id: UUID) -> None:
    found = load("similar", lambda: _members(reviewer.api, group_id), inline=True)
    if found is None:
        return
    members = [faq for faq in found if faq.status is not FaqStatus.REJECTED]
    if len(members) < 2:
        st.info("Only one of these is left: there is nothing to merge.", icon=":material/task_alt:")
        return
    st.markdown(
        ":gray[These mean nearly the same. The one you keep is approved, the others are rejected; undo takes it back.]"
    )
    opened = state.faq().similar_from
    chosen = _chosen(members, opened)
    shown = [members[chosen], *(faq for faq in members if faq.id != members[chosen].id)][:SHOWN]
    shown.sort(key=members.index)
    names = distinct({faq.id: plain(faq.question) for faq in shown})
    keep = st.radio(
        "Keep",
        list(names),
        index=shown.index(members[chosen]),
        format_func=names.__getitem__,
        captions=[f"{_excerpt(faq.answer)}  \n{source_label(faq)} · {confidence_look(faq)[2]}" for faq in shown],
        disabled=not reviewer.may_review,
        key=f"keep_{group_id}_{opened}",
    )
    if len(members) > len(shown):
        st.caption(f"{len(members) - len(shown):,} more are alike; they are rejected too.")
    if reviewer.may_review and st.button(
        f"Keep this one, reject {len(members) - 1}", type="primary", icon=":material/merge:", key="merge"
    ):
        reviewer.merge([faq.id for faq in members], keep)
        close()
        st.rerun()


@st.dialog("Write a FAQ", width="medium", position="right", icon=":material/edit_note:", on_dismiss=close)
def _writing_dialog(api: Api, question: str) -> None:
    """`question` is what the form begins with."""
    with st.form(state.form_key("write_faq"), border=False):
        asked = st.text_input("Question", question, max_chars=1_000, key=state.form_key("new_question"))
        answer = st.text_area("Answer", height=220, max_chars=20_000, key=state.form_key("new_answer"))
        tags = st.multiselect(
            "Tags",
            [],
            accept_new_options=True,
            placeholder="Type a tag and press Enter",
            key=state.form_key("new_tags"),
        )
        st.caption("It is approved at once: questions are answered from it as soon as it is indexed.")
        saved = st.form_submit_button("Save and approve", type="primary", icon=":material/save:")
    if not saved:
        return
    if not asked.strip() or not answer.strip():
        st.warning("Question and answer must not be empty.", icon=":material/edit_off:")
        return
    made = load("write", lambda: api.create_faq(NewFaq(question=asked, answer=answer, tags=tags)), inline=True)
    if made is not None:
        state.session().flash = state.Flash("Saved and approved: it is used for answers as soon as it is indexed")
        close()
        st.rerun()


def _excerpt(text: str) -> str:
    words = plain(text[:400])
    return f"{words} …" if len(text) > 400 else words


def _members(api: Api, group_id: UUID) -> list[Faq]:
    found: list[Faq] = []
    cursor: str | None = None
    while True:
        page = api.faqs(group_id=group_id, limit=200, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def _chosen(members: list[Faq], opened: UUID | None) -> int:
    """Proposed to be kept: the one that was looked at, else what is approved already, then what is surest."""
    for at, faq in enumerate(members):
        if faq.id == opened:
            return at
    order = [(faq.status is FaqStatus.APPROVED, faq.confidence) for faq in members]
    return order.index(max(order))
