"""--ftgate-leak=drop-case as a user sees it: a whole run of --train."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.plugin.trained import Trained
from tests.projects import json_lines
from tests.stable import stable


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


def test_leaked_cases_are_dropped_told_and_shown_beside(project, trained, snapshot):
    trained.base(wrong=range(30))
    rows = ({"input": text, "expected": "yes"} for text in ("m3", "something", "else", "M4!"))
    project.write("pipelines/mail/train.jsonl", json_lines(rows))
    trained.candidate(1, wrong=(3, 10))
    lock = (project.path / "goldens/mail/golden.lock").read_bytes()
    result = trained.run("--ftgate-leak=drop-case", "--junitxml", "junit.xml", "--ftgate-markdown", "run.md")
    assert result.ret == 0, result.stdout.str()
    where = "pipelines/mail/train.jsonl"
    dropped = f"mail: 2 leaked cases of 60 excluded for all models: c3 ({where}:1), c4 ({where}:4)"
    found = f"{where}:1: leak of golden case mail/c3 (exact, score 1.00, longest common span 1 words: [[][[]m3]] yes)"
    result.stdout.fnmatch_lines([f"*{found}", f"*{dropped}"])
    begin = next(number for number, line in enumerate(result.outlines) if line.startswith("mail: candidate"))
    end = next(number for number, line in enumerate(result.outlines) if " passed, " in line and line.startswith("="))
    assert stable("\n".join(result.outlines[begin:end])) == snapshot
    result.stdout.fnmatch_lines(["ftgate: report: .ftgate/records/*/report.html"])
    told = {case.get("name"): case for case in ElementTree.parse(project.path / "junit.xml").iter("testcase")}
    assert told["c3"].find("skipped").get("message") == f"dropped for all models: leak in {where}:1 (exact)"
    assert told["c10"].find("skipped") is None, "a miss"
    summary = (project.path / "run.md").read_text()
    assert "| baseline, on all 60 cases | beside: pass |" in summary
    assert "    mail: against the base model: 27 fixed, 0 broken of 58 cases\n" in summary
    assert re.search(
        r"<summary>\d+ fixed in mail</summary>\n\n.*\n.*\n\| c\d+ \| m\d+ \| a\d+ \| hm \| a\d+ \|", summary
    )
    assert (project.path / "goldens/mail/golden.lock").read_bytes() == lock
    [page] = (project.path / ".ftgate/runs/mail").glob("*/explain.md")
    assert "<mark>m3</mark> yes" in page.read_text()


def test_too_few_cases_left_are_refused_before_anything_is_trained(project, trained):
    trained.base(wrong=range(30))
    trained.project.write("pipelines/mail/pipeline.toml", "")
    rows = json_lines({"input": f"m{n}", "expected": "yes"} for n in range(4))
    project.write("pipelines/mail/train.jsonl", rows)
    trained.candidate(1, wrong=())
    result = trained.run("--ftgate-leak=drop-case")
    assert result.ret == 11
    result.stdout.fnmatch_lines(["INTEGRITY*would keep 56 of 60 cases, at least 95 % required*drop-row"])
    assert not list((project.path / ".ftgate/journal").iterdir()), "no model was asked"
