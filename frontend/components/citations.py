"""What an answer rests on: numbered sources that open their passage."""

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from contracts.chat import Citation
from contracts.faqs import Faq
from frontend.api_client import Api, ApiError
from frontend.components.notices import show_problem
from frontend.components.passage import place, show_passage, show_quote
from frontend.safe_text import cited_text, model_text, plain

Opener = Callable[[Citation], None]
# A link of Markdown cannot call the server: it presses the button of its source in the row below the answer.
_MARKS_OPEN: Final = """<script>
if (!window.nexusMarks) {
  window.nexusMarks = true;
  document.addEventListener("click", (event) => {
    const mark = event.target.closest?.('a[href^="#cite_"]');
    if (!mark) return;
    event.preventDefault();
    document.querySelector("." + CSS.escape("st-key-" + mark.getAttribute("href").slice(1)) + " button")?.click();
  }, true);
}
</script>"""


def marks_open() -> None:
    """Lets the marks of `cited_markdown` open their sources. Once on a page that shows answers."""
    with st.container(key="marks_open"):
        st.html(_MARKS_OPEN, unsafe_allow_javascript=True)


def cited_markdown(text: str, citations: Sequence[Citation], *, key: str) -> str:
    """An answer whose marks are links, by mouse and keyboard, to the rows of `citation_list` with the same `key`."""
    return cited_text(text, {citation.n: f"#{_row_key(key, citation.n)}" for citation in citations})


def _row_key(key: str, n: int) -> str:
    return f"cite_{key}_{n}"


def citation_label(citation: Citation) -> str:
    """`[1] handbook.pdf · Onboarding · page 3`, or the FAQ's question where there is no document."""
    where = place(citation.section, citation.page)
    name = plain(citation.document_name) if citation.document_name else plain(citation.title)
    return f"\\[{citation.n}\\] {name}" + (f" · {where}" if where else "")


def citation_list(citations: Sequence[Citation], *, key: str, on_open: Opener) -> None:
    if not citations:
        return
    with st.container(key=f"citations_{key}", gap="xsmall"):
        for citation in citations:
            st.button(
                citation_label(citation),
                key=_row_key(key, citation.n),
                icon=":material/quiz:" if citation.faq_id and not citation.document_id else ":material/description:",
                type="tertiary",
                wrap=True,
                on_click=on_open,
                args=(citation,),
            )


def show_source(api: Api, citation: Citation) -> None:
    """The passage with the quote marked; for a FAQ also the FAQ itself; above both the collection, where there are
    several to find it in."""
    if citation.collection is not None:
        st.caption(f":material/folder: From {plain(citation.collection)}")
    faq, is_gone = _faq(api, citation)
    if faq is not None:
        with st.container(key="cited_faq", border=True, gap="xsmall"):
            st.markdown(f":green-badge[:material/check: Approved FAQ] **{plain(faq.question)}**")
            st.markdown(model_text(faq.answer))
    if is_gone:
        show_quote(citation.quote, key="gone")
    elif citation.passage_id is not None or (faq is not None and faq.document_id is not None):
        _passage(api, citation)
    elif faq is not None and faq.source is not None:
        show_quote(faq.source.quote, key="gone")


def _faq(api: Api, citation: Citation) -> tuple[Faq | None, bool]:
    if citation.faq_id is None:
        return None, False
    try:
        return api.faq(citation.faq_id), False
    except ApiError as error:
        if error.problem.status != 404:
            show_problem(error, key="cited_faq", inline=True)
        return None, error.problem.status == 404


def _passage(api: Api, citation: Citation) -> None:
    try:
        if citation.passage_id is not None:
            source = api.passage(citation.passage_id)
        elif citation.faq_id is not None:
            source = api.faq_source(citation.faq_id)
        else:
            return
    except ApiError as error:
        if error.problem.status == 404:
            show_quote(citation.quote, key="gone")
        else:
            show_problem(error, key="cited_passage", inline=True)
        return
    show_passage(source, quote=citation.quote, key="cited")
