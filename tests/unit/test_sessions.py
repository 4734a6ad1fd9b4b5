"""Session cookies and guesses."""

from datetime import timedelta

import pytest

from hypersight_api.sessions import GUESSES, GUESSES_WITHIN_S, LASTS_S, Guesses, Sessions
from tests.builders import NOON


def test_a_cookie_is_its_visitors_for_twelve_hours_and_nobodys_afterwards():
    sessions = Sessions("t0ken")
    cookie, visitor = sessions.begin(NOON)
    assert sessions.visitor(cookie, NOON + timedelta(seconds=LASTS_S - 1)) == visitor
    assert sessions.visitor(cookie, NOON + timedelta(seconds=LASTS_S + 1)) is None


def test_every_session_has_a_token_of_its_own_and_none_is_readable_in_the_cookie():
    cookies = [Sessions("t0ken").begin(NOON) for _ in range(3)]
    assert len({visitor.csrf for _, visitor in cookies}) == 3
    assert all("t0ken" not in cookie and visitor.csrf not in cookie for cookie, visitor in cookies)


def test_processes_with_the_same_token_know_each_others_sessions_and_another_token_ends_all():
    cookie, visitor = Sessions("t0ken").begin(NOON)
    assert Sessions("t0ken").visitor(cookie, NOON) == visitor
    assert Sessions("another").visitor(cookie, NOON) is None


@pytest.mark.parametrize(
    "change",
    [lambda c: c[:-8], lambda c: c[:40] + c[48:], lambda c: c[:60] + "AAAAAAAA" + c[68:], lambda _: "é"],
)
def test_a_changed_cookie_is_nobodys(change):
    cookie, _ = Sessions("t0ken").begin(NOON)
    assert Sessions("t0ken").visitor(change(cookie), NOON) is None


def test_five_wrong_guesses_a_minute_and_no_more():
    guesses = Guesses()
    for second in range(GUESSES):
        assert guesses.wait_s("192.0.2.1", second) == 0
        guesses.wrong("192.0.2.1", second)
    assert guesses.wait_s("192.0.2.1", 10) == GUESSES_WITHIN_S - 10
    assert guesses.wait_s("192.0.2.2", 10) == 0
    assert guesses.wait_s("192.0.2.1", GUESSES_WITHIN_S + 0.5) == 0


def test_a_network_of_ipv6_addresses_is_one_guesser():
    guesses = Guesses()
    for number in range(GUESSES):
        guesses.wrong(f"2001:db8::{number}", 0)
    assert guesses.wait_s("2001:db8::ffff", 1) > 0
    assert guesses.wait_s("2001:db8:0:1::1", 1) == 0


def test_many_guessers_take_no_memory_without_end():
    guesses = Guesses()
    for number in range(10_050):
        guesses.wrong(f"host-{number}", 0)
    assert len(guesses._wrong) == 10_000
