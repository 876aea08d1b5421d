"""The human check: blind verdicts, Tango's bounds, at least fifty of them."""

import numpy as np
import pytest
from scipy.stats import multinomial

from pytest_ftgate.gate.checks.human import human_check
from pytest_ftgate.metrics.paired import tango_bounds


def verdicts(better, worse, ties):
    return [1] * better + [-1] * worse + [0] * ties


@pytest.mark.parametrize(
    ("better", "worse", "ties", "status"),
    [
        (0, 0, 80, "pass"),
        (25, 10, 45, "pass"),
        (20, 20, 40, "hold"),
        (5, 30, 45, "reject"),
        (49, 0, 0, "hold"),
    ],
)
def test_pass_hold_and_reject(better, worse, ties, status):
    check = human_check(verdicts(better, worse, ties), 0.05)
    assert (check.name, check.status, check.advisory) == ("human", status, False), check.reason


def test_the_bounds_are_those_of_tango():
    check = human_check(verdicts(25, 10, 45), 0.05)
    assert (check.numbers["lower"], check.numbers["upper"]) == tango_bounds(25, 10, 80)
    assert check.reason.startswith("human: +18.8 points, lower bound +6.8 > -5.0 (n = 80, discordant 25 vs 10)")


def test_too_few_verdicts_settle_nothing_however_clear():
    check = human_check(verdicts(49, 0, 0), 0.05)
    assert check.reason == "human: 49 blind verdicts, at least 50 required"
    assert human_check(verdicts(50, 0, 0), 0.05).status == "pass"
    assert human_check([], 0.05).status == "hold"


@pytest.mark.parametrize(("loss", "status"), [(0.05, "pass"), (0.0, "reject")])
def test_it_errs_in_one_of_twenty(loss, status):
    """Exact, over all tables: a candidate at the margin passes, or an equal one is rejected, in 5 % at most."""
    n, discordance = 60, 0.4
    tables = np.array([(b, c) for b in range(n + 1) for c in range(n + 1 - b)])
    chances = [(discordance - loss) / 2, (discordance + loss) / 2, 1 - discordance]
    weights = multinomial.pmf(np.column_stack([tables, n - tables.sum(axis=1)]), n, chances)
    likely = weights > 2e-5
    err = sum(
        weight
        for (b, c), weight in zip(tables[likely].tolist(), weights[likely], strict=True)
        if human_check(verdicts(b, c, n - b - c), 0.05).status == status
    )
    assert err <= 0.055
    assert err > 0.001


def test_what_is_no_verdict():
    with pytest.raises(ValueError, match="a verdict is 1, 0 or -1; found 2"):
        human_check([1, 0, 2], 0.05)
