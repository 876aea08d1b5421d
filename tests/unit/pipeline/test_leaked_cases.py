"""--ftgate-leak=drop-case, and the gate's result on the clean cases beside the full one; with a real registry."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.gate.verdict import Kind, decide
from pytest_ftgate.pipeline.decide.explain_checks import explain
from pytest_ftgate.pipeline.decide.run_checks import checks_of, judge
from pytest_ftgate.pipeline.decide.sensitivity import Sensitivity
from pytest_ftgate.pipeline.report.explain_page import markdown
from pytest_ftgate.pipeline.run import Stopped
from pytest_ftgate.pipeline.stages.leakage import check_leakage
from pytest_ftgate.pipeline.stages.promote import conclude
from tests.unit.pipeline_runs import DELTA, Shop


@pytest.fixture
def shop(tmp_path, plain_template, no_tracking_server):
    return Shop(tmp_path, plain_template)


def train_on(shop, *texts):
    rows = "".join(json.dumps({"input": text, "expected": "yes"}) + "\n" for text in texts)
    (shop.path / "pipelines/quiz/train.jsonl").write_text(rows)


def checked(shop, weights, leak="drop-case", **kwargs):
    run = shop.run(weights, **kwargs)
    run.leak = leak
    check_leakage(run)
    return run


def judged(run):
    """(verdict, checks, verdicts beside), as the items of a run do it."""
    beside, checks = Sensitivity(), {}
    for suite in run.sets:
        whole = run.candidate_of(suite)
        tested = whole.without(run.leaked.left_out(suite))
        for name in checks_of(suite, train=True, general=suite == run.general):
            seen = judge(name, suite, whole if name == "must-pass" else tested, run, DELTA)
            checks.setdefault(suite.name, {})[name] = seen
            beside.judge(name, suite, whole, run, DELTA)
    verdict = decide([check for of_set in checks.values() for check in of_set.values() if check is not None])
    return verdict, checks, beside.verdicts(run, checks)


def test_leaked_cases_are_dropped_for_every_model(shop):
    """Without the three cases that were trained on, all models are compared on the same 97."""
    first = checked(shop, "one", wrong=range(14))
    conclude(first, judged(first)[0])
    train_on(shop, "something else", "q1", "q2", "q3")
    run = checked(shop, "two", wrong=range(4, 10))
    verdict, checks, _ = judged(run)
    found = checks["quiz"]
    assert found["integrity"].status == "pass"
    assert found["integrity"].numbers["dropped"] == 3
    assert found["integrity"].reason.startswith(
        "integrity: one golden set, no leaks in 97 cases, 3 leaked cases excluded"
    )
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
    run = checked(shop, "two", wrong=range(50, 52))
    verdict, _, beside = judged(run)
    assert verdict.kind == Kind.HOLD
    assert "champion: -2.1 points" in verdict.reason
    assert list(beside) == ["all 100 cases of quiz"]
    [check] = [check for check in beside["all 100 cases of quiz"].checks if check.name == "champion"]
    assert (check.numbers["n"], check.numbers["better"], check.numbers["worse"]) == (100, 5, 2)
    told = explain(run, verdict, {}, beside)
    assert [line.split(": ")[0] for line in told.beside] == ["on all 100 cases of quiz"]
    page = markdown(told)
    assert "| quiz/c0 | leak | " in page
    assert "train.jsonl:1 | exact | 1.00 | <mark>q0</mark> yes |" in page
    assert "| what decides | verdict | HOLD | " in page
    assert "| all 100 cases of quiz | champion | " in page


def test_a_suspect_that_is_tolerated_shows_the_clean_cases_beside(shop):
    shop.cases[7]["input"] = "the clock in the old town is slow"
    train_on(shop, "as they say the clock in the old town is slow but not by much")
    run = checked(shop, "one", leak="error", wrong=range(10))
    verdict, checks, beside = judged(run)
    assert verdict.kind == Kind.PROMOTE
    assert checks["quiz"]["baseline"].numbers["n"] == 100
    assert beside["the 99 clean cases of quiz"].kind == Kind.PROMOTE
    numbers = {
        check.name: check.numbers["n"] for check in beside["the 99 clean cases of quiz"].checks if "n" in check.numbers
    }
    assert numbers["baseline"] == 99


def test_without_a_leak_there_is_nothing_beside(shop):
    run = checked(shop, "one", wrong=range(10))
    verdict, _, beside = judged(run)
    assert beside == {}
    assert not explain(run, verdict, {}, beside).tells


def test_no_clean_case_left_is_told_and_breaks_nothing(shop):
    shop.cases = [{"id": "c1", "input": "the clock in the old town is slow", "expected": "yes"}]
    train_on(shop, "as they say the clock in the old town is slow but not by much")
    _, _, beside = judged(checked(shop, "one", leak="error", base_wrong=(0,)))
    assert "no case is left" in beside["the 0 clean cases of quiz"].reason


@pytest.mark.parametrize(("leaked", "kept"), [(5, True), (6, False)])
def test_95_percent_of_the_cases_must_be_left(shop, leaked, kept):
    train_on(shop, *(f"q{n}" for n in range(leaked)))
    if kept:
        run = checked(shop, "one")
        assert len(run.leaked.dropped(run.suites[0])) == 5
        return
    with pytest.raises(Stopped, match="would keep 94 of 100 cases, at least 95 % required") as stopped:
        checked(shop, "one")
    assert stopped.value.verdict.kind == Kind.INTEGRITY
    assert "leak of golden case quiz/c5" in str(stopped.value), "the findings are told as well"


def test_a_leaked_case_that_must_pass_still_must(shop):
    shop.cases[3]["must_pass"] = True
    train_on(shop, "q3")
    verdict, checks, _ = judged(checked(shop, "one", wrong=[3]))
    assert verdict.kind == Kind.REJECT
    assert checks["quiz"]["must-pass"].status == "reject"
    assert checks["quiz"]["floors"].status == "pass"


def test_results_of_dropped_cases_are_not_frozen(shop):
    """A champion that was trained on a golden is not compared on it in any later run."""
    train_on(shop, "q1", "q2", "q3")
    run = checked(shop, "one", wrong=range(10, 20))
    conclude(run, judged(run)[0])
    train_on(shop, "something else")
    later = checked(shop, "two", wrong=range(5))
    verdict, checks, beside = judged(later)
    assert checks["quiz"]["integrity"].numbers["n"] == 100
    assert checks["quiz"]["champion"].numbers["n"] == 97
    assert checks["quiz"]["champion"].numbers["worse"] == 2, "c0 and c4"
    assert beside == {}
    assert verdict.kind == Kind.PROMOTE, verdict.reason


def test_the_lock_and_the_digest_of_the_set_stay(shop):
    train_on(shop, "q1")
    run = checked(shop, "one")
    suite = run.suites[0]
    tested = run.candidate_of(suite).without(run.leaked.left_out(suite))
    assert len(tested.suite.cases) == 99
    assert (tested.suite.digest, tested.suite.name) == (suite.digest, suite.name)
    assert len(run.candidate_of(suite).suite.cases) == 100


def test_what_was_dropped_is_a_line(shop):
    train_on(shop, "q1", "else", "Q2!")
    run = checked(shop, "one")
    [line] = run.leaked.told(run.sets)
    assert line.startswith("quiz: 2 leaked cases of 100 excluded for all models: c1 (")
    assert line.endswith("train.jsonl:3)")
