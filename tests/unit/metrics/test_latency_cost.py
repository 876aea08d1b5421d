from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, expon

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.floors import floors_check
from pytest_ftgate.gate.floor import Floor
from pytest_ftgate.metrics.latency_cost import Price, limit, quantile, quantile_of
from pytest_ftgate.serve.response import Response


def answer(total_s: float = 0.1, prompt: int = 100, completion: int = 10, finish: str = "stop") -> Response:
    return Response("a", "m", "", finish, total_s=total_s, prompt_tokens=prompt, completion_tokens=completion)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=80), st.sampled_from([0.5, 0.95, 0.99]))
def test_the_quantile_is_numpys_inverted_cdf_and_lies_within_its_bounds(values, q):
    metric = quantile("q", values, q)
    assert metric.value == np.quantile(values, q, method="inverted_cdf") == quantile_of(sorted(values), q)
    assert metric.lower <= metric.value <= metric.upper


@pytest.mark.parametrize(("q", "least"), [(0.5, 5), (0.95, 59), (0.99, 299)])
def test_fewer_answers_than_can_bound_it_have_no_upper_bound(q, least):
    few = quantile("q", list(range(least - 1)), q)
    assert few.upper == inf
    assert few.detail == f"an upper bound needs at least {least} answers"
    assert quantile("q", list(range(least)), q).upper == least - 1


@pytest.mark.parametrize("n", [60, 300])
def test_bounds_hold_as_often_as_they_say(n):
    truth, rng, rounds = expon.ppf(0.95), np.random.default_rng(1), 1500
    found = [quantile("q", list(rng.exponential(size=n)), 0.95) for _ in range(rounds)]
    for held in (sum(m.upper >= truth for m in found), sum(m.lower <= truth for m in found)):
        assert binomtest(held, rounds, 0.95, alternative="less").pvalue > 0.001, held / rounds


def test_the_order_statistic_of_the_textbook():
    """n = 100, q = .5: P(Bin(100, .5) <= 58) = .9557 >= .95, P(... <= 57) = .9334: X(59), and X(42) by symmetry."""
    metric = quantile("p50_ms", list(range(1, 101)), 0.5)
    assert (metric.lower, metric.value, metric.upper) == (42, 50, 59)


def test_cost_per_1000_requests():
    metric = limit("cost_per_1k", [answer(), answer(prompt=300)], Price(1.0, 10.0))
    assert metric.value == pytest.approx(1000 * (2 * 10 * 10 + 400 * 1) / 2 / 1e6)
    assert 0 <= metric.lower < metric.value < metric.upper
    assert limit("cost_per_1k", [answer()] * 9, Price(1.0, 10.0)).upper == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("answers", "price", "said"),
    [
        ([], Price(1, 1), "no answers measured"),
        ([answer(finish="error")], Price(1, 1), "no answers measured"),
        ([answer()], None, r"\[price\]"),
        ([answer(prompt=0, completion=0)], Price(1, 1), "did not count tokens"),
    ],
)
def test_what_has_no_value_is_an_error(answers, price, said):
    with pytest.raises(MetricError, match=said):
        limit("cost_per_1k", answers, price)


def test_a_limit_is_judged_by_its_upper_bound():
    def status(n: int, most: float) -> str:
        return floors_check(
            [limit("p95_ms", [answer(i / 1000) for i in range(n)], None)], [Floor("p95_ms", max=most)]
        ).status

    assert status(200, 199) == "pass"
    assert status(200, 190) == "hold"
    assert status(200, 150) == "reject"
    assert status(58, 1e9) == "hold"
    check = floors_check([quantile("p95_ms", [1.0], 0.95)], [Floor("p95_ms", max=5)])
    assert "at least 59 answers" in check.reason
    assert inf not in check.numbers.values()
