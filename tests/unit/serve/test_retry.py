"""How long a request waits before it is sent again, and when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.retry import RequestError, Retry, of_status, retry_after_s


@given(st.floats(0, 1e6))
def test_retry_after_in_seconds(seconds):
    assert retry_after_s(str(seconds)) == seconds


def test_retry_after_as_a_date():
    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert retry_after_s(format_datetime(soon, usegmt=True)) == pytest.approx(30, abs=2)
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize("value", ["", "soon", "12 parsecs", "-"])
def test_retry_after_that_says_nothing(value):
    assert retry_after_s(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 99999 00:00:00 GMT",
        "Mon, 00 Foo 2024 99:99:99 GMT",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "1" * 5000,
    ],
)
def test_retry_after_that_no_calendar_has_says_nothing(value):
    assert retry_after_s(value) in {0.0, None}


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]?\w{1,9}"))
def test_no_retry_after_is_worse_than_nothing(value):
    assert (retry_after_s(value) or 0.0) >= 0


@pytest.mark.parametrize("value", ["-5", "nan", "inf"])
def test_retry_after_is_a_sane_number(value):
    assert retry_after_s(value) in {0.0, None}


@given(st.integers(1, 200))
def test_the_wait_doubles_with_jitter_up_to_a_limit(attempt):
    retry = Retry(first_wait_s=0.5, longest_wait_s=8)
    most = min(8, 0.5 * 2 ** (attempt - 1))
    assert most / 2 <= retry.wait_s(attempt) <= most


def test_a_server_is_waited_for_as_long_as_it_asks_up_to_a_limit():
    def wait_s(error: RequestError) -> float:
        return Retry(longest_wait_s=60).wait_s(1, error.wait_s)

    assert wait_s(of_status(429, "slow", "7")) == 7
    assert wait_s(of_status(529, "busy", "9999")) == 60
    assert 0.25 <= wait_s(of_status(500, "broken", "")) <= 0.5


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "refused"),
        (401, "denied"),
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
    error, never = of_status(status, "x" * 600, "3", "; hint"), kind in {"refused", "denied"}
    assert (error.kind, error.status, error.wait_s) == (kind, status, None if never else 3.0)
    assert str(error) == f"HTTP {status}: {'x' * 500}; hint"
    assert Retry(attempts=5).gives_up(error, 1) is never
    assert Retry(attempts=5).gives_up(error, 5)


def test_a_passed_time_limit_has_a_number_of_attempts_of_its_own():
    late, broken = RequestError("timeout", ""), RequestError("connection", "")
    retry = Retry(attempts=5, timeouts=2)
    assert [retry.gives_up(late, attempt) for attempt in (1, 2)] == [False, True]
    assert [retry.gives_up(broken, attempt) for attempt in (1, 4, 5)] == [False, False, True]
