"""The break-even volume, by hand and against a search over volumes."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_ftgate.pipeline.cost.compare import HOURS_A_MONTH, Served
from pytest_ftgate.pipeline.cost.price_file import Machine


def test_by_hand():
    """1 an hour, 2 replicas: 1,460 a month; an API at .5 per 1,000 costs as much for 2.92 million requests."""
    served = Served(Machine(1.0, replicas=2, utilisation=0.5), per_hour=10_000)
    assert served.machine_month == 730
    assert served.capacity == 10_000 * 730 * 0.5
    assert served.thousand_when_full == pytest.approx(0.2)
    assert served.month(1) == served.month(2 * served.capacity) == 1460
    assert served.month(2 * served.capacity + 1) == 2190
    assert served.break_even(0.5) == pytest.approx(2_920_000)
    assert Served(served.machine, 10_000, monthly=100).break_even(0.5) == pytest.approx(3_120_000)


@pytest.mark.parametrize("api", [0.2, 0.1, 0.0])
def test_no_volume_where_the_api_is_cheaper_than_a_busy_machine(api):
    assert Served(Machine(1.0, utilisation=0.5), 10_000).break_even(api) is None


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.1, 10),
    st.integers(1, 4),
    st.floats(100, 50_000),
    st.floats(0, 3000),
    st.floats(1.02, 5),
)
def test_from_there_on_the_api_is_never_cheaper_and_just_below_it_is(price, replicas, per_hour, monthly, ratio):
    served = Served(Machine(price, replicas=replicas), per_hour, monthly)
    api = ratio * served.thousand_when_full
    volume = served.break_even(api)
    assume(volume is not None and volume < 300 * served.capacity)
    # the dear moments are just after a machine was added
    edges = np.arange(1, 400) * served.capacity + 1e-6 * served.capacity
    for requests in [volume * 1.000001, *edges[edges > volume]]:
        assert served.month(requests) <= api / 1000 * requests * (1 + 1e-6)
    below = volume * (1 - 1e-6)
    assume(volume / served.capacity % 1 > 1e-4)  # not on an edge, where floats cannot tell the sides apart
    assert served.month(below) > api / 1000 * below


def test_a_month_has_730_hours():
    assert HOURS_A_MONTH == 365 * 24 / 12
