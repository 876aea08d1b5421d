"""--ftgate-regrade: the journal graded again, with no model at all."""

from __future__ import annotations

import json

from tests.projects import assert_unasked

ECHO = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(4)]


def journal(project):
    lines = (project.path / ".ftgate/journal/tiny.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_new_graders_and_expected_values_judge_old_answers(project, answering):
    server = answering(lambda messages: messages[-1]["content"].upper())
    project.golden("tiny", ECHO)
    project.run().assert_outcomes(failed=4)
    asked = len(server.requests)
    project.server = None
    project.golden("tiny", [*ECHO[:3], ECHO[3] | {"expected": "TEXT 3"}])
    project.run("--ftgate-regrade", "last").assert_outcomes(passed=1, failed=3)
    project.golden("tiny", ECHO, "[[grader]]\nkind = 'exact'\nignore_case = true\n")
    result = project.run("--ftgate-regrade", "last", "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["ftgate: tiny: grading the journal of the model * again", "*4 from the journal*"])
    assert len(server.requests) == asked
    assert len(journal(project)) == 4


def test_what_was_never_asked_is_not_measured_and_nothing_is_decided(project, answering):
    answering()
    gate = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.1\n"
    project.golden("tiny", ECHO[:3], gate)
    project.run()
    project.server = None
    project.golden("tiny", ECHO, gate)
    result = project.run("--ftgate-regrade", "last", "-rs")
    assert result.ret == 10
    result.assert_outcomes(passed=3, failed=1 + 1 + 2)
    result.stdout.fnmatch_lines(["*not measured: the journal has no answer*", "*1 of 4 cases not measured*"])
    result.stdout.fnmatch_lines(["*again; answers it lacks: 1"])


def test_a_journal_of_another_prompt_has_nothing_to_grade(project, answering):
    answering()
    project.golden("tiny", ECHO)
    project.run().assert_outcomes(passed=4)
    project.server = None
    project.golden("tiny", ECHO, "[prompt]\nsystem = 'v2'\n")
    result = project.run("--ftgate-regrade", "last")
    assert result.ret == 1
    assert_unasked(result, 4)
    result.stdout.fnmatch_lines(["*journal of tiny (.ftgate/journal/tiny.jsonl) has 4 of the model*the last of 20*"])


def test_a_model_is_named_by_the_beginning_of_its_digest(project, answering):
    server = answering(lambda messages: "other", models=("one", "two"))
    project.golden("tiny", ECHO)
    attached = ("--ftgate-base-url", server.base_url, "--ftgate-model")
    project.server = None
    project.run(*attached, "one").assert_outcomes(failed=4)
    server.answer = lambda messages: messages[-1]["content"]
    project.run(*attached, "two").assert_outcomes(passed=4)
    one, two = list(dict.fromkeys(line["response"]["model"] for line in journal(project)))
    project.run("--ftgate-regrade", one[:10]).assert_outcomes(failed=4)
    project.run("--ftgate-regrade", two[:10]).assert_outcomes(passed=4)
    project.run("--ftgate-regrade", "last").assert_outcomes(passed=4)
    result = project.run("--ftgate-regrade", "0123456789")
    assert result.ret == 1
    assert_unasked(result, 4)
    result.stdout.fnmatch_lines([f"*no answers of model 0123456789*{two[:12]}, {one[:12]}"])


def test_it_needs_no_model_and_goes_with_no_training(project):
    project.golden("tiny", ECHO)
    result = project.run("--ftgate-regrade", "last")
    result.stdout.fnmatch_lines(["*no answers of model last*available: none*"])
    assert project.run("--ftgate-regrade", "yesterday").ret == 4
    assert project.run("--ftgate-regrade", "last", "--train").ret == 4
