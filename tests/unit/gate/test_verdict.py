"""The verdict over checks, and the promises of the policy as a whole."""

import numpy as np
import pytest

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.result import undecided_check
from pytest_ftgate.gate.floor import Floor
from pytest_ftgate.gate.verdict import (
    CheckResult,
    Kind,
    Result,
    baseline_check,
    champion_check,
    decide,
    floors_check,
    integrity_check,
)
from pytest_ftgate.metrics.compute import Scored, compute

GOOD = [CheckResult("integrity", "pass"), CheckResult("baseline", "pass"), CheckResult("champion", "pass")]


def check(status, name="floors", more=None):
    return CheckResult(name, status, {}, f"{name}: because", more)


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ([], Kind.PROMOTE),
        ([check("pass")], Kind.PROMOTE),
        ([check("hold")], Kind.HOLD),
        ([check("skip")], Kind.HOLD),
        ([check("reject")], Kind.REJECT),
        ([check("hold"), check("reject")], Kind.REJECT),
        ([check("reject"), check("integrity"), check("hold")], Kind.INTEGRITY),
    ],
)
def test_the_worst_finding_decides(extra, kind):
    verdict = decide([*GOOD, *extra])
    assert verdict.kind == kind
    assert verdict.checks == (*GOOD, *extra)
    assert kind == Kind.PROMOTE or "floors: because" in verdict.reason


def test_a_hold_asks_for_the_greatest_number_of_cases():
    assert decide([*GOOD, check("hold", more=40), check("hold", more=90)]).cases_more == 90
    assert decide([*GOOD, check("hold", more=40), check("hold")]).cases_more is None


def test_a_first_model_needs_a_floor():
    first = [CheckResult("integrity", "pass"), CheckResult("baseline", "pass"), CheckResult("must-pass", "pass")]
    verdict = decide(first)
    assert verdict.kind == Kind.HOLD
    assert "add a [[gate.floor]] to golden.toml" in verdict.reason
    assert decide([*first, CheckResult("floors", "pass")]).kind == Kind.PROMOTE


@pytest.mark.parametrize("name", ["integrity", "baseline"])
def test_nothing_is_promoted_unseen(name):
    verdict = decide([check for check in GOOD if check.name != name])
    assert verdict.kind == Kind.HOLD
    assert f"{name}: not measured" in verdict.reason
    assert decide([]).kind == Kind.HOLD


def test_missing_cases_hold():
    missing = undecided_check("champion", "12 of 300 cases not measured in this run")
    verdict = decide([CheckResult("integrity", "pass"), CheckResult("baseline", "pass"), missing])
    assert verdict.kind == Kind.HOLD
    assert verdict.reason == "champion: not decided: 12 of 300 cases not measured in this run"


TRUTH = [
    # mode, b, c, n, delta -> verdict, whether cases would settle it    (b: better, c: worse; delta in points)
    ("non-inferior", 9, 5, 300, 3, Kind.PROMOTE, None),  # ahead, surely not worse
    ("non-inferior", 5, 5, 300, 3, Kind.PROMOTE, None),  # equal, surely not worse
    ("non-inferior", 0, 0, 300, 3, Kind.PROMOTE, None),  # the same answers
    ("non-inferior", 2, 3, 500, 3, Kind.HOLD, False),  # surely not worse by the margin, but not ahead
    ("non-inferior", 9, 8, 100, 5, Kind.HOLD, True),  # ahead, perhaps worse
    ("non-inferior", 8, 8, 100, 5, Kind.HOLD, True),  # equal, perhaps worse
    ("non-inferior", 0, 0, 50, 5, Kind.HOLD, True),  # too small a set to see anything
    ("non-inferior", 8, 9, 100, 5, Kind.HOLD, False),  # behind, perhaps worse
    ("non-inferior", 2, 12, 300, 5, Kind.REJECT, None),  # significantly worse, perhaps within the margin
    ("non-inferior", 30, 60, 3000, 3, Kind.REJECT, None),  # significantly worse, surely within the margin
    ("non-inferior", 0, 60, 300, 3, Kind.REJECT, None),  # surely worse than the margin
    ("superior", 14, 4, 300, 3, Kind.PROMOTE, None),  # significantly ahead
    ("superior", 9, 5, 300, 3, Kind.HOLD, True),  # ahead, which non-inferiority would promote
    ("superior", 5, 5, 300, 3, Kind.HOLD, False),  # equal
    ("superior", 2, 3, 500, 3, Kind.HOLD, False),  # behind
    ("superior", 2, 12, 300, 5, Kind.REJECT, None),
    ("superior", 0, 60, 300, 3, Kind.REJECT, None),
]


