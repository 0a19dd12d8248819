"""The passage behind a draft or a citation, its quote marked."""

import streamlit as st

from contracts.documents import SourceText
from frontend.safe_text import marked, paragraphs, plain

CONTEXT = 4_000


def place(section: str | None, page: int | None) -> str:
    """Where in a document: the section's path and the page, whichever is known."""
    parts = [plain(section)] if section else []
    if page is not None:
        parts.append(f"page {page}")
    return " · ".join(parts)


def show_passage(source: SourceText, *, quote: str = "", key: str) -> None:
    """The text around the quote. `quote` is looked up where the API gave no span."""
    start, end = _span(source, quote)
    low, high = max(start - CONTEXT, 0), min(end + CONTEXT, len(source.text))
    text = source.text[low:high]
    with st.container(key=f"passage_{key}", gap="small"):
        st.markdown(f"**{plain(source.document_name)}**  \n:gray[{place(source.section, source.page)}]")
        if start < end:
            st.markdown(":small[:orange-background[Marked]:gray[: the text that is quoted.]]")
        before, after = "… " if low else "", " …" if high < len(source.text) else ""
        with st.container(border=True):
            st.markdown(before + marked(text, start - low, end - low) + after)


def _span(source: SourceText, quote: str) -> tuple[int, int]:
    if source.start < source.end:
        return source.start, source.end
    at = source.text.find(quote) if quote else -1
    return (at, at + len(quote)) if at >= 0 else (0, 0)


def show_quote(quote: str, *, key: str) -> None:
    """What is left of a source that was deleted."""
    st.info("The source is no longer here. This is what was quoted from it.", icon=":material/link_off:")
    with st.container(key=f"passage_{key}", border=True):
        st.markdown(paragraphs(quote))
