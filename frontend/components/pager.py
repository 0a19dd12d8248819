"""Lists that are read page by page, along the cursors of the API."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from contracts.page import Page
from frontend.components.notices import load
from frontend.state import Cursors

T = TypeVar("T")


def at_cursor(
    cursors: Cursors, of: tuple[object, ...], key: str, call: Callable[[str | None], Page[T]]
) -> Page[T] | None:
    """The page where the list `of` is; another list than before begins anew. None after its problem was shown."""
    if cursors.of != of:
        cursors.of, cursors.before, cursors.now = of, [], None
    return load(key, lambda: call(cursors.now))


def pager(cursors: Cursors, page: Page[T], *, per_page: int, key: str) -> None:
    """Which of the list is shown, and the buttons to go on and back; nothing where it fits one page."""
    if not cursors.before and page.next_cursor is None:
        return
    first = len(cursors.before) * per_page
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small", key=key):
        st.markdown(f":small[:gray[{first + 1:,} to {first + len(page.items):,}]]", width="content")
        st.button(
            "Previous page",
            key=f"{key}_back",
            icon=":material/chevron_left:",
            disabled=not cursors.before,
            on_click=_back,
            args=(cursors,),
        )
        st.button(
            "Next page",
            key=f"{key}_on",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=page.next_cursor is None,
            on_click=_on,
            args=(cursors, page.next_cursor),
        )


def _back(cursors: Cursors) -> None:
    cursors.now = cursors.before.pop()


def _on(cursors: Cursors, following: str) -> None:
    cursors.before.append(cursors.now)
    cursors.now = following
