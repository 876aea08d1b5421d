"""What the summary and the exit code make of checks that decide and of those that advise."""

import pytest

from pytest_ftgate.plugin.report.collector import ReportCollector
from pytest_ftgate.plugin.report.summary import lines

VERDICT = {
    "task": "quiz",
    "verdict": "PROMOTE",
    "version": 2,
    "reason": "",
    "golden": "goldens/quiz",
    "seconds": {"serve": 1.0},
    "warnings": [],
}


def check(name, status, *, advisory=False):
    return {"set": "quiz", "check": name, "status": status, "reason": f"{name}: because", "advisory": advisory}


def tally(*checks, **verdict):
    return ReportCollector(train=True, told=True, checks={"quiz": list(checks)}, verdicts=[VERDICT | verdict])


def test_checks_stand_in_columns_and_advice_says_what_it_would():
    told = [
        text
        for text, _ in lines(
            tally(check("integrity", "pass"), check("forgetting", "reject", advisory=True)), verbose=False
        )
    ]
    assert "  integrity   PASS      because" in told
    assert "  forgetting  ADVISORY  reject: because" in told


@pytest.mark.parametrize("status", ["hold", "reject", "integrity", "skip"])
def test_advice_does_not_change_the_exit_code(status):
    assert tally(check("integrity", "pass"), check("forgetting", status, advisory=True)).exit_code(0) == 0
    assert tally(check("integrity", "pass"), check("forgetting", status)).exit_code(0) != 0


def test_an_overused_golden_set_is_told_under_the_verdict():
    told = list(lines(tally(check("integrity", "pass"), warnings=["quiz is overused"]), verbose=False))
    assert told.index(("  warning: quiz is overused", "yellow")) == told.index(("PROMOTED quiz v2", "green")) + 1
