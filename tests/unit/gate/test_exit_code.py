"""How a run ends: every combination of what it can find, and the precedence that the verdict of a candidate shares."""

from itertools import product

import pytest

from pytest_ftgate.gate.checks.result import CheckResult
from pytest_ftgate.gate.exit_code import EXIT_CODES, Kind, decide_run, kind_of, worst
from pytest_ftgate.gate.verdict import decide

STATUSES = ("pass", "hold", "skip", "reject", "integrity")


def check(status, *, advisory=False):
    return CheckResult("champion", status, advisory=advisory)


@pytest.mark.parametrize(("one", "two"), list(product(STATUSES, repeat=2)))
def test_a_run_and_a_candidate_share_one_precedence(one, two):
    checks = [check(one), check(two)]
    run = decide_run(checks, 0)
    assert run.kind is worst(map(kind_of, checks)) is decide(checks, required=()).kind
    assert run.exit_code == EXIT_CODES[run.kind]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("failures", [0, 3])
def test_failures_of_other_tests_are_never_forgotten(status, failures):
    found = decide_run([check(status)], failures)
    if status == "integrity":
        assert found.kind is Kind.INTEGRITY
    elif failures or status == "reject":
        assert found.exit_code == 1
    else:
        assert found.exit_code == {"pass": 0}.get(status, 10)


@pytest.mark.parametrize("status", STATUSES)
def test_an_advisory_check_decides_nothing(status):
    assert decide_run([check("pass"), check(status, advisory=True)], 0).exit_code == 0


@pytest.mark.parametrize(
    ("verdicts", "code"), [([], 10), (["PROMOTE"], 0), (["UNCHANGED"], 0), (["HOLD"], 10), (["REJECT", "HOLD"], 1)]
)
def test_a_run_that_was_to_decide_on_a_candidate_and_did_not_is_a_hold(verdicts, code):
    assert decide_run([check("pass")], 0, train=True, verdicts=verdicts).exit_code == code


@pytest.mark.parametrize(
    ("nights", "code"),
    [
        ([], 10),
        (["none"], 10),
        (["steady"], 0),
        (["steady", "none"], 0),
        (["steady", "drift"], 12),
        (["drift", "incomplete"], 10),
        (["unknown"], 10),
        (["drift", "changed"], 11),
    ],
)
def test_nights_of_a_canary(nights, code):
    assert decide_run([], 0, canary=True, nights=nights).exit_code == code


def test_a_judge_that_cannot_be_trusted_comes_before_everything():
    assert decide_run([check("reject")], 2, trusted=False).exit_code == 11


@pytest.mark.parametrize("status", [2, 3, 4, 5, 77])
def test_a_run_that_did_not_come_to_its_end_keeps_the_code_of_pytest(status):
    assert decide_run([check("integrity")], 1, status=status).exit_code == status


@pytest.mark.parametrize("found", [[], [check("pass")]])
@pytest.mark.parametrize("status", [1, 6])
def test_what_pytest_or_a_plugin_calls_a_failure_is_never_made_a_success(found, status):
    assert decide_run(found, 0, status=status).exit_code == status


COMBINATIONS = list(
    product(
        [*([each] for each in STATUSES), []],  # checks of the gate
        [0, 1],  # failures: tests, files that cannot be collected, what another plugin held against the session
        [0, 1],  # cases without a grade
        [0, 1],  # selected checks of the gate that never ran
        [None, (), ("PROMOTE",), ("HOLD",), ("REJECT",), ("INTEGRITY",), ("UNCHANGED",)],  # verdicts; None: no --train
        [
            None,
            (),
            ("none",),
            ("steady",),
            ("drift",),
            ("incomplete",),
            ("unknown",),
            ("changed",),
        ],  # None: no --canary
        [True, False],  # judges gave enough verdicts
        [0, 1, 2, 3, 4, 5, 6, 99],  # pytest's own code
    )
)


def expected(checks, failures, unmeasured, unlooked, verdicts, nights, trusted, status):
    """The table in words: the first line that applies."""
    if status not in (0, 1, 6):
        return status
    if "integrity" in checks or "INTEGRITY" in (verdicts or ()) or "changed" in (nights or ()) or not trusted:
        return 11
    if failures or "reject" in checks or "REJECT" in (verdicts or ()):
        return 1
    if unmeasured or unlooked or {"hold", "skip"} & set(checks) or "HOLD" in (verdicts or ()) or verdicts == ():
        return 10
    if nights in ((), ("none",)) or {"incomplete", "unknown"} & set(nights or ()):
        return 10
    return 12 if "drift" in (nights or ()) else status


def test_every_combination_of_what_a_run_can_find():
    assert len(COMBINATIONS) > 40_000
    for row in COMBINATIONS:
        checks, failures, unmeasured, unlooked, verdicts, nights, trusted, status = row
        found = decide_run(
            map(check, checks),
            failures,
            unmeasured=unmeasured,
            unlooked=unlooked,
            train=verdicts is not None,
            canary=nights is not None,
            verdicts=verdicts or (),
            nights=nights or (),
            trusted=trusted,
            status=status,
        )
        assert found.exit_code == expected(*row), row
        assert found.exit_code or not (status or failures or unmeasured or unlooked), row
