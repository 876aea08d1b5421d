"""`--train` promotes nothing in a run of which anything failed or was not measured, whatever the gate says."""

from __future__ import annotations

import json

import pytest

from tests.plugin.trained import Trained


@pytest.fixture
def good(project, mlflow_template, no_tracking_server):
    """A candidate that the gate would promote."""
    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(4))
    return trained


def test_a_test_file_that_cannot_be_imported(good):
    good.project.write("tests/test_broken.py", "import nosuchmodule\n")
    result = good.run("tests", "--continue-on-collection-errors")
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "*not promoted, though the gate would: failed tests, or test files that could not be collected, in this run: 1*"
        ]
    )
    result.stdout.no_fnmatch_line("*PROMOTED*")


def test_a_plugin_that_holds_something_against_the_session(good):
    good.project.write(
        "conftest.py",
        "def pytest_collection_finish(session):\n    session.testsfailed += 1\n",
    )
    result = good.run("--continue-on-collection-errors")
    assert result.ret == 1, result.stdout.str()
    result.stdout.no_fnmatch_line("*PROMOTED*")


def test_an_item_that_broke_in_an_unexpected_way(good):
    good.project.write(
        "conftest.py",
        "from pytest_ftgate.plugin.items.golden import MetricItem\nusual = MetricItem.outcome\n"
        "def outcome(self):\n    raise RuntimeError('odd')\n"
        "MetricItem.outcome = outcome\n"
        "def pytest_unconfigure():\n    MetricItem.outcome = usual\n",
    )
    result = good.run()
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(["*not promoted, though the gate would*"])


def test_answers_of_an_earlier_run_are_named_in_the_verdict(good):
    good.project.write("tests/test_other.py", "def test_other():\n    assert False\n")
    assert good.run("tests").ret == 1
    result = good.run()
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*integrity*PASS*candidate: 60 of 60 answers are of earlier runs (20*"])
    log = (good.project.path / ".ftgate/audit.jsonl").read_text().splitlines()
    [promoted] = [
        entry for entry in map(json.loads, log) if "promot" in json.dumps(entry) and "reason" in json.dumps(entry)
    ][-1:]
    assert "base: 60 of 60 answers are of earlier runs" in json.dumps(promoted)


REFUSED = {"status": 400, "text": "no"}


@pytest.mark.parametrize(
    ("cases", "code", "told"),
    [
        (range(60), 11, "INTEGRITY mail: smoke test: not one of 10 cases was measured; the first: HTTP 400*"),
        (range(10, 14), 11, "INTEGRITY mail: *candidate: 4 of 60 cases unmeasured*"),
        ([59], 10, "*not promoted, though the gate would: cases that were not measured: 1; run again*"),
    ],
)
def test_cases_that_were_not_measured_are_never_a_bad_model(good, cases, code, told):
    good.mute(REFUSED, cases)
    result = good.run()
    assert result.ret == code, result.stdout.str()
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*REJECT*")
