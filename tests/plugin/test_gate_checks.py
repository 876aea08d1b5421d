"""The gate as a user sees it: whole runs of --train, from the leakage check to the promotion, with all checks."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from tests.plugin.trained import Trained

FORGETTING = '[forgetting]\ngolden = "skills"\nrequired = {}\n'


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


def check(result, name):
    """(status, reason) of a check in the summary."""
    [line] = [line for line in result.outlines if re.match(rf"  {name} ", line)]
    return tuple(line.split(None, 2)[1:])


def explained(trained, result):
    """The page of explain.md that the summary names."""
    [line] = [line for line in result.outlines if line.startswith("  all cases: ")]
    return (trained.project.path / line.removeprefix("  all cases: ")).read_text(encoding="utf-8")


def test_two_days_of_candidates(trained):
    """Promoted though it forgot, as that is advisory; then behind; then rejected by what is required by now."""
    hook = "def pytest_ftgate_verdict(task, verdict, version):\n    {}\n"
    trained.project.write("conftest.py", hook.format("print('HOOK', task, verdict.kind, version)"))
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(4), forgot=range(25), more=FORGETTING.format("false"))
    first = trained.run("--junitxml", "junit.xml")
    assert first.ret == 0, first.stdout.str()
    first.stdout.fnmatch_lines(["*HOOK mail PROMOTE 1"])
    first.stdout.fnmatch_lines(["PROMOTED mail v1"])
    trained.project.write("conftest.py", hook.format("raise RuntimeError('no mail')"))
    assert check(first, "forgetting")[0] == "ADVISORY"
    assert check(first, "forgetting")[1].startswith("reject: -41.7 points, upper bound -3")
    told = "pass: none of 2 significantly worse than the base model; closest lang=en +43.3 points, Holm p = 1"
    assert check(first, "slices") == ("ADVISORY", told)
    places = {line.index(word) for line in first.outlines for word in ("PASS  ", "ADVISORY ") if word in line}
    assert len(places) == 1, "statuses stand in one column"
    page = explained(trained, first)
    assert "## skills, forgetting: REJECT, advisory" in page
    assert page.count("| hm |") == 25, "every case that was forgotten, with its new answer"
    told = {case.get("name"): case for case in ElementTree.parse(trained.project.path / "junit.xml").iter("testcase")}
    assert told["gate[forgetting]"].find("failure") is None
    assert told["gate[forgetting]"].find("skipped").get("message").startswith("advisory, decides nothing: reject")
    assert told["gate[anchor]"].find("skipped") is not None
    assert told["s3"].find("failure") is None, "what was forgotten is missed, not red"

    trained.candidate(2, wrong=range(6))
    second = trained.run()
    assert second.ret == 10, second.stdout.str()
    second.stdout.fnmatch_lines(["*the hook pytest_ftgate_verdict failed: RuntimeError: no mail"])
    status, reason = check(second, "champion")
    assert status == "HOLD"
    assert reason.endswith("(n = 60, discordant 0 vs 2); not ahead; more cases would not promote it")
    assert not [line for line in second.outlines if "skills" in line and "warning: pipeline.toml" not in line]
    second.stdout.fnmatch_lines(["  warning: pipeline.toml was changed since v1 was judged: forgetting golden skills*"])
    second.stdout.fnmatch_lines(["  mail, champion: worse than champion v1 on 2 of 60 cases, better on 0"])
    second.stdout.fnmatch_lines(["    c4: 'm4'", "      old 'a4', new 'hm', expected 'a4'"])
    assert "| c5 | m5 | a5 | a5 | hm |" in explained(trained, second)

    trained.candidate(3, wrong=range(3), forgot=range(25), more=FORGETTING.format("true"))
    third = trained.run("-v")
    assert third.ret == 1, third.stdout.str()
    third.stdout.fnmatch_lines(["ftgate: mail: 60 cases*; discordance 0.043 (measured: candidate * and candidate *)"])
    assert check(third, "forgetting")[0] == "REJECT"
    assert "; 2nd candidate of this round: alpha .025" in check(third, "baseline")[1]
    third.stdout.fnmatch_lines(["REJECT mail v3: forgetting: *"])
    journal = (trained.project.path / ".ftgate/journal/skills.jsonl").read_text().splitlines()
    assert len(journal) == 60 * 3, "the base model was asked once, and two candidates"
    assert len({json.loads(line)["key"] for line in journal}) == 60 * 3


def test_a_candidate_that_says_nothing_is_rejected_before_the_other_sets_are_asked(trained):
    """Registered all the same, though nobody knows how it does on the general skills."""
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=(), more=FORGETTING.format("true"))
    trained.mute()
    result = trained.run()
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(["REJECT mail v1: smoke test: not one of 10 answers can be read; the first: ''"])
