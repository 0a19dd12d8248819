"""Sign-ins of the pages' process: ids, idle time, room, tickets."""

import pytest

from frontend.sign_ins import TICKET_SECONDS, SignIns

KEY = "nxk_one"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_ins(clock: Clock) -> SignIns:
    return SignIns(limit=3, idle_seconds=600, clock=clock)


def test_an_id_stands_for_its_key_until_it_is_ended(sign_ins: SignIns) -> None:
    sign_in = sign_ins.start(KEY)
    assert sign_ins.key(sign_in) == KEY
    sign_ins.end(sign_in)
    assert sign_ins.key(sign_in) == ""


def test_ids_are_random_long_and_tell_nothing_of_the_key(sign_ins: SignIns) -> None:
    ids = {sign_ins.start(KEY) for _ in range(3)}
    assert len(ids) == 3
    assert all(len(sign_in) >= 43 and KEY not in sign_in for sign_in in ids)


@pytest.mark.parametrize("unknown", ["", "chosen-by-somebody-else"])
def test_an_id_that_was_never_given_stands_for_nothing(sign_ins: SignIns, unknown: str) -> None:
    assert sign_ins.key(unknown) == ""
    sign_ins.end(unknown)


def test_a_sign_in_ends_after_its_idle_time_and_use_renews_it(sign_ins: SignIns, clock: Clock) -> None:
    sign_in = sign_ins.start(KEY)
    for _ in range(3):
        clock.now += 599
        assert sign_ins.key(sign_in) == KEY
    clock.now += 600
    assert sign_ins.key(sign_in) == ""


def test_a_full_house_lets_the_one_go_that_was_used_longest_ago(sign_ins: SignIns, clock: Clock) -> None:
    first, second, third = (sign_ins.start(f"nxk_{n}") for n in range(3))
    clock.now += 1
    assert sign_ins.key(first) == "nxk_0"
    fourth = sign_ins.start("nxk_3")
    assert [sign_ins.key(sign_in) for sign_in in (first, second, third, fourth)] == ["nxk_0", "", "nxk_2", "nxk_3"]


def test_a_ticket_is_good_once(sign_ins: SignIns) -> None:
    sign_in = sign_ins.start(KEY)
    ticket = sign_ins.ticket(sign_in)
    assert sign_ins.is_waiting(ticket)
    assert sign_ins.redeem(ticket) == sign_in
    assert not sign_ins.is_waiting(ticket)
    assert sign_ins.redeem(ticket) is None


def test_a_ticket_is_good_for_a_minute(sign_ins: SignIns, clock: Clock) -> None:
    ticket = sign_ins.ticket(sign_ins.start(KEY))
    clock.now += TICKET_SECONDS
    assert not sign_ins.is_waiting(ticket)
    assert sign_ins.redeem(ticket) is None


def test_a_ticket_of_a_sign_in_that_is_over_is_good_for_nothing(sign_ins: SignIns) -> None:
    sign_in = sign_ins.start(KEY)
    ticket = sign_ins.ticket(sign_in)
    sign_ins.end(sign_in)
    assert sign_ins.redeem(ticket) is None


def test_a_ticket_that_ends_the_cookie_stands_for_no_sign_in(sign_ins: SignIns) -> None:
    assert sign_ins.redeem(sign_ins.ticket("")) == ""


def test_tickets_are_bounded_too(sign_ins: SignIns) -> None:
    tickets = [sign_ins.ticket("") for _ in range(4)]
    assert [sign_ins.is_waiting(ticket) for ticket in tickets] == [False, True, True, True]


def test_no_key_is_in_what_a_traceback_or_a_log_would_show(sign_ins: SignIns) -> None:
    sign_in = sign_ins.start(KEY)
    sign_ins.ticket(sign_in)
    shown = repr(vars(sign_ins)["_sign_ins"].values()) + repr(vars(sign_ins)["_tickets"].values())
    assert KEY not in shown
    assert sign_in not in shown
