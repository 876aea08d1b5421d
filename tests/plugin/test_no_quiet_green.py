"""Exit code 0 only if all that ran passed, and all that was to be decided was."""

from __future__ import annotations

import json

import pytest

from tests.mock_openai import Fault

CASES = [{"id": f"c{i}", "input": f"q{i}", "expected": "ok"} for i in range(20)]
FLOOR = """
[gate]
[[gate.floor]]
metric = "accuracy"
min = 0.5
"""
QUICK = "[request]\ntimeout_s = 1\n"


def all_right(project, answering, toml=FLOOR):
    answering(lambda messages: "ok")
    project.golden("s", CASES, toml)


def test_a_test_file_that_cannot_be_imported(project, answering):
    all_right(project, answering)
    assert project.run().ret == 0
    project.write("test_broken.py", "import nosuchmodule\n")
    assert project.run("--continue-on-collection-errors").ret == 1
    assert project.run().ret == 2


def test_a_plugin_that_fails_the_session_with_no_report(project, answering):
    all_right(project, answering)
    project.write(
        "conftest.py",
        "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtestloop(session):\n"
        "    result = yield\n    session.testsfailed += 1\n    return result\n",
    )
    assert project.run().ret == 1


@pytest.mark.parametrize("order", ["tryfirst", "trylast", "wrapper"])
def test_a_plugin_that_sets_the_exit_code_at_the_end(project, answering, order):
    all_right(project, answering)
    body = "    result = yield\n    session.exitstatus = 1\n    return result\n"
    project.write(
        "conftest.py",
        f"import pytest\n@pytest.hookimpl({order}=True)\ndef pytest_sessionfinish(session):\n"
        + (body if order == "wrapper" else "    session.exitstatus = 1\n"),
    )
    assert project.run().ret == 1


@pytest.mark.parametrize("what", ["raise pytest.skip.Exception('cannot')", "pytest.fail('no')", "raise SystemExit(0)"])
def test_a_grader_that_leaves_a_case_out(project, answering, what):
    answering(lambda messages: "wrong")
    project.write(
        "mygrader.py",
        f"import pytest\ndef g(case, response):\n    if case.id == 'c3':\n        {what}\n    return False\n",
    )
    project.pytester.syspathinsert()
    project.golden("s", CASES, "[[grader]]\nkind = 'python'\ncall = 'mygrader:g'\n" + FLOOR)
    result = project.run()
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(["*floors*REJECT*(n = 19)*"])


def test_a_regrade_that_lacks_an_answer(project, answering):
    answering(lambda messages: "wrong")
    project.golden("s", CASES, FLOOR)
    assert project.run().ret == 1
    journal = project.path / ".ftgate/journal/s.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    result = project.run("--ftgate-regrade", "last")
    assert result.ret == 10, result.stdout.str()
    result.stdout.fnmatch_lines(["*not decided: 1 of 20 cases not measured in the journal*"])


def test_a_gate_without_its_cases_is_not_decided_by_answers_of_another_day(project, answering):
    all_right(project, answering)
    assert project.run().ret == 0
    asked = len(project.server.requests)
    project.server.answer = lambda messages: "wrong"
    result = project.run("-k", "gate")
    assert result.ret == 10, result.stdout.str()
    result.stdout.fnmatch_lines(["*not decided: 20 of 20 cases not measured in this run*--ftgate-resume*"])
    assert len(project.server.requests) == asked
    result = project.run("-k", "gate", "--ftgate-resume")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*integrity*PASS*20 of 20 answers are of earlier runs (20??-??-??)*"])


def test_wrong_answers_that_no_gate_of_the_run_weighs_are_failures(project, answering):
    answering(lambda messages: "wrong" if messages[-1]["content"] == "q3" else "ok")
    project.golden("s", CASES, FLOOR)
    project.run().assert_outcomes(passed=19 + 3, xfailed=0, failed=0)
    for one in (("-k", "c3"), ("goldens/s/golden.toml::c3",)):
        result = project.run(*one)
        assert result.ret == 1
        result.assert_outcomes(failed=1)
        result.stdout.no_fnmatch_line("*floors*")
    assert project.run("-k", "not gate").ret == 1
    assert project.run("-k", "c4").ret == 0


@pytest.mark.parametrize("reused", ["fp-1", "", "fp-2"])
def test_another_model_under_the_same_name_is_told_by_its_fingerprint(project, answering, reused):
    seen = {"fingerprint": "fp-1"}

    def answer(messages):
        known = {"system_fingerprint": seen["fingerprint"]} if seen["fingerprint"] else {}
        choice = {"message": {"content": "ok"}, "finish_reason": "stop"}
        return Fault(body=json.dumps({"choices": [choice]} | known))

    answering(answer)
    project.golden("s", CASES, FLOOR)
    assert project.run().ret == 0
    journal = project.path / ".ftgate/journal/s.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:10]))
    seen["fingerprint"] = reused
    result = project.run("--ftgate-resume")
    if reused == "fp-2":
        assert result.ret == 11
        result.stdout.fnmatch_lines(["*another model answers under this name now*fp-1*fp-2*"])
    else:
        assert result.ret == 0
        result.stdout.fnmatch_lines(["*10 of 20 answers are of earlier runs*"])


def test_where_the_server_tells_no_fingerprint_that_is_said(project, answering):
    all_right(project, answering)
    project.run()
    result = project.run("--ftgate-resume")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*whether the same model gave them is unknown*"])


