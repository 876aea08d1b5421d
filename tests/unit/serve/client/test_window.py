"""How many requests may be under way: more with each answer, half as many when one is turned away."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.client.window import FEW, FIRST, Window
from pytest_ftgate.serve.retry import RequestError, Retry


def turned_away(wait_s: float | None = None) -> RequestError:
    return RequestError("rate_limited", "HTTP 429: slow down", wait_s, status=429)


def limit(window: Window, wait_s: float | None = None, longest_s: float = 60.0) -> None:
    """A request that was sent now is turned away."""
    window.limited(turned_away(wait_s), time.monotonic(), longest_s)


def test_two_round_trips_open_the_whole_window():
    window = Window(64, FIRST, Retry())
    for _ in range(FIRST):
        window.answered()
    assert window.size == 64


def test_after_a_limit_it_grows_by_one_with_each_round_trip():
    window = Window(64, 64, Retry())
    limit(window)
    assert window.size == 32
    for _ in range(32):
        window.answered()
    assert 32.9 < window.size < 33.1


def test_all_that_were_under_way_halve_it_once():
    window, sent = Window(64, 64, Retry()), time.monotonic()
    for _ in range(64):
        window.limited(turned_away(), sent, 60.0)
    assert window.size == 32
    assert window.to_json()["limited"] == 64


def test_a_server_that_takes_some_keeps_a_few_places_and_one_that_takes_none_has_one():
    window = Window(64, 64, Retry())
    for _ in range(20):
        window.taken()
        limit(window)
    assert window.size == FEW
    for _ in range(20):
        limit(window)
    assert window.size == 1


def test_the_pause_is_what_the_server_asks_up_to_a_limit():
    for asked, longest, pause in ((7.0, 60.0, 7.0), (3600.0, 20.0, 20.0), (3600.0, 86_400.0, 60.0)):
        window = Window(64, 64, Retry())
        limit(window, asked, longest)
        assert window.resume_at - time.monotonic() == pytest.approx(pause, abs=1)


def test_a_wait_of_zero_doubles_while_nothing_is_taken():
    window = Window(64, 64, Retry())
    for _ in range(10):
        limit(window, 0.0)
    assert window.resume_at - time.monotonic() > 20


def test_pauses_that_overlap_count_once():
    window, sent = Window(64, 64, Retry()), time.monotonic()
    for _ in range(10):
        window.limited(turned_away(0.5), sent, 60.0)
    assert window.to_json()["limited_ms"] < 400, "what is not over does not count"
    time.sleep(0.7)
    assert 450 < window.to_json()["limited_ms"] < 5000


@given(st.lists(st.sampled_from(["answered", "taken", "limited"]), max_size=300), st.integers(1, 200))
def test_there_is_always_a_place_and_never_too_many(events, most):
    window = Window(most, FIRST, Retry(longest_wait_s=0.1))
    for event in events:
        if event == "limited":
            limit(window, 0.0)
        else:
            getattr(window, event)()
        assert 1 <= window.size <= most
