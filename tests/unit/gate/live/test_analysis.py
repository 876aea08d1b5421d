"""Logs of simulated users -> decisions, with the split held to what is stated."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pytest_ftgate.gate.checks.live import live_check
from pytest_ftgate.gate.live.analysis import analyse
from pytest_ftgate.gate.live.log import Log, User

START = datetime(2026, 3, 1, tzinfo=UTC)


def users(n, share, champion, candidate, seed=0, **facts):
    rng = np.random.default_rng(seed)
    arms = rng.random(n) < share
    good = rng.random(n) < np.where(arms, candidate, champion)
    return tuple(
        User(
            f"u{i}", bool(arms[i]), START + timedelta(minutes=i), **{"outcome": float(good[i]), "closed": True} | facts
        )
        for i in range(n)
    )


def found(*args, **kwargs):
    return Log(users(*args, **kwargs), ())


@pytest.mark.parametrize(
    ("champion", "candidate", "decision", "status"),
    [(0.6, 0.75, "better", "pass"), (0.75, 0.6, "worse", "reject"), (0.7, 0.7, "continue", "hold")],
)
def test_a_decision_and_its_arm(champion, candidate, decision, status):
    finding = analyse(found(6000, 0.1, champion, candidate), 0.1)
    arm = live_check(finding)
    assert (finding.decision, arm.status, arm.name) == (decision, status, "live")
    assert finding.lower < finding.difference < finding.upper
    assert (finding.decided_at is None) == (decision == "continue")
    assert sum(finding.counted) == sum(finding.users) == 6000


def test_a_margin_accepts_what_is_a_little_worse():
    log = found(20_000, 0.1, 0.7, 0.68, seed=3)
    assert analyse(log, 0.1).decision != "better"
    assert analyse(log, 0.1, margin=0.1).decision == "better"
    assert "above -10.0 points: e reached 20" in live_check(analyse(log, 0.1, margin=0.1)).reason


def test_a_decision_once_reached_is_kept():
    """More users cannot take back what was decided: Ville's inequality is about the highest e-value."""
    log = found(6000, 0.1, 0.6, 0.75)
    first = analyse(log, 0.1).decided_at
    assert first is not None
    tail = tuple(
        User(f"v{i}", user.candidate, user.at + timedelta(days=30), 0.5, closed=True)
        for i, user in enumerate(log.users)
    )
    later = analyse(Log(log.users + tail, ()), 0.1)
    assert (later.decision, later.decided_at) == ("better", first)


def test_a_wrong_share_withholds_the_verdict():
    finding = analyse(found(6000, 0.1, 0.6, 0.9), 0.05)
    assert (finding.decision, finding.p_split < 1e-9, live_check(finding).status) == ("withheld", True, "integrity")
    assert "of 6,000 users in the candidate arm" in finding.problems[0]
    assert "configured 5 %" in finding.problems[0]


def test_outcomes_that_go_missing_in_one_arm_withhold_it_too():
    """Only happy users of the candidate tell: the users are split as stated, those who count are not."""
    kept = tuple(
        User(u.name, u.candidate, u.at, None if u.candidate and not u.outcome else u.outcome, closed=True)
        for u in users(6000, 0.1, 0.5, 0.5)
    )
    finding = analyse(Log(kept, ()), 0.1)
    assert (finding.decision, finding.p_split > 0.01) == ("withheld", True)
    assert "users with an outcome" in finding.problems[0]


def test_users_in_both_arms_withhold_it():
    log = Log(users(6000, 0.1, 0.6, 0.9), ("u1", "u2", "u3", "u4"))
    assert "4 of 6000 users saw both models (u1, u2, u3 and 1 more)" in analyse(log, 0.1).problems[0]


def test_open_windows_wait():
    finding = analyse(found(500, 0.1, 0.6, 0.9, closed=False), 0.1)
    assert (finding.decision, finding.waiting, finding.counted) == ("continue", 500, (0, 0))
    assert "no outcomes yet, 500 users pending" in live_check(finding).reason


def test_users_more_is_about_right():
    """An undecided test says how many more users would do; so many more then do, in most repeats."""
    early = analyse(found(2500, 0.1, 0.6, 0.68, seed=5), 0.1)
    assert (early.decision, "more users would settle it" in live_check(early).reason) == ("continue", True)
    total = 2500 + early.users_more
    decided = sum(
        analyse(found(total, 0.1, 0.6, 0.6 + early.difference, s), 0.1).decision == "better" for s in range(20)
    )
    assert decided >= 8


def test_behind_more_users_would_not_help():
    finding = analyse(found(1500, 0.1, 0.62, 0.55, seed=3), 0.1)
    assert finding.difference < 0
    assert (finding.decision, finding.users_more) == ("continue", None)
    assert "not ahead; more users would not promote it" in live_check(finding).reason