HANGS = Fault(delay_s=30)
FILTERED = Fault(body=json.dumps({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}))
DROPS = Fault(drop=True)


@pytest.mark.parametrize("fault", [HANGS, FILTERED, DROPS], ids=["hangs", "filters", "drops"])
def test_a_server_that_gives_no_answers_measures_nothing(project, answering, fault):
    answering(lambda messages: fault)
    project.golden("s", CASES, QUICK + FLOOR)
    result = project.run()
    assert result.ret == 11, result.stdout.str()
    result.stdout.fnmatch_lines(["*integrity*INTEGRITY*candidate: 20 of 20 cases unmeasured*"])
    result.stdout.no_fnmatch_line("*floors*REJECT*")
    result.stdout.fnmatch_lines(["accuracy: not measured: none of 20 cases has a grade"])
    result.stdout.no_fnmatch_line("*accuracy * 0.000*")
    result.stdout.fnmatch_lines(["requests: 0 answered, 20 failed*"])


def test_scores_are_of_the_measured_cases_alone(project, answering):
    """What the gate decides on counts the others against the model."""
    answering(lambda messages: FILTERED if messages[-1]["content"] in {"q3", "q4"} else "ok")
    project.golden("s", CASES, FLOOR)
    result = project.run()
    assert result.ret == 11
    result.stdout.fnmatch_lines(["  accuracy    1.000 * n = 18, not measured: 2", "*floors*PASS*0.900*(n = 20)"])


def test_metrics_of_nothing_fail_a_python_test(project, answering):
    answering(lambda messages: FILTERED)
    project.golden("s", CASES)
    project.write(
        "test_own.py",
        "import pytest\n@pytest.mark.golden('s')\ndef test_all(metrics):\n    assert metrics.accuracy().value >= 0\n",
    )
    result = project.run("test_own.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*MetricError: accuracy: not measured: none of 20 cases has a grade"])


def test_a_case_without_expected_is_a_fault_of_its_line(project, answering):
    answering(lambda messages: "ok")
    project.single("s", CASES[0], {"id": "x", "input": "q"})
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["*goldens/s.golden.jsonl:2: exact@1: the case has no `expected` value", "*grader = []*"]
    )
    project.write("goldens/s.golden.jsonl", '{"golden": {"grader": []}}\n{"id": "x", "input": "q"}\n')
    assert project.run().ret == 0


def test_one_case_without_an_answer_is_neither_green_nor_a_reject(project, answering):
    answering(lambda messages: FILTERED if messages[-1]["content"] == "q3" else "ok")
    project.golden("s", CASES, FLOOR)
    result = project.run("-v")
    assert result.ret == 10, result.stdout.str()
    result.stdout.fnmatch_lines(["*::c3 FAILED*", "*floors*PASS*(n = 20)*"])


def test_an_empty_or_a_cut_off_answer_is_the_models_own(project, answering):
    answering(lambda messages: Fault(text="ok ok", finish_reason="length"))
    project.golden("s", CASES, FLOOR)
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*floors*REJECT*"])


def test_python_tests_without_their_answers_fail(project, answering):
    answering(lambda messages: "ok")
    project.golden("s", CASES)
    project.run()
    project.server = None
    journal = project.path / ".ftgate/journal/s.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    project.write(
        "test_own.py",
        "import pytest\n@pytest.mark.golden('s')\ndef test_each(case, response):\n    assert response.text\n"
        "@pytest.mark.golden('s')\ndef test_all(metrics):\n    assert metrics.accuracy().value == 1\n",
    )
    result = project.run("test_own.py", "--ftgate-regrade", "last")
    assert result.ret == 1
    result.assert_outcomes(passed=19, errors=2)
    result.stdout.no_fnmatch_line("*During handling*")


RAISES = """
import pytest
from pytest_ftgate.plugin.items.golden import {item}

usual = {item}.outcome

def outcome(self):
    if "{name}" in self.name:
        {what}
    return usual(self)

{item}.outcome = outcome

def pytest_unconfigure():
    {item}.outcome = usual
"""


@pytest.mark.parametrize("what", ["raise RuntimeError('odd')", "raise SystemExit(0)", "pytest.skip('not now')"])
@pytest.mark.parametrize(("item", "name", "code"), [("CaseItem", "c3", 10), ("GateItem", "floors", 1)])
def test_an_exception_that_nobody_expected_fails_its_item_and_the_run_goes_on(
    project, answering, item, name, code, what
):
    all_right(project, answering)
    project.write("conftest.py", RAISES.format(item=item, name=name, what=what))
    result = project.run("-rf")
    assert result.ret == code, result.stdout.str()
    result.assert_outcomes(failed=1, passed=20 + 1 + 2 - 1)
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    result.stdout.fnmatch_lines([f"*{name}*: unexpected *", "*conftest.py*, in outcome"])


@pytest.mark.parametrize("how", [("--ftgate-regrade", "last"), ("--ftgate-resume", "-k", "gate")])
def test_an_answer_that_was_edited_in_the_journal_is_integrity_also_where_nothing_is_asked(project, answering, how):
    answering(lambda messages: "wrong")
    project.golden("s", CASES, FLOOR)
    project.run()
    journal = project.path / ".ftgate/journal/s.jsonl"
    journal.write_text(journal.read_text().replace('"wrong"', '"ok"', 1))
    result = project.run(*how)
    assert result.ret == 11, result.stdout.str()
    result.stdout.fnmatch_lines(["*answers in the journal were changed after they were written: *s.jsonl:1;*"])
