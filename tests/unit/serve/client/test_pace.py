"""When the next request may go, by requests and by tokens per minute."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.serve.client.pace import Pace

TALK = [{"role": "user", "content": "x" * 400}]


def ahead_s(pace: Pace) -> float:
    """Seconds until the next may go."""
    return pace.next_at - time.monotonic()


def test_without_a_limit_all_go_at_once():
    pace = Pace()
    for _ in range(1000):
        pace.sent(TALK, {"max_tokens": 256})
    assert ahead_s(pace) <= 0


def test_requests_are_spread_over_the_minute():
    pace = Pace(requests_per_minute=60)
    assert ahead_s(pace) <= 0
    for _ in range(30):
        pace.sent(TALK, {})
    assert ahead_s(pace) == pytest.approx(29.5, abs=1)


def test_tokens_are_guessed_and_then_put_right():
    pace = Pace(tokens_per_minute=6000)
    put_down = pace.sent(TALK, {"max_tokens": 900})
    assert 1000 <= put_down < 1050
    assert ahead_s(pace) == pytest.approx(put_down / 100, abs=0.5)
    pace.used(put_down, 300)
    assert ahead_s(pace) == pytest.approx(3, abs=0.5)


def test_a_server_that_does_not_say_how_many_leaves_the_guess():
    pace = Pace(tokens_per_minute=6000)
    put_down = pace.sent(TALK, {"max_tokens": 900})
    before = pace.next_at
    pace.used(put_down, 0)
    assert pace.next_at == before


def test_of_two_limits_the_stricter_is_kept():
    pace = Pace(requests_per_minute=600)
    pace.narrow(Pace(requests_per_minute=60))
    pace.narrow(Pace(requests_per_minute=6000, tokens_per_minute=10**9))
    for _ in range(10):
        pace.sent(TALK, {})
    assert ahead_s(pace) == pytest.approx(9.5, abs=1)
