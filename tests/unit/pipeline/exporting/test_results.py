"""Run records as JUnit XML and as lines like Inspect's."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

from pytest_ftgate.graders.value import Failure, Grade, Unscored
from pytest_ftgate.pipeline.exporting.results import inspect_results, junit
from pytest_ftgate.serve.response import Response
from tests.run_records import case, record


def some():
    failed = replace(case("c"), outcome=Failure("no answer in time", "request"))
    return record(
        [
            case("a", slices={"lang": "de"}),
            case("b", 0.0, "\x1b[1m<b>"),
            failed,
            replace(case("d"), outcome=Unscored("no judge", "judge")),
        ]
    )


def test_junit_tells_missed_from_unmeasured():
    root = ET.fromstring(junit([some()]).text.encode())
    [suite] = root
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "tickets", "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    found = {each.get("name"): each for each in suite.findall("testcase")}
    assert found["b"].find("failure").get("message") == r"found '\x1b[1m<b>'"
    assert found["c"].find("error").get("message") == "no answer in time"
    assert found["d"].find("skipped").get("message") == "no judge"
    assert found["b"].find("system-out").text == "question: text of b\nanswer: \\x1b[1m<b>"
    properties = {each.get("name"): each.get("value") for each in found["a"].iter("property")}
    assert properties == {"score": "1", "expected": "a", "slice.lang": "de"}
    assert found["a"].get("line") == "1"


def test_a_sample_for_each_answer():
    answers = tuple(Response("a", "", text, total_s=0.5) for text in ("a", "x"))
    outcomes = Grade(1.0, "right", "exact@1", passed=True), Grade(0.0, "wrong", "exact@1", passed=False)
    found = inspect_results([record([case("a", answers=answers, repeats=outcomes, slices={"lang": "de"})], run="r")])
    rows = [json.loads(line) for line in found.text.splitlines()]
    assert [(row["epoch"], row["output"]["completion"], row["scores"]["exact@1"]["value"]) for row in rows] == [
        (1, "a", 1.0),
        (2, "x", 0.0),
    ]
    assert rows[0]["input"] == "text of a"
    assert rows[0]["target"] == "a"
    assert rows[0]["metadata"] == {"lang": "de", "set": "tickets", "run": "r"}
