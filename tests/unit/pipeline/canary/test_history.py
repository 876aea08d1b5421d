"""Nights and reference -> finding: gaps, repeats of a night, cases that fell, changes told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from pytest_ftgate.pipeline.canary.compatibility import changes
from pytest_ftgate.pipeline.canary.history import Night, judge
from pytest_ftgate.pipeline.canary.reference import Asked, PanelCase, Reference

DAY = date(2026, 11, 22)
ASKED = Asked("a" * 64, "transformers", {"mail": "p" * 64}, {"mail": "s" * 64})
REFERENCE = Reference(ASKED, tuple(PanelCase("mail", f"c{i}", f"{i:064x}", (1.0,) * 5) for i in range(100)))


def night(back: int, wrong: int) -> Night:
    """So many nights ago, with so many wrong answers."""
    grades = {f"mail::c{i}": float(i >= wrong) for i in range(100)}
    return Night(DAY - timedelta(back), 1 - wrong / 100, grades, dict.fromkeys(grades, "no"))


def test_a_steady_night():
    finding = judge(REFERENCE, [night(1, 2)], night(0, 1))
    assert (finding.kind, finding.score, finding.missing) == ("steady", 0.99, ())
    assert finding.reason == "-1.0 points vs the reference runs, z 1.8"


def test_drift_names_the_windows_and_the_cases_that_fell():
    finding = judge(REFERENCE, [], night(0, 8))
    assert finding.kind == "drift"
    assert finding.reason.startswith("8.0 points below the reference runs over 1 night (z 14.6 > 3.91)")
    assert finding.fallen == tuple(f"mail::c{i} 1.00 -> 0.00, response 'no'" for i in range(5))
    json.dumps(finding.to_json())


def test_a_slow_drift_is_found_by_the_longer_windows_alone():
    finding = judge(REFERENCE, [night(i, 7) for i in (6, 5, 4, 3, 2, 1)], night(0, 4))
    assert finding.kind == "drift"
    assert [window.alarm for window in finding.windows] == [False, True, True]
    assert "over 3 nights" in finding.reason
    assert "over 1 night " not in finding.reason


def test_missing_nights_of_the_last_week_are_named_and_those_before_the_first_are_not():
    finding = judge(REFERENCE, [night(20, 0), night(3, 0)], night(0, 0))
    assert finding.missing == tuple(DAY - timedelta(i) for i in (6, 5, 4, 2, 1))
    assert judge(REFERENCE, [night(3, 0)], night(0, 0)).missing == (DAY - timedelta(2), DAY - timedelta(1))
    assert judge(REFERENCE, [], night(0, 0)).missing == ()
    assert any("missing nights" in line for line in finding.lines())


def test_of_several_runs_for_a_night_the_last_counts():
    before = [night(1, 50), night(1, 0), night(0, 50)]
    finding = judge(REFERENCE, before, night(0, 0))
    assert [(window.nights, window.drop) for window in finding.windows] == [(1, 0.0), (2, 0.0)]


def test_nights_to_come_do_not_count():
    assert len(judge(REFERENCE, [night(-1, 50)], night(0, 0)).windows) == 1


def test_a_reference_survives_the_registry():
    kept = replace(REFERENCE, reason="at promotion")
    assert Reference.from_json(json.loads(json.dumps(kept.to_json())), "run") == replace(kept, run_id="run")


@pytest.mark.parametrize(
    ("now", "lost", "said"),
    [
        (ASKED, [], []),
        (replace(ASKED, model="b" * 64), [], ["model digest: aaaaaaaaaaaa in the reference runs, now bbbbbbbbbbbb"]),
        (replace(ASKED, engine="vllm"), [], ["engine: transformers in the reference runs, now vllm"]),
        (replace(ASKED, settings={"mail": "t"}), [], ["settings of mail ([request], graders or [label])"]),
        (replace(ASKED, prompts={"mail": "q"}, settings={"mail": "t"}), [], ["prompt of mail: digest pppppppppppp"]),
        (ASKED, ["mail::c1"], ["panel: 1 of 100 cases changed or removed: mail::c1"]),
        (ASKED, [f"mail::c{i}" for i in range(7)], ["mail::c4 and 2 more"]),
        (replace(ASKED, model="b" * 64, prompts={"mail": "q"}), ["x"], ["panel", "model digest", "prompt of mail"]),
    ],
)
def test_each_change_is_told_by_its_name(now, lost, said):
    found = changes(REFERENCE, now, lost)
    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True))
