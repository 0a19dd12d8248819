"""The route that sets the cookie of a sign-in, and the websocket guard, without a browser."""

import logging
from http.cookies import Morsel, SimpleCookie

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from frontend.session_cookie import PATH, TICKET, OwnPagesOnly, session_route
from frontend.sign_ins import COOKIE, SignIns

KEY = "nxk_one"
HOST = "nexus.example"
OWN = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def sign_ins() -> SignIns:
    return SignIns()


@pytest.fixture
def client(sign_ins: SignIns) -> TestClient:
    async def tell(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.cookies.get(COOKIE, "no cookie"))
        await websocket.close()

    routes = [session_route(sign_ins), WebSocketRoute("/stream", tell)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(OwnPagesOnly)]), base_url=f"http://{HOST}")


def _cookie(header: str) -> Morsel[str]:
    return SimpleCookie(header)[COOKIE]


def test_a_ticket_becomes_a_cookie_that_only_the_server_reads(client: TestClient, sign_ins: SignIns) -> None:
    sign_in = sign_ins.start(KEY)
    answer = client.post(PATH, headers={**OWN, TICKET: sign_ins.ticket(sign_in)})
    cookie = _cookie(answer.headers["set-cookie"])
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (204, b"", "no-store")
    assert (cookie.value, cookie["path"], cookie["samesite"]) == (sign_in, "/", "strict")
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert not cookie["max-age"]


def test_the_cookie_is_secure_when_the_browser_came_by_https(client: TestClient, sign_ins: SignIns) -> None:
    headers = {"Origin": f"https://{HOST}", TICKET: sign_ins.ticket(sign_ins.start(KEY))}
    assert _cookie(client.post(PATH, headers=headers).headers["set-cookie"])["secure"]


def test_the_ticket_of_a_sign_out_ends_the_cookie_and_what_it_stood_for(client: TestClient, sign_ins: SignIns) -> None:
    sign_in = sign_ins.start(KEY)
    client.cookies.set(COOKIE, sign_in, domain=HOST)
    answer = client.post(PATH, headers={**OWN, TICKET: sign_ins.ticket("")})
    cookie = _cookie(answer.headers["set-cookie"])
    assert (cookie.value, cookie["max-age"]) == ("", "0")
    assert sign_ins.key(sign_in) == ""


def test_a_second_sign_in_of_a_browser_ends_its_first(client: TestClient, sign_ins: SignIns) -> None:
    first, second = sign_ins.start(KEY), sign_ins.start("nxk_two")
    for sign_in in (first, second):
        client.post(PATH, headers={**OWN, TICKET: sign_ins.ticket(sign_in)})
    assert (sign_ins.key(first), sign_ins.key(second)) == ("", "nxk_two")


@pytest.mark.parametrize("ticket", ["", "never-made", "used"])
def test_what_is_no_ticket_any_more_sets_nothing(client: TestClient, sign_ins: SignIns, ticket: str) -> None:
    if ticket == "used":
        ticket = sign_ins.ticket(sign_ins.start(KEY))
        sign_ins.redeem(ticket)
    answer = client.post(PATH, headers={**OWN, TICKET: ticket})
    assert answer.status_code == 410
    assert "set-cookie" not in answer.headers


FOREIGN = [
    {},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": f"http://{HOST}.evil.example"},
    {"Origin": f"http://{HOST}:9000"},
    {"Origin": "http://[broken"},
    {"Origin": f"http://{HOST}:port"},
    {**OWN, "Sec-Fetch-Site": "cross-site"},
    {**OWN, "Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_origin_cannot_exchange_a_ticket(
    client: TestClient, sign_ins: SignIns, headers: dict[str, str]
) -> None:
    ticket = sign_ins.ticket(sign_ins.start(KEY))
    if headers.get("Origin") == f"http://{HOST}:9000":
        headers = {**headers, "Host": f"{HOST}:8501"}
    answer = client.post(PATH, headers={**headers, TICKET: ticket})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert sign_ins.is_waiting(ticket)


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_only_a_post_is_answered_and_no_other_origin_is_let_in(client: TestClient, method: str) -> None:
    answer = client.request(method, PATH, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("host", "origin", "seen"),
    [
        (HOST, f"http://{HOST}", "an-id"),
        (HOST, f"https://{HOST}", "an-id"),
        (HOST, f"https://{HOST}:8443", "an-id"),
        (f"{HOST}:8501", f"http://{HOST}:8501", "an-id"),
        (HOST, None, "an-id"),
        (f"{HOST}:8501", f"http://{HOST}:3000", "no cookie"),
        (f"{HOST}:8501", f"http://{HOST}", "no cookie"),
        (HOST, "https://evil.example", "no cookie"),
    ],
)
def test_a_websocket_is_signed_in_only_from_our_own_pages(
    client: TestClient, host: str, origin: str | None, seen: str
) -> None:
    headers = {"Host": host, "Cookie": f"{COOKIE}=an-id"} | ({"Origin": origin} if origin else {})
    with client.websocket_connect("/stream", headers=headers) as websocket:
        assert websocket.receive_text() == seen


def test_nothing_of_an_exchange_is_logged(
    client: TestClient, sign_ins: SignIns, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in = sign_ins.start(KEY)
    ticket = sign_ins.ticket(sign_in)
    with caplog.at_level(logging.DEBUG):
        client.post(PATH, headers={**OWN, TICKET: ticket})
    assert not [word for word in (KEY, sign_in, ticket) if word in caplog.text]
