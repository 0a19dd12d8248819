"""Signing in with a key, over the real app, without a browser."""

from streamlit.testing.v1 import AppTest

from contracts.access import Role
from frontend import state
from tests.frontend.conftest import KeyPages

CHAT = "pages/2_Chat.py"
FAQ = "pages/1_FAQ_Extraction.py"
SETTINGS = "pages/9_Settings.py"


def _titles(page: AppTest) -> list[str]:
    assert not page.exception, page.exception
    return [str(title.value) for title in page.title]


def _sign_in(page: AppTest, key: str) -> AppTest:
    page.text_input[0].set_value(key)
    return page.button[0].click().run()


def _press(page: AppTest, key: str) -> AppTest:
    return next(button for button in page.button if button.key == key).click().run()


def _scripts(page: AppTest) -> str:
    return "".join(str(element.proto) for element in page.get("html"))


def _shared(page: AppTest) -> state.Session:
    shared = page.session_state["nexus_session"]
    assert isinstance(shared, state.Session)
    return shared


def test_a_page_shows_nothing_before_a_key_is_given(key_pages: KeyPages) -> None:
    page = key_pages.open(CHAT)
    assert _titles(page) == ["Sign in"]
    assert not page.warning


def test_a_key_opens_the_page_that_was_asked_for_and_is_held_by_an_id_only(key_pages: KeyPages) -> None:
    key = key_pages.new_key(Role.ADMIN)
    page = _sign_in(key_pages.open(CHAT), key)
    assert _titles(page) == ["Chat"]
    shared = _shared(page)
    assert key_pages.sign_ins.key(shared.sign_in) == key
    assert key_pages.sign_ins.redeem(shared.ticket) == shared.sign_in
    assert key not in repr(page.session_state)
    assert shared.sign_in not in repr(shared)


def test_a_refresh_is_signed_in_by_the_cookie(key_pages: KeyPages) -> None:
    key_pages.cookie = key_pages.sign_ins.start(key_pages.new_key(Role.ADMIN))
    page = key_pages.open(SETTINGS)
    assert _titles(page) == ["Settings"]
    assert _shared(page).sign_in == key_pages.cookie


def test_a_cookie_that_stands_for_nothing_asks_for_a_key_and_is_not_taken_over(key_pages: KeyPages) -> None:
    key_pages.cookie = "chosen-by-somebody-else"
    page = key_pages.open(CHAT)
    assert _titles(page) == ["Sign in"]
    assert "Your sign-in has ended" in str(page.warning[0].value)
    page = _sign_in(page, key_pages.new_key(Role.ADMIN))
    assert _titles(page) == ["Chat"]
    assert _shared(page).sign_in != key_pages.cookie


def test_a_cookie_whose_key_was_revoked_asks_for_another_one(key_pages: KeyPages) -> None:
    key_pages.cookie = key_pages.sign_ins.start(key_pages.new_key(Role.SALES))
    key_pages.revoke(Role.SALES)
    page = key_pages.open(CHAT)
    assert _titles(page) == ["Sign in"]
    assert "Your key is no longer valid" in str(page.warning[0].value)


def test_an_unknown_key_signs_nobody_in(key_pages: KeyPages) -> None:
    page = _sign_in(key_pages.open(CHAT), "nxk_unknown")
    assert _titles(page) == ["Sign in"]
    assert [str(error.proto.title) for error in page.error] == ["This key is not known"]
    assert not _shared(page).ticket


def test_the_ticket_is_drawn_until_it_is_exchanged(key_pages: KeyPages) -> None:
    page = _sign_in(key_pages.open(CHAT), key_pages.new_key(Role.ADMIN))
    ticket = _shared(page).ticket
    assert ticket in _scripts(page)
    assert ticket in _scripts(page.run())
    key_pages.sign_ins.redeem(ticket)
    assert ticket not in _scripts(page.run())


def test_signing_out_ends_the_sign_in_and_leaves_nothing_of_the_person(key_pages: KeyPages) -> None:
    page = _sign_in(key_pages.open(FAQ), key_pages.new_key(Role.ADMIN))
    sign_in = _shared(page).sign_in
    page.session_state["draft_of_mine"] = "secret"
    _press(page, "sign_out")
    assert _titles(page) == ["Sign in"]
    assert not page.warning
    assert "draft_of_mine" not in page.session_state
    assert key_pages.sign_ins.key(sign_in) == ""
    assert key_pages.sign_ins.redeem(_shared(page).ticket) == ""


def test_a_sign_in_that_ended_elsewhere_is_asked_for_again(key_pages: KeyPages) -> None:
    page = _sign_in(key_pages.open(CHAT), key_pages.new_key(Role.ADMIN))
    key_pages.sign_ins.end(_shared(page).sign_in)
    page.run()
    assert _titles(page) == ["Sign in"]
    assert "Your sign-in has ended" in str(page.warning[0].value)


def test_a_revoked_key_ends_the_sign_in_at_the_next_answer(key_pages: KeyPages) -> None:
    page = _sign_in(key_pages.open(CHAT), key_pages.new_key(Role.SALES))
    sign_in = _shared(page).sign_in
    key_pages.revoke(Role.SALES)
    page.run()
    assert _titles(page) == ["Sign in"]
    assert "Your key is no longer valid" in str(page.warning[0].value)
    assert key_pages.sign_ins.key(sign_in) == ""
    assert _titles(_sign_in(page, key_pages.new_key(Role.ADMIN))) == ["Chat"]


def test_a_button_of_a_person_whose_key_is_revoked_leads_to_the_sign_in(key_pages: KeyPages) -> None:
    key_pages.sample()
    page = _sign_in(key_pages.open(FAQ), key_pages.new_key(Role.ANALYST))
    key_pages.revoke(Role.ANALYST)
    _press(page, "approve_confident")
    assert _titles(page) == ["Sign in"]
    assert "Your key is no longer valid" in str(page.warning[0].value)
    assert not page.error


def test_a_server_that_is_away_signs_nobody_out(key_pages: KeyPages) -> None:
    page = _sign_in(key_pages.open(CHAT), key_pages.new_key(Role.ADMIN))
    key_pages.transport.is_down = True
    page.run()
    key_pages.transport.is_down = False
    assert _titles(page.run()) == ["Chat"]
