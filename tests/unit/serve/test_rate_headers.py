"""What servers write about their limits, read as seconds to wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from pytest_ftgate.serve.rate_headers import asked_s, exhausted_s, wait_s


@given(st.floats(0, 1e8))
def test_a_wait_in_seconds(seconds):
    assert wait_s(str(seconds)) == seconds


def test_a_wait_as_a_date():
    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert wait_s(format_datetime(soon, usegmt=True)) == pytest.approx(30, abs=2)
    assert wait_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize("value", ["", "soon", "12 parsecs", "-"])
def test_a_wait_that_says_nothing(value):
    assert wait_s(value) is None


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
def test_a_wait_that_no_calendar_has_says_nothing(value):
    assert wait_s(value) in {0.0, None}


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]?\w{1,9}"))
def test_no_header_is_worse_than_nothing(value):
    assert (wait_s(value) or 0.0) >= 0


@pytest.mark.parametrize("value", ["-5", "nan", "inf"])
def test_a_wait_is_a_sane_number(value):
    assert wait_s(value) in {0.0, None}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("1h2m3s", 3723), ("1m30.5s", 90.5), ("2m", 120), ("1m0s20ms", 60.02)],
)
def test_durations_as_openai_writes_them(value, seconds):
    assert wait_s(value) == pytest.approx(seconds)


def test_dates_as_others_write_them():
    soon = time.time() + 40
    for value in (str(int(soon)), str(int(1000 * soon)), datetime.fromtimestamp(soon, UTC).isoformat()):
        assert wait_s(value) == pytest.approx(40, abs=2)
    assert wait_s((datetime.now(UTC) + timedelta(seconds=40)).strftime("%Y-%m-%dT%H:%M:%SZ")) == pytest.approx(
        40, abs=2
    )


OPENAI = {
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "12s",
    "x-ratelimit-remaining-tokens": "9000",
    "x-ratelimit-reset-tokens": "6m0s",
}


def test_a_limit_that_is_used_up_says_until_when():
    assert exhausted_s(CIMultiDict(OPENAI)) == 12
    assert exhausted_s(CIMultiDict({**OPENAI, "x-ratelimit-remaining-tokens": "0"})) == 360
    assert exhausted_s(CIMultiDict({**OPENAI, "x-ratelimit-remaining-requests": "3"})) is None
    assert exhausted_s(CIMultiDict()) is None
    ends = (datetime.now(UTC) + timedelta(seconds=9)).isoformat()
    anthropic = {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": ends}
    assert exhausted_s(CIMultiDict(anthropic)) == pytest.approx(9, abs=2)


def test_a_limit_of_minus_one_is_unknown():
    """Azure answers so where it has nothing to say."""
    unknown = {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0"}
    assert exhausted_s(CIMultiDict(unknown)) is None


def test_what_a_server_asks_for_goes_before_what_its_limits_say():
    assert asked_s(CIMultiDict({**OPENAI, "Retry-After-Ms": "250", "Retry-After": "7"})) == 0.25
    assert asked_s(CIMultiDict({**OPENAI, "Retry-After": "7"})) == 7
    assert asked_s(CIMultiDict(OPENAI)) == 12
    assert asked_s(CIMultiDict({"x-ratelimit-reset-requests": "8s", "x-ratelimit-reset-tokens": "3s"})) == 3
    assert asked_s(CIMultiDict({"X-Request-Id": "1"})) is None
