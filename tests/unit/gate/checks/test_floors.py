"""The floors check: bounds, not values, must reach the floor."""

import pytest

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.floors import floors_check
from pytest_ftgate.gate.floor import Floor
from pytest_ftgate.metrics.compute import Scored, compute
from pytest_ftgate.metrics.latency_cost import quantile


def accuracy(right, n):
    return compute("accuracy", [Scored(str(i), float(i < right), i < right) for i in range(n)])


def f1(tp, fn, fp, tn):
    pairs = [("spam", "spam")] * tp + [("spam", "ham")] * fn + [("ham", "spam")] * fp + [("ham", "ham")] * tn
    scored = [Scored(str(i), float(e == p), e == p, e, p) for i, (e, p) in enumerate(pairs)]
    return compute("f1", scored, ("spam", "ham"), positive="spam", average="binary")


def test_six_of_six_correct_does_not_pass_a_floor_of_85():
    check = floors_check([accuracy(6, 6)], [Floor("accuracy", min=0.85)])
    assert check.status == "hold"
    assert check.cases_more == 10
    assert check.reason == (
        "floors: accuracy 1.000, lower bound 0.689 < 0.85 (n = 6); about 10 more cases would settle it"
    )
    assert floors_check([f1(3, 0, 0, 3)], [Floor("f1", min=0.85, positive="spam")]).status == "hold"


def test_a_lower_bound_at_the_floor_passes():
    check = floors_check([f1(142, 8, 6, 144)], [Floor("f1", min=0.85)])
    assert check.status == "pass"
    assert check.reason == "floors: f1(spam) 0.953, lower bound 0.928 >= 0.85 (n = 300)"


def test_an_upper_bound_below_the_floor_rejects():
    check = floors_check([accuracy(200, 300)], [Floor("accuracy", min=0.85)])
    assert check.status == "reject"
    assert "upper bound 0.710 < 0.85" in check.reason


def test_below_the_floor_more_cases_would_not_help():
    check = floors_check([accuracy(83, 100)], [Floor("accuracy", min=0.85)])
    assert check.status == "hold"
    assert check.cases_more is None
    assert "not above the floor; more cases would not promote it" in check.reason


def test_the_worst_floor_decides_and_all_are_named():
    floors = [Floor("accuracy", min=0.5), Floor("f1", min=0.9), Floor("accuracy", min=0.99)]
    check = floors_check([accuracy(90, 100), f1(47, 2, 2, 49), accuracy(90, 100)], floors)
    assert check.status == "reject"
    assert check.reason.count("; ") >= 2
    assert check.cases_more is None


def test_a_hold_asks_for_the_greatest_number_of_cases():
    floors = [Floor("accuracy", min=0.85), Floor("accuracy", min=0.9)]
    check = floors_check([accuracy(19, 20), accuracy(19, 20)], floors)
    alone = [floors_check([accuracy(19, 20)], [floor]).cases_more for floor in floors]
    assert check.cases_more == max(alone) > min(alone)


def test_a_ceiling_is_the_mirror_image():
    assert floors_check([accuracy(1, 300)], [Floor("accuracy", max=0.05)]).status == "pass"
    assert floors_check([accuracy(10, 300)], [Floor("accuracy", max=0.05)]).status == "hold"
    assert floors_check([accuracy(60, 300)], [Floor("accuracy", max=0.05)]).status == "reject"
    assert floors_check([accuracy(60, 300)], [Floor("accuracy", min=0.1, max=0.05)]).status == "reject"


def test_a_metric_that_could_not_be_had_is_a_hold_with_its_reason():
    check = floors_check([MetricError("precision(spam): not one answer is 'spam'")], [Floor("precision", min=0.5)])
    assert check.status == "hold"
    assert "not one answer is 'spam'" in check.reason
    assert check.cases_more is None


def test_mcc_counts_cases_on_its_own_scale():
    pairs = [("a", "a")] * 20 + [("b", "b")] * 19 + [("b", "a")]
    scored = [Scored(str(i), 1.0, True, e, p) for i, (e, p) in enumerate(pairs)]
    check = floors_check([compute("mcc", scored, ("a", "b"))], [Floor("mcc", min=0.9)])
    assert check.status == "hold"
    assert check.cases_more > 40


def test_no_floor_is_no_check():
    with pytest.raises(ValueError, match="at least one floor"):
        floors_check([], [])


FLOOR = [Floor("accuracy", min=0.5)]


@pytest.mark.parametrize(
    ("right", "measured", "n", "status"),
    [
        (0, 0, 20, "hold"),  # nothing answered: no evidence at all
        (19, 19, 20, "pass"),  # as wrong, it still reaches the floor
        (2, 19, 20, "reject"),  # without it, the measured ones alone are below
        (8, 9, 20, "hold"),  # as wrong, the rest would reject; the measured ones alone do not
    ],
)
def test_cases_that_were_not_measured_count_against_a_pass_and_are_no_evidence_for_a_reject(right, measured, n, status):
    alone = accuracy(right, measured) if measured else MetricError("accuracy: no cases selected")
    assert floors_check([accuracy(right, n)], FLOOR, [alone]).status == status


def test_a_limit_is_not_broken_by_requests_that_ran_out_of_time_alone():
    fast, slow = (quantile("p95_ms", [9.0] * 200 + late, 0.95) for late in ([], [60_000.0] * 40))
    floor = [Floor("p95_ms", max=1000)]
    assert floors_check([slow], floor).status == "reject"
    assert floors_check([slow], floor, [fast]).status == "hold"
