"""--ftgate-leak=drop-case as a user sees it: a whole run of --train."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from tests.plugin.trained import Trained


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


def test_leaked_cases_are_dropped_told_and_shown_beside(project, trained):
    trained.base(wrong=range(30))
    rows = ({"input": text, "expected": "yes"} for text in ("m3", "something", "else", "M4!"))
    project.write("pipelines/mail/train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    trained.candidate(1, wrong=(3, 10))
    lock = (project.path / "goldens/mail/golden.lock").read_bytes()
    result = trained.run("--ftgate-leak=drop-case", "--junitxml", "junit.xml", "--ftgate-markdown", "run.md")
    assert result.ret == 0, result.stdout.str()
    where = "pipelines/mail/train.jsonl"
    dropped = f"mail: 2 leaked cases of 60 excluded for all models: c3 ({where}:1), c4 ({where}:4)"
    found = f"{where}:1: leak of golden case mail/c3 (exact, score 1.00, longest common span 1 words: [[][[]m3]] yes)"
    result.stdout.fnmatch_lines([f"*{found}", f"*{dropped}"])
    result.stdout.fnmatch_lines(["  accuracy * n = 58"])
    integrity = (
        "  integrity   PASS      one golden set, no leaks in 58 cases, 2 leaked cases excluded for all models, 100 %*"
    )
    result.stdout.fnmatch_lines(
        [integrity, "  baseline    PASS * (n = 58, *", "    on all 60 cases: PASS * (n = 60, *"]
    )
    result.stdout.fnmatch_lines(["PROMOTED mail v1", "  on all 60 cases of mail: PROMOTE: *", f"  warning: {dropped}"])
    told = {case.get("name"): case for case in ElementTree.parse(project.path / "junit.xml").iter("testcase")}
    assert told["c3"].find("skipped").get("message") == f"dropped for all models: leak in {where}:1 (exact)"
    assert told["c10"].find("skipped").get("message") != told["c3"].find("skipped").get("message")
    assert "| baseline, on all 60 cases | beside: pass |" in (project.path / "run.md").read_text()
    assert (project.path / "goldens/mail/golden.lock").read_bytes() == lock
    [page] = (project.path / ".ftgate/runs/mail").glob("*/explain.md")
    assert "<mark>m3</mark> yes" in page.read_text()


def test_too_few_cases_left_are_refused_before_anything_is_trained(project, trained):
    trained.base(wrong=range(30))
    trained.project.write("pipelines/mail/pipeline.toml", "")
    rows = "".join(json.dumps({"input": f"m{n}", "expected": "yes"}) + "\n" for n in range(4))
    project.write("pipelines/mail/train.jsonl", rows)
    trained.candidate(1, wrong=())
    result = trained.run("--ftgate-leak=drop-case")
    assert result.ret == 11
    result.stdout.fnmatch_lines(["INTEGRITY*would keep 56 of 60 cases, at least 95 % required*drop-row"])
    assert not (project.path / ".ftgate/journal").exists(), "no model was asked"
