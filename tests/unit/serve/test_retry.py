"""How long a request waits before it is sent again, and when it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from pytest_ftgate.serve.retry import SHORTEST_WAIT_S, RequestError, Retry, of_status


def after(value: str) -> CIMultiDict[str]:
    return CIMultiDict({"Retry-After": value})


@given(st.integers(1, 200))
def test_the_wait_doubles_with_jitter_up_to_a_limit(attempt):
    retry = Retry(first_wait_s=0.5, longest_wait_s=8)
    most = min(8, 0.5 * 2 ** (attempt - 1))
    assert most / 2 <= retry.wait_s(attempt) <= most


def test_a_server_is_waited_for_as_long_as_it_asks_up_to_a_limit():
    def wait_s(error: RequestError) -> float:
        return Retry(longest_wait_s=60).wait_s(1, error.wait_s)

    assert wait_s(of_status(429, "slow", after("7"))) == 7
    assert wait_s(of_status(529, "busy", after("9999"))) == 60
    assert wait_s(of_status(503, "busy", after("3"))) == 3
    assert 0.25 <= wait_s(of_status(500, "broken", {})) <= 0.5


def test_a_wait_of_zero_is_not_zero():
    for headers in (after("0"), after("-5"), CIMultiDict({"retry-after-ms": "0"})):
        assert Retry().wait_s(1, of_status(429, "slow", headers).wait_s) == SHORTEST_WAIT_S


def test_only_who_is_limited_is_told_by_what_is_left_of_a_limit():
    """A server error that comes with the state of the limits does not ask for a wait until they begin anew."""
    headers = CIMultiDict({"x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "6m0s"})
    assert of_status(500, "broken", headers).wait_s is None
    assert of_status(429, "slow", headers).wait_s == 360


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_no_waiting_helps_where_nothing_is_paid(code):
    error = of_status(429, f'{{"error": {{"code": "{code}"}}}}', after("1"))
    assert (error.kind, error.wait_s) == ("denied", None)
    assert Retry().gives_up(error, 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "refused"),
        (401, "denied"),
        (402, "denied"),
        (405, "denied"),
        (403, "denied"),
        (404, "denied"),
        (408, "refused"),
        (429, "rate_limited"),
        (500, "server_error"),
        (503, "server_error"),
        (529, "overloaded"),
    ],
)
def test_of_a_status_comes_the_kind_and_of_the_kind_whether_there_is_hope(status, kind):
    error, never = of_status(status, "x" * 600, after("3"), "; hint"), kind in {"refused", "denied"}
    assert (error.kind, error.status, error.wait_s) == (kind, status, None if never else 3.0)
    assert str(error) == f"HTTP {status}: {'x' * 500}; hint"
    assert Retry(attempts=5).gives_up(error, 1) is never
    assert Retry(attempts=5).gives_up(error, 5)


def test_a_passed_time_limit_has_a_number_of_attempts_of_its_own():
    late, broken = RequestError("timeout", ""), RequestError("connection", "")
    retry = Retry(attempts=5, timeouts=2)
    assert [retry.gives_up(late, attempt) for attempt in (1, 2)] == [False, True]
    assert [retry.gives_up(broken, attempt) for attempt in (1, 4, 5)] == [False, False, True]
