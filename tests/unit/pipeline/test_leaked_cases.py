"""--ftgate-leak=drop-case, and the gate's result on the clean cases beside the full one; with a real registry."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.gate.verdict import Kind, decide
from pytest_ftgate.pipeline.decide.evidence import arms_of, judge
from pytest_ftgate.pipeline.decide.explain import explain
from pytest_ftgate.pipeline.decide.sensitivity import Beside
from pytest_ftgate.pipeline.report.explain_page import markdown
from pytest_ftgate.pipeline.run import Stopped
from pytest_ftgate.pipeline.stages.promote import conclude
from tests.unit.rollouts import DELTA, Shop


@pytest.fixture
def shop(tmp_path, plain_template, no_tracking_server):
    return Shop(tmp_path, plain_template)


def train_on(shop, *texts):
    rows = "".join(json.dumps({"input": text, "expected": "yes"}) + "\n" for text in texts)
    (shop.path / "pipelines/quiz/train.jsonl").write_text(rows)


def checked(shop, weights, leak="drop-case", **kwargs):
    rollout = shop.rollout(weights, **kwargs)
    rollout.leak = leak
    rollout.check_leakage()
    return rollout


def judged(rollout):
    """(verdict, arms, verdicts beside), as the items of a run do it."""
    beside, arms = Beside(), {}
    for suite in rollout.sets:
        whole = rollout.candidate_of(suite)
        tested = whole.without(rollout.exposed.left_out(suite))
        for name in arms_of(suite, train=True, general=suite == rollout.general):
            seen = judge(name, suite, whole if name == "must-pass" else tested, rollout, DELTA)
            arms.setdefault(suite.name, {})[name] = seen
            beside.judge(name, suite, whole, rollout, DELTA)
    verdict = decide([arm for of_set in arms.values() for arm in of_set.values() if arm is not None])
    return verdict, arms, beside.verdicts(rollout, arms)


def test_leaked_cases_are_dropped_for_every_model(shop):
    """Without the three cases that were trained on, all models are compared on the same 97."""
    first = checked(shop, "one", wrong=range(14))
    conclude(first, judged(first)[0])
    train_on(shop, "something else", "q1", "q2", "q3")
    rollout = checked(shop, "two", wrong=range(4, 10))
    verdict, arms, _ = judged(rollout)
    found = arms["quiz"]
    assert found["integrity"].status == "pass"
    assert found["integrity"].numbers["dropped"] == 3
    assert found["integrity"].reason.startswith("integrity: one golden set, no leak of 97 cases, 3 that leaked dropped")
    assert {found[name].numbers["n"] for name in ("integrity", "baseline", "champion")} == {97}
    assert found["champion"].numbers["better"] == 5, "c0 and c10 to c13; c1 to c3 do not count"
    assert found["champion"].numbers["worse"] == 0
    assert "(n = 97)" in found["floors"].reason
    assert verdict.kind == Kind.PROMOTE, verdict.reason


def test_beside_stands_what_the_full_set_would_have_said(shop):
    """The candidate's lead is made of what it was trained on: with it a promotion, without it none."""
    first = checked(shop, "one", wrong=range(5))
    conclude(first, judged(first)[0])
    train_on(shop, *(f"q{n}" for n in range(5)))
    rollout = checked(shop, "two", wrong=range(50, 52))
    verdict, _, beside = judged(rollout)
    assert verdict.kind == Kind.HOLD
    assert "champion: -2.1 points" in verdict.reason
    assert list(beside) == ["all 100 cases of quiz"]
    [arm] = [arm for arm in beside["all 100 cases of quiz"].arms if arm.name == "champion"]
    assert (arm.numbers["n"], arm.numbers["better"], arm.numbers["worse"]) == (100, 5, 2)
    told = explain(rollout, verdict, {}, beside)
    assert [line.split(": ")[0] for line in told.beside] == ["on all 100 cases of quiz"]
    page = markdown(told)
    assert "| quiz/c0 | leak | " in page
    assert "train.jsonl:1 | exact | 1.00 | <mark>q0</mark> yes |" in page
    assert "| what decides | verdict | HOLD | " in page
    assert "| all 100 cases of quiz | champion | " in page


