"""What stands at the line of a golden file, as GitHub and GitLab read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.pipeline.report.places import code_quality, github_commands, places
from pytest_ftgate.pipeline.report.run_report import RunReport

HERE = Path.cwd()


def case(number: int, answer: str = "no", **more: Any) -> dict[str, Any]:
    asked = {"question": "1 + 1?", "expected": "2", "answer": answer, "reason": "found 'no', expected '2'"}
    return {"test": f"goldens/x::c{number}", "file": "goldens/x/cases.jsonl", "line": number} | asked | more


def report(**more: Any) -> RunReport:
    return RunReport(run="r", at=0.0, seconds=1.0, code=1, **more)


def check(status: str, **more: Any) -> dict[str, Any]:
    return {"check": "floors", "status": status, "reason": "floors: 50 % is too little", "advisory": False} | more


def commands(**more: Any) -> list[str]:
    return list(github_commands(places(report(**more), HERE)))


def test_a_failure_is_an_error_at_its_line_and_a_miss_a_warning():
    [error, warning] = commands(wrong=[case(12)], missed=[case(13)])
    assert error == (
        "::error file=goldens/x/cases.jsonl,line=12,title=goldens/x%3A%3Ac12 failed::"
        "found 'no', expected '2'%0Aquestion: 1 + 1?%0Aexpected: 2%0Aanswer: no"
    )
    assert warning.startswith("::warning file=goldens/x/cases.jsonl,line=13,title=goldens/x%3A%3Ac13 missed%2C left to")


def test_a_model_that_could_not_be_asked_is_an_error_of_the_run():
    found = places(report(unasked=["x: not asked: http://host/v1: refused"]), HERE)
    assert list(github_commands(found)) == ["::error title=not asked::x: not asked: http://host/v1: refused"]
    assert code_quality(found) == []


def test_a_gate_check_that_is_not_met_is_at_its_set():
    sets = [{"set": "x", "title": "x", "path": "goldens/x/cases.jsonl"}]
    checks = {"x": [check("reject"), check("hold"), check("pass"), check("reject", advisory=True)]}
    assert commands(sets=sets, checks=checks) == [
        "::error file=goldens/x/cases.jsonl,title=x%3A floors%3A REJECT::floors: 50 %25 is too little",
        "::warning file=goldens/x/cases.jsonl,title=x%3A floors%3A HOLD::floors: 50 %25 is too little",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "\n::error::mine",
        "\r\n##[error]mine",
        "a\n  ::set-output name=a::b",
        "100%0A::debug::x",
        "\x1b[31m\u2028::stop-commands::x",
    ],
)
def test_no_answer_begins_a_command_of_its_own(said: str):
    for line in commands(wrong=[case(1, said, question=said, reason=said, test=f"c,line=9{said}")]):
        assert not re.search(r"[\r\n\u2028\x1b]", line)
        assert line.startswith("::error file=goldens/x/cases.jsonl,line=1,title=")
        properties, text = line[len("::error ") :].split("::", 1)
        assert properties.count(",") == 2
        assert "%0A::" not in text
        assert "##[" not in line


def test_no_more_than_a_host_shows_and_the_last_says_how_many_there_are():
    found = commands(wrong=[case(n) for n in range(1, 32)], missed=[case(n) for n in range(1, 11)])
    assert [sum(line.startswith(f"::{level} ") for line in found) for level in ("error", "warning")] == [10, 10]
    assert found[9] == "::error title=pytest-ftgate::and 22 more; the summary of the job lists them"
    assert "line=10," in found[-1]


def test_what_is_outside_the_repository_has_no_place():
    assert commands(wrong=[case(1, file="/elsewhere/cases.jsonl"), case(2, file="../cases.jsonl")]) == []


def test_gitlabs_report_names_each_case_once_and_the_same_in_every_run():
    found = code_quality(places(report(wrong=[case(1), case(2)], missed=[case(3)]), HERE))
    assert [each["severity"] for each in found] == ["major", "major", "minor"]
    assert found[0]["location"] == {"path": "goldens/x/cases.jsonl", "lines": {"begin": 1}}
    assert found[0]["description"] == "goldens/x::c1 failed: found 'no', expected '2'"
    assert len({each["fingerprint"] for each in found}) == 3
    moved = code_quality(places(report(wrong=[case(1, "other", line=9)]), HERE))
    assert moved[0]["fingerprint"] == found[0]["fingerprint"]
