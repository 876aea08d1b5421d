"""Cases as pytest items: selection, outcomes and reports as pytest users expect them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

ECHO = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(6)]
LABELLED = """
[label]
path = ""
values = ["yes", "no"]
[gate]
[[gate.floor]]
metric = "accuracy"
min = 0.5
"""


def test_a_file_of_lines_is_a_test_file(project, answering):
    answering()
    project.single("tiny", *ECHO)
    result = project.run("-v")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["goldens/tiny.golden.jsonl::a0 PASSED*", "goldens/tiny.golden.jsonl::a5 PASSED*"])


def test_a_wrong_answer_fails_a_set_without_a_gate_and_says_where(project, answering):
    answering(lambda messages: "other")
    project.single("tiny", {"id": "a1", "input": "x", "expected": "y"})
    result = project.run()
    result.assert_outcomes(failed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*tiny.golden.jsonl:1:*", "*a1*", "*question: *x", "*answer: *other", "*expected: *y"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_wrong_answer_is_a_miss_in_a_set_with_a_gate(project, answering):
    answering(lambda messages: "yes")
    cases = [{"id": f"c{i}", "input": str(i), "expected": "no" if i == 0 else "yes"} for i in range(60)]
    project.golden("gated", cases, LABELLED)
    result = project.run("-x")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*missed (1)*", "*gated/golden.toml::c0:*", "*1 missed*"])


def test_the_confusion_matrix_shows_answers_that_are_no_label(project, answering):
    answering(lambda messages: {"0": "no", "1": "perhaps"}.get(messages[-1]["content"], "yes"))
    cases = [{"id": f"c{i}", "input": str(i), "expected": "no" if i == 0 else "yes"} for i in range(60)]
    project.golden("gated", cases, LABELLED)
    result = project.run()
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*predicted*yes*no*(no label)*", "*yes * 58 * 0 * 1", "*no * 0 * 1 * 0"])


def test_a_missed_must_pass_case_fails(project, answering):
    answering(lambda messages: "yes")
    cases = [{"id": f"c{i}", "input": str(i), "expected": "no" if i == 0 else "yes"} for i in range(60)]
    cases[0]["must_pass"] = True
    project.golden("gated", cases, LABELLED)
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["FAILED goldens/gated/golden.toml::c0*", "FAILED goldens/gated/golden.toml::gate?must-pass?*"]
    )


def test_an_api_that_breaks_is_a_failure_not_a_score(project, answering):
    from tests.mock_openai import Fault

    answering(
        lambda messages: (
            Fault(status=400, text="bad request") if messages[-1]["content"] == "text 0" else messages[-1]["content"]
        )
    )
    project.golden("gated", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.1\n")
    result = project.run()
    assert "bad request" in result.stdout.str()
    result.stdout.fnmatch_lines(["FAILED goldens/gated/golden.toml::a0*"])
    assert result.ret == 11, "1 of 6 unmeasured is more than 5 %"


def test_an_unscored_case_is_a_skip_with_its_reason(project, answering):
    answering()
    project.write("judge_none.py", "def judge(case, response):\n    return None\n")
    project.single(
        "tiny", {"id": "a1", "input": "x", "expected": "y", "graders": [{"kind": "python", "call": "judge_none:judge"}]}
    )
    project.pytester.syspathinsert()
    result = project.run("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*unscored*"])
    project.run("-q").stdout.fnmatch_lines(["tiny: nothing was scored"])


def test_selection_by_id_keyword_and_slice(project, answering):
    server = answering()
    cases = [dict(case, slices={"lang": "en" if i % 2 else "de"}) for i, case in enumerate(ECHO)]
    project.golden("tiny", cases)
    project.run("goldens/tiny/golden.toml::a3").assert_outcomes(passed=1)
    assert len(server.requests) == 1, "only selected cases are requested"
    project.run("-k", "a1 or a2").assert_outcomes(passed=2, deselected=4)
    project.run("-m", "slice(lang='en')").assert_outcomes(passed=3, deselected=3)
    assert len(server.requests) == 6


def test_collect_only_asks_nobody(project, answering):
    server = answering()
    project.single("tiny", *ECHO)
    result = project.run("--co", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["goldens/tiny.golden.jsonl::a0"])
    assert server.requests == []
    assert not (project.path / ".ftgate").exists()


def test_last_failed_repeats_wrong_cases_and_misses_and_no_check(project, answering):
    project.golden("gated", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.9\n")
    project.golden("plain", ECHO)
    answering(lambda messages: "text 1")
    first = project.run()
    first.assert_outcomes(failed=5 + 1, passed=1 + 1 + 2)
    again = project.run("--lf", "-v")
    again.stdout.fnmatch_lines(["*plain/golden.toml::a0 FAILED*"])
    again.stdout.no_fnmatch_line("*gated/golden.toml::gate?floors? *")
    again.assert_outcomes(failed=5 + 5)


def test_x_stops_at_the_first_failure(project, answering):
    answering(lambda messages: "wrong")
    project.single("tiny", *ECHO)
    project.run("-x").assert_outcomes(failed=1)
    project.run("--maxfail=2").assert_outcomes(failed=2)


def test_junit_has_every_item_with_its_grade(project, answering):
    answering(lambda messages: "text 1")
    project.golden("gated", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.9\n")
    project.run("--junitxml=out.xml")
    cases = {case.get("name"): case for case in ET.parse(project.path / "out.xml").iter("testcase")}
    assert {"a0", "a5", "metric[accuracy]", "gate[integrity]", "gate[floors]"} <= set(cases)
    facts = json.loads(cases["a1"].find("properties/property[@name='ftgate']").get("value"))
    assert facts["outcome"]["value"] == 1.0
    assert cases["a0"].find("skipped") is None
    assert cases["gate[floors]"].find("failure") is not None


def test_from_another_folder(project, answering, monkeypatch):
    answering()
    project.single("tiny", *ECHO)
    sub = project.path / "sub"
    sub.mkdir()
    monkeypatch.chdir(sub)
    result = project.run("../goldens", "--rootdir", str(project.path), "-v")
    result.assert_outcomes(passed=6)


def test_goldens_elsewhere_are_collected_only_when_named(project, answering):
    answering()
    file = project.write("elsewhere/other.golden.jsonl", json.dumps(ECHO[0]) + "\n")
    assert project.run().ret == 5
    project.run(str(file)).assert_outcomes(passed=1)
    project.run("elsewhere").assert_outcomes(passed=1)


def test_faults_are_a_collection_error_with_lines_and_no_traceback(project, answering):
    answering()
    file = project.single("tiny", {"id": "a", "input": "x", "expected": "y"})
    file.write_text(file.read_text() + '{"id": "a", "input": "z"}\n{"id": 3\n', encoding="utf-8")
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*tiny.golden.jsonl:2:*", "*tiny.golden.jsonl:3:*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_set_that_differs_from_its_lock_is_a_collection_error(project, answering):
    answering()
    project.locked("tiny", ECHO)
    project.run().assert_outcomes(passed=6)
    project.golden("tiny", [dict(ECHO[0], expected="edited"), *ECHO[1:]])
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*a0*", "*ftgate lock goldens/tiny*"])


def test_hold_has_its_own_exit_code(project, answering):
    answering()
    project.golden("gated", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.85\n")
    result = project.run()
    assert result.ret == 10, "six of six correct does not pass a floor of .85"
    result.stdout.fnmatch_lines(["*floors*HOLD*more case*"])


def test_resume_sends_only_what_is_missing(project, answering):
    server = answering()
    project.single("tiny", *ECHO)
    project.run("-k", "a0 or a1")
    project.run("--ftgate-resume").assert_outcomes(passed=6)
    assert len(server.requests) == 6
    project.run()
    assert len(server.requests) == 12, "without --ftgate-resume the model is asked anew"


def test_a_server_that_is_not_there_is_told_once_and_clearly(project):
    project.single("tiny", *ECHO)
    result = project.run("--ftgate-base-url", "http://127.0.0.1:9/v1", "--ftgate-model", "mock")
    assert result.ret not in (0, 10)
    assert "127.0.0.1:9" in result.stdout.str() + result.stderr.str()
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


GRADED = """
[[grader]]
kind = "python"
call = "mygrader:g"
timeout_s = 2
[gate]
[[gate.floor]]
metric = "accuracy"
min = 0.5
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("import pytest; pytest.skip('cannot')", "Skipped: cannot"),
        ("import pytest; pytest.exit('bye', returncode=0)", "Exit: bye"),
        ("import os; os._exit(0)", "ended the process"),
        ("while True: pass", "timed out after 2 s"),
    ],
)
def test_a_grader_that_does_not_grade_one_case_is_a_failure_and_the_run_goes_on(project, answering, body, told):
    answering(lambda messages: "wrong")
    project.pytester.syspathinsert()
    project.write("mygrader.py", f"def g(case, response):\n    if case.id == 'a3':\n        {body}\n    return False\n")
    project.golden("gated", ECHO, GRADED)
    result = project.run("--timeout", "300")
    assert result.ret not in (0, 2, 3), result.stdout.str()
    result.stdout.fnmatch_lines([f"*cases.jsonl:4: *{told}*", "FAILED goldens/gated/golden.toml::gate?floors?*"])
    assert "INTERNALERROR" not in result.stdout.str()
