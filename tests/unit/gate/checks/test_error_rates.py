"""How often a check errs between two models whose truth is known; exact, over all tables that can happen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multinomial

from pytest_ftgate.gate.checks.baseline import baseline_check
from pytest_ftgate.gate.checks.champion import champion_check
from tests.unit.gate.checks.paired_results import two_models

N = 80


def rates(check, difference, discordance=0.16):
    """Chance of each status of a check for a candidate that is truly `difference` better."""
    better, worse = (discordance + difference) / 2, (discordance - difference) / 2
    tables = np.array([(b, c) for b in range(N + 1) for c in range(N + 1 - b)])
    counts = np.column_stack([tables, N - tables.sum(axis=1)])
    weights = multinomial.pmf(counts, N, [better, worse, 1 - discordance])
    found = {"pass": 0.0, "hold": 0.0, "reject": 0.0}
    for (b, c), weight in zip(tables[weights > 2e-5], weights[weights > 2e-5], strict=True):
        found[check(*two_models(int(b), int(c), both=N - int(b + c))).status] += weight
    return found


@pytest.mark.parametrize("discordance", [0.08, 0.16, 0.30])
def test_the_baseline_check_passes_or_rejects_an_equal_model_in_one_of_twenty_each(discordance):
    found = rates(baseline_check, 0.0, discordance)
    assert found["pass"] <= 0.052
    assert found["reject"] <= 0.052
    assert found["pass"] == pytest.approx(found["reject"])


def champion(candidate, reference):
    return champion_check(candidate, reference, 0.05)


def test_the_champion_check_passes_a_model_at_the_margin_in_one_of_twenty_at_most():
    """The score test is discrete: at most .051 for 30, 50, 100, 200, 300 cases, up to .054 for sizes between."""
    assert rates(champion, -0.05)["pass"] <= 0.055


def test_the_champion_check_rejects_an_equal_model_in_one_of_twenty_at_most_and_a_better_one_hardly_ever():
    assert rates(champion, 0.0)["reject"] <= 0.052
    assert rates(champion, 0.05)["reject"] <= 0.005


def test_a_model_far_below_the_margin_is_rejected_not_held():
    assert rates(champion, -0.15, 0.20)["reject"] >= 0.85
