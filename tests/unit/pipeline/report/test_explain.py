"""A rejection explained: lines for the terminal, the page, and who is compared with whom."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.gate.checks.result import CheckResult
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.golden.case import make_case
from pytest_ftgate.pipeline.decide.explain_checks import explain, write
from pytest_ftgate.pipeline.leaked_cases import LeakedCases
from pytest_ftgate.pipeline.report.changes import compare
from pytest_ftgate.pipeline.report.explain import Explanation, Finding
from pytest_ftgate.pipeline.report.explain_page import markdown
from tests.unit.pipeline.report.explained import case, frozen

CASES = [case(number) for number in range(200)]
HARD = {case.id for case in CASES if case.input["text"].startswith("win")}
REJECT = CheckResult("champion", "reject", {"gain": -0.1, "upper": -0.05, "n": 200}, "champion: -10.0 points")


def finding(check=REJECT, cases=CASES, wrong=HARD, **more):
    comparison = compare(cases, frozen(cases, wrong, "new"), frozen(cases, set(), "old"))
    return Finding("mail", check, against="champion v1", comparison=comparison, **more)


def explanation(*findings):
    return Explanation("mail", "REJECT", "champion: -10.0 points", findings)


def test_the_lines_tell_numbers_cases_answers_and_words(snapshot):
    assert "\n".join(explanation(finding()).lines()) == snapshot


def test_at_most_ten_cases_are_printed_and_none_twice():
    lines = list(explanation(finding(), finding(part="length = long")).lines())
    printed = [match[1] for line in lines if (match := re.match(r"  (c\d+): ", line))]
    assert len(printed) == len(set(printed)) == 10
    assert len(lines) < 40


def test_long_texts_are_cut_in_the_lines_and_whole_on_the_page():
    long = [make_case({"input": "x" * 900, "expected": "y"}, 1, "long")]
    told = explanation(finding(cases=long, wrong={"long"}))
    assert max(map(len, told.lines())) < 200
    assert "x" * 900 in markdown(told)


def test_advisory_checks_are_on_the_page_only():
    told = explanation(finding(CheckResult("forgetting", "reject", {}, "forgetting: -30 points", advisory=True)))
    assert not list(told.lines())
    assert "## mail, forgetting: REJECT, advisory" in markdown(told)


def test_the_page_holds_every_case(snapshot):
    page = markdown(explanation(finding()))
    rows = [line for line in page.splitlines() if re.match(r"\| c\d", line)]
    assert len(rows) == 20
    assert page == snapshot


def test_texts_of_models_cannot_break_the_page():
    hostile = [make_case({"input": "a|b\n# head <img src=x> `code` **bold** [link](x)", "expected": "y"}, 1, "h")]
    page = markdown(explanation(finding(cases=hostile, wrong={"h"})))
    row = next(line for line in page.splitlines() if line.startswith("| h "))
    assert row.count("|") == 6
    assert "<img" not in page
    assert not set("`*[") & set(row)


@pytest.fixture
def run():
    """What the explanation asks of a pipeline run, on answers that are known."""
    must = [case(number, must_pass=number < 2, slices={"half": str(number // 100)}) for number in range(200)]
    suite = SimpleNamespace(name="mail", cases=must)
    new, old, base = frozen(must, HARD, "new"), frozen(must, set(), "old"), frozen(must, {"c1"}, "base")
    version = SimpleNamespace(number=3)
    reference = SimpleNamespace(version=version, now=False)
    return SimpleNamespace(
        name="mail",
        sets=(suite,),
        leaked=LeakedCases(),
        champion=version,
        references=SimpleNamespace(champion=lambda suite: reference, anchor=lambda suite: reference),
        candidate_of=lambda suite: SimpleNamespace(to_json=lambda: new),
        answers_of=lambda suite, version, now: old,
        baseline_of=lambda suite: SimpleNamespace(to_json=lambda: base),
    )


def check(name, status="reject"):
    return CheckResult(name, status, {"n": 200}, f"{name}: not met")


def test_each_check_is_compared_with_its_own_reference(run):
    names = ("integrity", "must-pass", "baseline", "champion", "anchor", "floors", "forgetting")
    judged = {"mail": {name: check(name) for name in names} | {"live": None}}
    told = explain(run, Verdict(Kind.REJECT, (), "why"), judged)
    found = {finding.check.name: finding for finding in told.findings}
    assert list(found) == list(names)
    assert found["integrity"].comparison is None
    assert [change.case.id for change in found["must-pass"].comparison.broken] == ["c0"]
    assert (found["baseline"].against, found["baseline"].comparison.better) == ("the base model", 1)
    assert found["champion"].against == "champion v3"
    assert found["champion"].comparison.broken[0].old == "old c0"
    assert found["anchor"].against == "past champion v3"
    assert found["forgetting"].against == "the base model"
    assert found["floors"].summary == "wrong on 20 of 200 cases"


def test_each_slice_that_broke_is_explained_by_its_own_cases(run):
    numbers = {"half=0 p_holm": 0.001, "half=1 p_holm": 0.3, "half=1 gain": -0.1}
    judged = {"mail": {"slices": CheckResult("slices", "reject", numbers, "slices: half=0")}}
    (found,) = explain(run, Verdict(Kind.REJECT, (), "why"), judged).findings
    assert found.title == "mail, slices: half=0"
    assert found.numbers == {"p_holm": 0.001}, "of the other slices nothing"
    assert found.summary == "worse than champion v3 on 10 of 100 cases, better on 0"
    run.champion = None
    (found,) = explain(run, Verdict(Kind.REJECT, (), "why"), judged).findings
    assert found.against == "the base model"


def test_where_answers_cannot_be_had_the_numbers_stand_alone(run):
    def unreachable(suite, version, now):
        raise RegistryError("no answer")

    run.answers_of = unreachable
    (found,) = explain(run, Verdict(Kind.REJECT, (), "why"), {"mail": {"champion": check("champion")}}).findings
    assert found.summary == "its cases cannot be shown: no answer"
    assert "its cases cannot be shown: no answer" in markdown(explanation(found))
    assert "mail, champion: its cases cannot be shown: no answer" in explanation(found).lines()


def test_checks_that_pass_are_not_explained(run):
    judged = {"mail": {"champion": check("champion", "pass"), "baseline": check("baseline", "hold")}}
    told = explain(run, Verdict(Kind.HOLD, (), "why"), judged)
    assert [finding.check.name for finding in told.findings] == ["baseline"]


def test_the_page_is_written_into_the_runs_folder(run, tmp_path: Path):
    told = explain(run, Verdict(Kind.REJECT, (), "why"), {"mail": {"champion": check("champion")}})
    path = write(told, tmp_path)
    assert path == tmp_path / "explain.md"
    assert path.read_text(encoding="utf-8") == markdown(told)
    assert write(Explanation("mail", "PROMOTE", "all pass", ()), tmp_path) is None
    assert not path.exists(), "the page of an earlier verdict"