def test_a_suspect_that_is_tolerated_shows_the_clean_cases_beside(shop):
    shop.cases[7]["input"] = "the clock in the old town is slow"
    train_on(shop, "as they say the clock in the old town is slow but not by much")
    rollout = checked(shop, "one", leak="error", wrong=range(10))
    verdict, arms, beside = judged(rollout)
    assert verdict.kind == Kind.PROMOTE
    assert arms["quiz"]["baseline"].numbers["n"] == 100
    assert beside["the 99 clean cases of quiz"].kind == Kind.PROMOTE
    numbers = {arm.name: arm.numbers["n"] for arm in beside["the 99 clean cases of quiz"].arms if "n" in arm.numbers}
    assert numbers["baseline"] == 99


def test_without_a_leak_there_is_nothing_beside(shop):
    rollout = checked(shop, "one", wrong=range(10))
    verdict, _, beside = judged(rollout)
    assert beside == {}
    assert not explain(rollout, verdict, {}, beside).tells


def test_no_clean_case_left_is_told_and_breaks_nothing(shop):
    shop.cases = [{"id": "c1", "input": "the clock in the old town is slow", "expected": "yes"}]
    train_on(shop, "as they say the clock in the old town is slow but not by much")
    _, _, beside = judged(checked(shop, "one", leak="error", base_wrong=(0,)))
    assert "no case is left" in beside["the 0 clean cases of quiz"].reason


@pytest.mark.parametrize(("leaked", "kept"), [(5, True), (6, False)])
def test_95_percent_of_the_cases_must_be_left(shop, leaked, kept):
    train_on(shop, *(f"q{n}" for n in range(leaked)))
    if kept:
        rollout = checked(shop, "one")
        assert len(rollout.exposed.dropped(rollout.suites[0])) == 5
        return
    with pytest.raises(Stopped, match="would leave 94 of 100 cases, at least 95 % must be left") as stopped:
        checked(shop, "one")
    assert stopped.value.verdict.kind == Kind.INTEGRITY
    assert "leak of golden quiz/c5" in str(stopped.value), "the findings are told as well"


def test_a_leaked_case_that_must_pass_still_must(shop):
    shop.cases[3]["must_pass"] = True
    train_on(shop, "q3")
    verdict, arms, _ = judged(checked(shop, "one", wrong=[3]))
    assert verdict.kind == Kind.REJECT
    assert arms["quiz"]["must-pass"].status == "reject"
    assert arms["quiz"]["floors"].status == "pass"


def test_results_of_dropped_cases_are_not_frozen(shop):
    """A champion that was trained on a golden is not compared on it in any later run."""
    train_on(shop, "q1", "q2", "q3")
    rollout = checked(shop, "one", wrong=range(10, 20))
    conclude(rollout, judged(rollout)[0])
    train_on(shop, "something else")
    later = checked(shop, "two", wrong=range(5))
    verdict, arms, beside = judged(later)
    assert arms["quiz"]["integrity"].numbers["n"] == 100
    assert arms["quiz"]["champion"].numbers["n"] == 97
    assert arms["quiz"]["champion"].numbers["worse"] == 2, "c0 and c4"
    assert beside == {}
    assert verdict.kind == Kind.PROMOTE, verdict.reason


def test_the_lock_and_the_digest_of_the_set_stay(shop):
    train_on(shop, "q1")
    rollout = checked(shop, "one")
    suite = rollout.suites[0]
    tested = rollout.candidate_of(suite).without(rollout.exposed.left_out(suite))
    assert len(tested.suite.cases) == 99
    assert (tested.suite.digest, tested.suite.name) == (suite.digest, suite.name)
    assert len(rollout.candidate_of(suite).suite.cases) == 100


def test_what_was_dropped_is_a_line(shop):
    train_on(shop, "q1", "else", "Q2!")
    rollout = checked(shop, "one")
    [line] = rollout.exposed.told(rollout.sets)
    assert line.startswith("quiz: 2 leaked cases of 100 dropped from the comparison of all models: c1 (")
    assert line.endswith("train.jsonl:3)")
