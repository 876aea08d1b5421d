"""What the summary and the exit code make of arms that decide and of those that advise."""

import pytest

from pytest_ftgate.plugin.report.collector import Tally
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


def arm(name, status, *, advisory=False):
    return {"set": "quiz", "arm": name, "status": status, "reason": f"{name}: because", "advisory": advisory}


def tally(*arms, **verdict):
    return Tally(train=True, told=True, arms={"quiz": list(arms)}, verdicts=[VERDICT | verdict])


def test_arms_stand_in_columns_and_advice_says_what_it_would():
    told = [
        text
        for text, _ in lines(tally(arm("integrity", "pass"), arm("forgetting", "reject", advisory=True)), verbose=False)
    ]
    assert "  integrity   PASS      because" in told
    assert "  forgetting  ADVISORY  reject: because" in told


@pytest.mark.parametrize("status", ["hold", "reject", "integrity", "skip"])
def test_advice_does_not_change_the_exit_code(status):
    assert tally(arm("integrity", "pass"), arm("forgetting", status, advisory=True)).exit_code(0) == 0
    assert tally(arm("integrity", "pass"), arm("forgetting", status)).exit_code(0) != 0


def test_a_worn_exam_is_told_under_the_verdict():
    told = list(lines(tally(arm("integrity", "pass"), warnings=["quiz is worn"]), verbose=False))
    assert told.index(("  warning: quiz is worn", "yellow")) == told.index(("PROMOTED quiz v2", "green")) + 1
