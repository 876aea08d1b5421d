"""A journal that a power cut has damaged, or that somebody has edited: what a run makes of it."""

from __future__ import annotations

import json

import pytest

from tests.plugin.trained import Trained

GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n"
CASES = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(20)]


@pytest.fixture
def measured(project, answering):
    """A run of 20 cases, three of them answered wrongly."""
    wrong = {"text 1", "text 2", "text 3"}
    answering(lambda messages: "hm" if messages[-1]["content"] in wrong else messages[-1]["content"])
    project.golden("tiny", CASES, GATE)
    assert project.run().ret == 0
    return project


def path_of(project, name="tiny"):
    return project.path / f".ftgate/journal/{name}.jsonl"


def edit(path, *, text, to_right):
    """Every answer of that text becomes the right one; how many there were."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = [line["response"] for line in lines if line["response"]["text"] == text]
    for response in found:
        response["text"] = to_right(response["case_id"])
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return len(found)


def test_damaged_lines_are_told_once_and_asked_again(measured):
    path = path_of(measured)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = [b"\0" * 400 + b"\n", b"[" * 100_000 + b"\n", lines[7][:50] + lines[8], b"\xff\xfe\n"]
    path.write_bytes(b"".join([*lines[:5], *damaged, *lines[9:]]))
    before = len(measured.server.requests)
    result = measured.run("--ftgate-resume")
    assert result.ret == 0, result.stdout.str()
    assert len(measured.server.requests) - before == 4
    told = "ftgate: .ftgate/journal/tiny.jsonl: 4 damaged lines (6, 7, 8, ...) skipped: what they held is asked again"
    assert result.outlines.count(told) == 1


def test_a_run_that_does_not_resume_does_not_care(measured):
    path_of(measured).write_bytes(b"rubbish\n")
    assert measured.run().ret == 0


def test_an_edited_answer_is_integrity_and_never_used(measured):
    assert edit(path_of(measured), text="hm", to_right=lambda case: f"text {case[1:]}") == 3
    before = len(measured.server.requests)
    result = measured.run("--ftgate-resume")
    assert result.ret == 11, result.stdout.str()
    assert len(measured.server.requests) - before == 3
    result.stdout.fnmatch_lines(
        [
            "*3 changed lines (*) not used: edited after*",
            "*answers in the journal were changed*tiny.jsonl:*remove these*",
        ]
    )
    measured.run("--ftgate-resume")  # what was asked again is the last line of each of the three keys
    assert measured.run("--ftgate-resume").ret == 0


def test_an_edited_answer_is_not_graded_again(measured):
    edit(path_of(measured), text="hm", to_right=lambda case: f"text {case[1:]}")
    measured.server = None
    result = measured.run("--ftgate-regrade", "last")
    result.stdout.fnmatch_lines(["*3 changed lines (*", "*answers it lacks: 3"])
    assert result.parseoutcomes()["passed"] <= 17


def test_a_candidate_whose_answers_were_edited_is_not_promoted(project, mlflow_template, no_tracking_server):
    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(35))
    assert trained.run().ret == 1
    assert edit(path_of(project, "mail"), text="hm", to_right=lambda case: f"a{case[1:]}") > 30
    result = trained.run()
    assert result.ret == 11, result.stdout.str()
    result.stdout.fnmatch_lines(["*INTEGRITY*answers in the journal were changed*mail.jsonl:*"])
