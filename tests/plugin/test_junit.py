"""--junitxml: what a CI job's page of tests shows of a golden set."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

GATED = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.1\n"
CASES = [{"id": f"q{n}", "input": f"question {n}", "expected": "yes"} for n in range(20)]


def cases(path: Path) -> dict[str, ET.Element]:
    return {case.get("name", ""): case for case in ET.parse(path).iter("testcase")}


def properties(case: ET.Element) -> dict[str, str]:
    return {each.get("name", ""): each.get("value", "") for each in case.iter("property")}


def test_a_miss_is_neither_skipped_nor_expected_to_fail(project, answering):
    project.golden("quiz", CASES, GATED)
    answering(lambda messages: "no" if messages[-1]["content"] == "question 3" else "yes")
    result = project.run("--junitxml=out.xml")
    suite = ET.parse(project.path / "out.xml").find("testsuite")
    assert suite is not None
    assert (result.ret, suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (0, "0", "0", "0")
    found = cases(project.path / "out.xml")
    assert [each.tag for each in found["q3"]] == ["properties"]
    told = properties(found["q3"])
    assert told["ftgate_miss"] == "found 'no', expected 'yes'"
    assert (told["ftgate_question"], told["ftgate_answer"]) == ("question 3", "no")
    assert told["ftgate_expected"] == "yes"
    assert json.loads(told["ftgate"])["outcome"]["passed"] is False
    assert not [name for name, case in found.items() if name != "q3" and "ftgate_miss" in properties(case)]
    result.stdout.fnmatch_lines(["*missed (1): wrong answers, left to the gate*", "*1 missed*"])


def test_whatever_a_model_says_the_file_stays_one(project, answering):
    said = {
        "question 0": "\x1b[31mred\x00\x08\ufffe" + "\ud83d" * 3,
        "question 1": "]]></failure><evil/>&amp;<![CDATA[",
        "question 2": "x" * 1_000_000,
        "question 3": "line\n" * 100_000,
    }
    project.golden("quiz", CASES, GATED)
    project.golden("plain", CASES)
    answering(lambda messages: said.get(messages[-1]["content"], "yes"))
    project.run("--junitxml=out.xml")
    path = project.path / "out.xml"
    assert path.stat().st_size < 300_000
    told = [found for case in ET.parse(path).iter("testcase") if "ftgate_answer" in (found := properties(case))]
    assert len(told) == 2 * len(said)
    assert all(len(each["ftgate_answer"]) < 2_500 for each in told)
    assert all(len(each["ftgate"]) < 4_000 for each in told)
    assert not list(ET.parse(path).iter("evil"))
