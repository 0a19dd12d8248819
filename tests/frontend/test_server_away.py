"""One notice while the server is away, and none when it is back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from contracts.chat import ChatEvent, RagChat, TokenEvent
from frontend.api_client import Api
from frontend.api_problems import offline
from tests.frontend.conftest import Pages
from tests.frontend.looking import words

CHAT = "pages/2_Chat.py"


def _notices(page: AppTest) -> int:
    said = [str(one.proto.title or one.value) for block in (page.warning, page.error) for one in block]
    return sum("not reachable" in one for one in said)


@dataclass
class Broken:
    """The server goes away after the first word."""

    pages: Pages
    conversation_id: UUID | None = None

    def __iter__(self) -> Iterator[ChatEvent]:
        yield TokenEvent(text="The warranty covers")
        self.pages.transport.is_down = True
        raise offline("The server does not answer. Your work is safe; this page goes on when it is back.")

    def hang_up(self) -> None:
        return None


@pytest.mark.usefixtures("sample")
def test_a_server_that_goes_away_within_an_answer_is_told_once_and_not_when_it_is_back(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def broken(_: Api, __: RagChat) -> Iterator[Broken]:
        yield Broken(pages)

    page = pages.open(CHAT)
    monkeypatch.setattr(Api, "chat", broken)
    page.chat_input[0].set_value("What does the warranty cover?").run()
    assert _notices(page) == 1
    assert "The warranty covers" in words(page)
    pages.transport.is_down = False
    page.run()
    assert _notices(page) == 0
    assert "The warranty covers" in words(page)
    assert "Interrupted" in words(page)
    assert any(button.key == "ask_again" for button in page.button)


def _two_fragments(away: "list[bool]") -> None:
    import streamlit as st

    from frontend import state
    from frontend.api_problems import offline
    from frontend.components.notices import load

    def call() -> str:
        if away[0]:
            raise offline("The server does not answer.")
        return "here"

    if state.session().banner is None:
        state.session().banner = st.container()
    for name in ("index", "turns"):
        load(name, call, inline=True)


def test_of_several_parts_that_ask_again_by_themselves_one_tells() -> None:
    away = [True]
    page = AppTest.from_function(_two_fragments, default_timeout=30, kwargs={"away": away}).run()
    for _ in range(2):
        assert _notices(page) == 1
        assert "Waiting for the server" in words(page)
        page.run()
    away[0] = False
    assert _notices(page.run()) == 0
    away[0] = True
    assert _notices(page.run()) == 1