@pytest.mark.parametrize(("mode", "b", "c", "n", "delta", "kind", "settles"), TRUTH)
def test_truth_table_of_the_champion_check(mode, b, c, n, delta, kind, settles):
    candidate = {str(i): Result(float(not b <= i < b + c), not b <= i < b + c) for i in range(n)}
    champion = {str(i): Result(float(i >= b), i >= b) for i in range(n)}
    verdict = decide([*GOOD[:2], champion_check(candidate, champion, delta / 100, mode=mode)])
    assert verdict.kind == kind, verdict.reason
    if kind == Kind.HOLD:
        assert bool(verdict.cases_more) == settles
        told = "would settle it" if settles else "not ahead; more cases would not promote it"
        assert told in verdict.reason


@pytest.mark.parametrize("status", ["hold", "reject", "integrity", "skip"])
def test_an_advisory_check_decides_nothing(status):
    advice = CheckResult("forgetting", status, {}, "forgetting: because", advisory=True)
    verdict = decide([*GOOD, advice])
    assert verdict.kind == Kind.PROMOTE
    assert verdict.checks[-1] == advice
    assert verdict.reason == f"all 3 checks pass; advisory and not met: forgetting ({status})"
    assert decide([*GOOD, check("hold"), advice]).reason == "floors: because"


def test_an_advisory_check_stands_in_for_no_required_one():
    assert decide([*GOOD[:2], CheckResult("floors", "pass", advisory=True)]).kind == Kind.HOLD


def right_or_wrong(values):
    return {
        str(i): Result(None, None) if value is None else Result(float(value), bool(value))
        for i, value in enumerate(values)
    }


def verdict_of(candidate, base, champion):
    results = {"candidate": right_or_wrong(candidate), "base": right_or_wrong(base)}
    digests = dict.fromkeys(results, "same")
    scored = [
        Scored(str(i), float(value or 0), bool(value), measured=value is not None) for i, value in enumerate(candidate)
    ]
    measured = [case for case in scored if case.measured]
    return decide(
        [
            integrity_check(results, digests),
            baseline_check(results["candidate"], results["base"]),
            *([champion_check(results["candidate"], right_or_wrong(champion), 0.03)] if champion is not None else []),
            floors_check(
                [compute("accuracy", scored)],
                [Floor("accuracy", min=0.85)],
                [compute("accuracy", measured) if measured else MetricError("accuracy: no cases selected")],
            ),
        ]
    )


BASE = [i % 3 == 0 for i in range(300)]
STRONG = [i % 25 != 0 for i in range(300)]


def test_a_clear_case_is_promoted():
    assert verdict_of(STRONG, BASE, None).kind == Kind.PROMOTE
    assert verdict_of(STRONG, BASE, STRONG).kind == Kind.PROMOTE


@pytest.mark.parametrize("champion", [None, STRONG])
@pytest.mark.parametrize("lost", [16, 150, 300])
def test_a_server_that_gives_no_answers_is_not_held_against_the_model(lost, champion):
    hung = [None if i < lost else value for i, value in enumerate(STRONG)]
    assert verdict_of(hung, BASE, champion).kind == Kind.INTEGRITY


def test_a_few_cases_that_were_not_measured_are_no_reason_to_reject_for():
    tight = [None if i % 21 == 0 else i % 8 != 0 for i in range(300)]
    assert sum(value is None for value in tight) == 15
    assert verdict_of(tight, BASE, None).kind == Kind.HOLD


def test_an_adapter_equal_to_the_base_is_rejected_beside_a_champion():
    assert verdict_of(BASE, BASE, STRONG).kind == Kind.REJECT


def promoted(n, delta, change, runs=1500):
    """Share promoted by both comparing checks: champion .80, baseline .70, candidate .80 + change, phi about .5."""
    from statistics import NormalDist

    quantile, rng = NormalDist().inv_cdf, np.random.default_rng(n)
    shared = rng.normal(size=(runs, n))
    rate = {"base": 0.70, "champion": 0.80, "candidate": 0.80 + change}
    loading = 0.83
    answers = {
        name: loading * shared + np.sqrt(1 - loading**2) * rng.normal(size=(runs, n)) < quantile(share)
        for name, share in rate.items()
    }
    count = 0
    for run in range(runs):
        results = {name: right_or_wrong(answer[run]) for name, answer in answers.items()}
        passed = champion_check(results["candidate"], results["champion"], delta).status == "pass"
        count += passed and baseline_check(results["candidate"], results["base"]).status == "pass"
    return count / runs


def test_the_policy_keeps_regressions_out_and_lets_gains_in():
    """Design, section 5: at n = 100 a model 5 points worse is promoted 3.5 % of the time, 5 points better 82 %."""
    assert promoted(100, 0.05, -0.05) < 0.06
    assert 0.70 < promoted(100, 0.05, +0.05) < 0.92
