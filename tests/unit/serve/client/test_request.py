from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.client.request import RequestError, Retry, read_answer, retry_after_s


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


@pytest.mark.parametrize("value", ["-5", "nan", "inf"])
def test_retry_after_is_a_sane_number(value):
    assert retry_after_s(value) in {0.0, None}


@given(st.integers(1, 200))
def test_the_wait_doubles_with_jitter_up_to_a_limit(attempt):
    retry = Retry(first_wait_s=0.5, longest_wait_s=8)
    most = min(8, 0.5 * 2 ** (attempt - 1))
    assert most / 2 <= retry.wait_s(attempt) <= most


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["choices", "message"]), x)
    ).map(lambda x: repr(x).replace("'", '"').encode())
)
def test_any_other_body_is_trouble_and_nothing_worse(raw):
    with pytest.raises(RequestError, match="no chat completion"):
        read_answer(raw)
