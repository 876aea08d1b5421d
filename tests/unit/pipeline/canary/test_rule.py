"""The drift rule: its numbers by hand and against statistics, and what a year of nights does, simulated."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.pipeline.canary.history import Night, judge
from pytest_ftgate.pipeline.canary.reference import Asked, PanelCase, Reference
from pytest_ftgate.pipeline.canary.rule import expect, look

DAY = date(2026, 1, 1)
ASKED = Asked("m" * 64, "transformers", {}, {})
FLIPPING = np.repeat([0.99, 0.8, 0.3], [70, 20, 10])
"""Share of right answers of each of 100 cases, as the issue gives them; mean .883."""


def scores(*values: float) -> dict[date, float]:
    """Nights on end, the first on DAY."""
    return {DAY + timedelta(i): value for i, value in enumerate(values)}


def test_the_formula_of_the_design_by_hand():
    expected = expect([[1, 1, 0, 1, 1]] * 40 + [[1] * 5] * 60)
    assert (expected.n, expected.k, expected.limit) == (100, 5, 3.91)
    assert expected.score == pytest.approx(0.92)
    assert expected.v == pytest.approx(0.4 * 0.2)
    one, three = look(expected, scores(0.80, 0.82, 0.78), DAY + timedelta(2))
    assert (one.nights, three.nights) == (1, 3)
    assert three.drop == pytest.approx(0.12)
    assert one.z == pytest.approx(0.14 / (0.08 / 100 * (1 + 1 / 5)) ** 0.5)
    assert three.z == pytest.approx(0.12 / (0.08 / 100 * (1 / 3 + 1 / 5)) ** 0.5)
    assert one.alarm
    assert three.alarm


@given(st.lists(st.lists(st.floats(0, 1), min_size=5, max_size=5), min_size=1, max_size=30))
def test_v_is_the_mean_variance_within_a_case_with_a_floor(grades):
    mean = sum(variance(values) for values in grades) / len(grades)
    assert expect(grades).v == pytest.approx(max(mean, 0.25 / len(grades)))


def test_five_equal_runs_are_no_proof_of_no_noise():
    assert expect([[1] * 5] * 100).v == 0.0025


@pytest.mark.parametrize(("n", "limit"), [(20, 4.5), (99, 4.5), (100, 3.91), (300, 3.91)])
def test_small_panels_need_a_larger_z(n, limit):
    assert expect([[1, 0]] * n).limit == limit


def test_exactly_five_points_are_no_drift_and_six_are():
    expected = expect([[1] * 5] * 100)
    assert not look(expected, scores(0.95), DAY)[0].alarm
    assert look(expected, scores(0.94), DAY)[0].alarm


def test_a_large_drop_that_may_be_chance_is_no_drift():
    expected = expect([[1, 0, 1, 0, 1]] * 100)
    [window] = look(expected, scores(0.45), DAY)
    assert window.drop == pytest.approx(0.15)
    assert window.z < 3.91
    assert not window.alarm


def test_a_model_that_became_better_never_alarms():
    assert not any(window.alarm for window in look(expect([[0] * 5] * 100), scores(*[1.0] * 7), DAY + timedelta(6)))


def test_windows_hold_the_nights_that_were_measured_and_none_is_looked_at_twice():
    expected = expect([[1] * 5] * 100)
    nights = {DAY: 1.0, DAY + timedelta(1): 0.5, DAY + timedelta(6): 0.9}
    windows = look(expected, nights, DAY + timedelta(6))
    assert [(window.length, window.nights) for window in windows] == [(1, 1), (7, 3)]
    assert windows[1].drop == pytest.approx(0.2)
    assert [window.length for window in look(expected, nights, DAY)] == [1]


@pytest.mark.parametrize("grades", [[], [[1]], [[1, 1], [1, 1, 1]]])
def test_what_cannot_be_a_reference_is_refused(grades):
    with pytest.raises(ValueError, match="at least 2"):
        expect(grades)


# --- simulated: answers drawn at random, judged by the code that judges real nights -------------------------------------


def reference(rng: np.random.Generator, shares: np.ndarray) -> Reference:
    grades = (rng.random((len(shares), 5)) < shares[:, None]).astype(float).tolist()
    cases = (PanelCase("set", f"c{i}", f"{i:064x}", tuple(values)) for i, values in enumerate(grades))
    return Reference(ASKED, tuple(cases))


def alarms(rng: np.random.Generator, shares: np.ndarray, days: int, later: np.ndarray | None = None, since: int = 0):
    """Which of so many nights under one reference raise an alarm; from night `since` on the shares are `later`."""
    known = reference(rng, shares)
    changed = np.where(np.arange(days)[:, None] >= since, shares if later is None else later, shares)
    rights = (rng.random((days, len(shares))) < changed).mean(axis=1).tolist()
    nights = [Night(DAY + timedelta(i), score) for i, score in enumerate(rights)]
    found = [judge(known, nights[max(0, i - 7) : i], night).kind for i, night in enumerate(nights)]
    return [kind == "drift" for kind in found]


def test_the_test_of_one_night_keeps_its_level():
    """z > 1.645 would be a test at .05 if v were known; five runs of 100 cases know it well enough."""
    rng = np.random.default_rng(11)
    zs = [
        look(reference(rng, FLIPPING).expected, {DAY: (rng.random(100) < FLIPPING).mean()}, DAY)[0].z
        for _ in range(3000)
    ]
    assert 0.035 <= np.mean(np.array(zs) > 1.645) <= 0.065
    assert np.std(zs) == pytest.approx(1, abs=0.06)


def test_at_most_one_year_in_ten_has_a_false_alarm():
    rng = np.random.default_rng(2026)
    years = [any(alarms(rng, FLIPPING, 365)) for _ in range(300)]
    assert np.mean(years) <= 0.10
    assert any(years), "a rule that can never alarm would pass too"


OTHER_PANELS = {  # shares, and the most years of 60 with a false alarm: expected years and two standard errors
    "answers that never change": (np.full(100, 1.0), 0),
    "coins": (np.full(100, 0.5), 4),
    "50 cases": (FLIPPING[::2], 4),
    "every case right 19 times in 20": (np.full(100, 0.95), 18),
}


@pytest.mark.parametrize(("shares", "most"), OTHER_PANELS.values(), ids=OTHER_PANELS.keys())
def test_false_alarms_on_other_panels(shares, most):
    """The rule's weak place is told in its docstring: a panel of which every case is a little unsteady."""
    rng = np.random.default_rng(7)
    assert sum(any(alarms(rng, shares, 365)) for _ in range(60)) <= most


DROPS = {
    "every case a little": FLIPPING - 0.1,
    "every case in proportion": FLIPPING * (1 - 0.1 / FLIPPING.mean()),
    "ten sure cases wrong for good": np.where(np.arange(100) < 10, 0.0, FLIPPING),
}


@pytest.mark.parametrize("later", DROPS.values(), ids=DROPS.keys())
def test_a_drop_of_ten_points_is_found_within_three_nights(later):
    assert FLIPPING.mean() - later.mean() == pytest.approx(0.1, abs=0.002)
    rng = np.random.default_rng(5)
    found = [any(alarms(rng, FLIPPING, 13, later, since=10)[10:]) for _ in range(1000)]
    assert np.mean(found) >= 0.85


def test_the_naive_rule_cries_wolf_all_year():
    """A drop of more than 5 points, without z: the reason why the rule has one."""
    rng = np.random.default_rng(3)
    naive = [sum((rng.random((365, 100)) < FLIPPING).mean(axis=1) < FLIPPING.mean() - 0.05) for _ in range(20)]
    assert np.mean(naive) > 6
