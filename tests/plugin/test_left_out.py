"""What is left out of a run by an option is never decided by it."""

from __future__ import annotations

import os

import pytest

from tests.plugin.trained import Trained
from tests.projects import json_lines

CASES = [{"id": f"c{i}", "input": f"q{i}", "expected": "ok"} for i in range(20)]
FLOOR = '[gate]\n[[gate.floor]]\nmetric = "accuracy"\nmin = 0.5\n'
PIPELINE = "pipelines/mail/pipeline.toml"


@pytest.fixture
def good(project, mlflow_template, no_tracking_server):
    """A candidate that the gate would promote."""
    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(4))
    return trained


@pytest.mark.parametrize(
    "left_out",
    [
        ("--deselect", f"{PIPELINE}::leakage"),
        ("--deselect", f"{PIPELINE}::baseline"),
        ("--deselect", f"{PIPELINE}::promote"),
        ("--deselect", f"{PIPELINE}::data[duplicates]"),
        ("--deselect", "goldens/mail/golden.toml::gate[floors]"),
        ("-k", "not leakage"),
        ("-k", "test_plain"),
    ],
)
def test_a_training_run_decides_on_all_or_nothing(good, left_out):
    good.project.write("tests/test_plain.py", "def test_plain():\n    pass\n")
    result = good.run("tests", *left_out)
    assert result.ret == 4, result.stdout.str()
    assert not (good.project.path / ".ftgate/journal/mail.jsonl").exists(), "nothing was asked"


def test_a_canary_that_is_left_out_is_no_quiet_night(good):
    good.run()
    good.project.write("tests/test_plain.py", "def test_plain():\n    pass\n")
    result = good.project.run("tests", "pipelines/mail", "--canary", "-k", "test_plain")
    assert result.ret == 4, result.stdout.str()


def test_a_candidate_that_fails_is_recorded_also_with_exitfirst(good):
    good.candidate(2, wrong=range(28))
    result = good.run("-x")
    assert result.ret in {1, 10}, result.stdout.str()
    result.stdout.fnmatch_lines(["*-x and --maxfail are off*", "* mail v1: *"])


@pytest.mark.parametrize("option", [("-k", "not floors"), ("--deselect", "goldens/s/golden.toml::gate[floors]")])
def test_half_a_gate_excuses_no_wrong_answer(project, answering, option):
    answering(lambda messages: "wrong")
    project.golden("s", CASES, FLOOR)
    result = project.run(*option)
    assert result.ret == 1
    result.assert_outcomes(failed=20, passed=2)


def test_a_gate_without_its_integrity_check_excuses_none_either(project, answering):
    answering(lambda messages: "wrong" if messages[-1]["content"] == "q3" else "ok")
    project.golden("s", CASES, FLOOR)
    assert project.run().ret == 0
    assert project.run("-k", "not integrity").ret == 1


LATENCY = '[gate]\n[[gate.floor]]\nmetric = "p50_ms"\nmax = 10000\n'


@pytest.mark.parametrize("gate", ["[gate]\n", LATENCY])
def test_a_gate_that_looks_at_no_answer_excuses_no_wrong_one_in_a_plain_run(project, answering, gate):
    answering(lambda messages: "wrong" if messages[-1]["content"] == "q3" else "ok")
    project.golden("s", CASES, gate)
    result = project.run()
    assert result.ret == 1
    assert result.parseoutcomes()["failed"] == 1


def test_a_case_that_a_grader_of_the_project_will_not_judge_is_not_measured(project, answering):
    answering(lambda messages: "ok")
    project.write("none_grader.py", "def g(case, response):\n    return None if case.id == 'c3' else True\n")
    project.pytester.syspathinsert()
    project.golden("s", CASES, "[[grader]]\nkind = 'python'\ncall = 'none_grader:g'\n" + FLOOR)
    result = project.run()
    assert result.ret == 10, result.stdout.str()


def test_a_run_that_was_ended_before_its_gate_is_no_success(project, answering):
    answering(lambda messages: "wrong")
    project.golden("s", CASES, FLOOR)
    project.write("test_a.py", "import pytest\ndef test_end():\n    pytest.exit('done', returncode=0)\n")
    result = project.run("test_a.py", "goldens")
    assert result.ret == 10, result.stdout.str()
    assert project.run("test_a.py").ret == 0
    assert project.run("--co").ret == 0


def test_a_regrade_grades_the_model_that_is_named(project, answering):
    server = answering(lambda messages: "wrong", models=("one", "two"))
    project.golden("s", CASES, FLOOR)
    attached = ("--ftgate-base-url", server.base_url, "--ftgate-model")
    project.server = None
    assert project.run(*attached, "one").ret == 1
    server.answer = lambda messages: "ok"
    assert project.run(*attached, "two").ret == 0
    assert project.run(*attached, "one", "--ftgate-regrade", "last").ret == 1
    assert project.run(*attached, "two", "--ftgate-regrade", "last").ret == 0


@pytest.mark.parametrize("name", ["goldens/s/cases.jsonl", "goldens/s/golden.lock", "pipelines/p/pipeline.toml"])
def test_a_named_pipe_is_no_file(project, answering, name):
    answering(lambda messages: "ok")
    project.golden("s", CASES, FLOOR)
    path = project.path / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    result = project.run()
    if "pipeline" not in name:
        assert result.ret == 2, result.stdout.str()
        result.stdout.fnmatch_lines(["*is a named pipe, expected a file*"])


def test_a_golden_file_with_a_name_that_steers_a_terminal(project, answering):
    answering(lambda messages: "ok")
    project.write("goldens/a\x1b[31m\u202e##[error]x.golden.jsonl", json_lines(CASES))
    result = project.run("--junitxml", "j.xml")
    assert result.ret == 2
    for text in (result.stdout.str(), (project.path / "j.xml").read_text()):
        assert not {"\x1b", "\u202e"} & set(text)
        assert "##[" not in text
