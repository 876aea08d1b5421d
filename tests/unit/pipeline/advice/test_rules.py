"""Each rule of the advice at its border, and what is said of numbers that decide nothing."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.pipeline.advice.rules import RULES, advise
from pytest_ftgate.pipeline.advice.situation import CLOSE, Situation


def accuracy(right: int, of: int = 300) -> Metric:
    return Metric("accuracy", right / of, of, *wilson(right, of))


def situation(right: int, of: int = 300, **more) -> Situation:
    usual = {"prompt": "zero-shot", "cases": of, "target": 0.9, "rows": 600, "resolution": 0.06}
    return Situation("mood", accuracy(right, of), **usual | more)


REACHES, MISSES, BETWEEN = accuracy(295), accuracy(200), accuracy(272)
API = {"reference": REACHES, "reference_name": "claude", "volume": 1e4}


@pytest.mark.parametrize(
    ("now", "advice"),
    [
        (situation(290, cases=320), "measure again"),
        (situation(279), "keep the prompt"),
        (situation(278), "not shown"),
        (situation(270), "not shown"),
        (situation(269), "work on the prompt"),
        (situation(252), "work on the prompt"),
        (situation(251), "not decided"),
        (situation(229), "not decided"),
        (situation(228), "fine-tune"),
        (situation(220, rows=199), "collect rows"),
        (situation(220, rows=120, left_out=79), "collect rows"),
        (situation(220, rows=120, left_out=80), "raise max_rows"),
        (situation(220, rows=200), "fine-tune"),
        (situation(220, resolution=0.2), "write cases"),
        (situation(220, reference=MISSES, reference_name="claude"), "look at the target"),
        (situation(220, reference=BETWEEN, reference_name="claude"), "fine-tune"),
        (situation(220, **API, break_even=2e4), "use the API"),
        (situation(220, **API, break_even=inf), "use the API"),
        (situation(220, **API, break_even=5e3), "fine-tune"),
        (situation(220, **API), "fine-tune"),
        (situation(220, **API | {"volume": None}, break_even=2e4), "fine-tune"),
    ],
)
def test_the_first_rule_that_holds(now, advice):
    assert advise(now).rule.name == advice


def test_every_rule_is_reached_and_has_its_sentence():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.when and rule.then.endswith(".") for rule in RULES)
    assert RULES[-1].holds(situation(0))


def test_rows_that_max_rows_leaves_out_need_not_be_collected():
    limited = situation(220, rows=120, left_out=130)
    assert advise(limited).because == "250 training rows are there, and max_rows = 120 of [data] leaves out the others"
    assert "150 training rows; 50 more are needed" in advise(situation(220, rows=120, left_out=30)).because
    assert "raise it to 200 or more" in " ".join(advise(situation(240, rows=120, left_out=130)).notes)


def test_an_interval_around_ten_points_decides_nothing():
    """Whatever the score below the target, no advice but this one is given while 10 points are inside the gap's."""
    for right in range(301):
        now = situation(right)
        inside = now.least_gap < CLOSE <= now.most_gap and now.gap > 0
        assert (advise(now).rule.name == "not decided") == inside, right


def test_a_prompt_at_the_target_is_never_told_to_be_worked_on():
    now = situation(41, 48, target=0.8)
    told = advise(now)
    assert told.rule.name == "not shown"
    assert told.because.startswith("not shown: the prompt is at the target (0.854 >= 0.8), but its lower bound is 0.7")
    more = now.cases_until_shown
    assert f"about {more:,} more cases would show it" in told.because
    of = 48 + more
    assert advise(situation(round(41 / 48 * of), of, target=0.8)).rule.name == "keep the prompt"
    assert advise(situation(17, 20, target=0.8)).rule.name == "not shown", "10 points are inside the interval"
    assert advise(situation(240, target=0.8)).because.endswith("; more cases would not show it")
    assert "70 cases of mood were not asked" in " ".join(advise(situation(41, 48, target=0.8, unasked=70)).notes)


@pytest.mark.parametrize("right", [245, 232])
def test_the_cases_that_would_settle_it_do(right):
    now = situation(right)
    assert advise(now).rule.name == "not decided"
    more = now.cases_more
    of = 300 + more
    assert f"about {more:,} more cases would settle it" in advise(now).because
    assert advise(situation(round(right / 300 * of), of)).rule.name != "not decided"


def test_more_cases_settle_nothing_at_ten_points_exactly():
    now = situation(240)
    assert now.gap == pytest.approx(CLOSE)
    assert advise(replace(now, target=0.9)).because.endswith(("would settle it", "would not settle it"))


def test_what_is_not_known_is_said():
    notes = " ".join(advise(situation(220, rows=300, reference=BETWEEN, reference_name="claude")).notes)
    assert "300 training rows are enough to try; 500 or more are better" in notes
    assert "whether claude reaches the target is not decided: 0.907 [" in notes
    assert "--requests-per-day N and --prices FILE" in " ".join(advise(situation(220, **API)).notes)
    assert "70 cases of mood were not asked: --limit 0" in " ".join(advise(situation(240, unasked=70)).notes)
    assert "150 more training rows" in " ".join(advise(situation(240, rows=50)).notes)
