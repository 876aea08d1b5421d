"""Every golden set has its score at the end of a run, with or without a gate, and so has each slice."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from pytest_ftgate.metrics.resample import mean_bounds

LABELS = '[label]\npath = ""\nvalues = ["yes", "no"]\n'
GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.3\n"


def cases(n=40):
    """Every fourth is German; the answer to each German "no" is wrong."""
    return [
        {
            "id": f"c{i}",
            "input": f"text {i}",
            "expected": "no" if i % 8 == 0 else "yes",
            "slices": {"lang": "en" if i % 4 else "de"},
        }
        for i in range(n)
    ]


@pytest.fixture
def mood(project, answering):
    answering(lambda messages: "yes")
    return project


def told(result):
    """What the summary says of the golden set, without the misses."""
    lines = result.stdout.lines
    begin = next(number for number, line in enumerate(lines) if line.startswith("mood: "))
    return lines[begin : next(n for n, line in enumerate(lines) if line.startswith(("requests:", "missed")))]


def test_a_set_without_a_gate(mood):
    mood.golden("mood", cases(), LABELS)
    result = mood.run()
    assert result.ret == 1
    assert told(result) == [
        f"mood: mock, served at {mood.server.base_url}",
        "  accuracy    0.875  [0.765, 0.938]  n = 40",
        "  f1-macro    0.467  n = 40",
        "    expected \\ predicted  yes  no  (no label)",
        "    yes                    35   0           0",
        "    no                      5   0           0",
        "    slice         n  accuracy",
        "    lang=de      10  0.500  [0.269, 0.731]  few cases",
        "    lang=en      30  1.000  [0.917, 1.000]",
    ]


def test_the_summary_begins_below_its_rule_also_where_nothing_failed(mood):
    mood.golden("mood", cases(), GATE)
    lines = mood.run().stdout.lines
    rule = next(number for number, line in enumerate(lines) if "= pytest-ftgate =" in line)
    assert lines[rule + 1].startswith("mood: ")


def test_a_gate_says_each_metric_once(mood):
    mood.golden("mood", cases(), LABELS + GATE)
    lines = told(mood.run())
    assert sum(line.startswith("  accuracy ") for line in lines) == 1
    assert sum("expected \\ predicted" in line for line in lines) == 1
    assert lines.index("    slice         n  accuracy") < next(n for n, line in enumerate(lines) if "integrity" in line)


@pytest.mark.parametrize("toml", ["", GATE])
def test_a_selection_has_the_score_of_what_was_measured(mood, toml):
    mood.golden("mood", cases(), toml)
    lines = told(mood.run("-m", "slice(lang='de')"))
    assert lines[0].endswith("; 10 of 40 cases")
    assert "  accuracy    0.500  [0.269, 0.731]  n = 10" in lines
    assert "    lang=de      10  0.500  [0.269, 0.731]  few cases" in lines


def test_workers_bring_the_same(mood):
    mood.golden("mood", cases(), LABELS)
    here, there = told(mood.run()), told(mood.run("-n2"))
    assert here == there


def test_a_regrade_has_a_score(mood):
    mood.golden("mood", cases())
    usual = told(mood.run())
    mood.server = None
    regraded = told(mood.run("--ftgate-regrade", "last"))
    assert regraded[0].startswith("mood: the model ")
    assert regraded[1:] == usual[1:]


def test_a_run_that_was_stopped_has_the_score_of_what_it_graded(mood):
    mood.golden("mood", cases())
    lines = told(mood.run("--maxfail=2"))
    assert lines[0].endswith("; 9 of 40 cases"), "stopped at c8, the second wrong answer"
    assert "  accuracy    0.778  [0.504, 0.924]  n = 9" in lines


def test_what_was_not_measured_is_no_part_of_the_score(project, answering):
    from tests.mock_openai import broken

    answering(lambda messages: broken(400) if messages[-1]["content"] in ("text 8", "text 16") else "yes")
    project.golden("mood", cases())
    lines = told(project.run())
    assert lines[0].endswith("; 38 of 40 cases, 2 not measured")
    assert "  accuracy    0.921  [0.818, 0.968]  n = 38" in lines


def test_grades_between_0_and_1_have_a_mean(project, answering):
    answering(lambda messages: '{"a": 1, "b": 2}')
    fields = {"a": 1, "b": 3}
    project.golden("mood", [{"id": f"c{n}", "input": f"{n}", "expected": fields} for n in range(4)], FIELDS)
    lines = told(project.run())
    assert "  accuracy    1.000  [0.597, 1.000]  n = 4" in lines
    assert "  score       0.500  [0.298, 0.702]  n = 4" in lines


FIELDS = '[[grader]]\nkind = "json_fields"\nthreshold = 0.5\n'


def test_many_slices_are_cut_and_v_lists_all(mood):
    given = [case | {"slices": {"customer": f"number-{n:02}"}} for n, case in enumerate(cases())]
    mood.golden("mood", given)
    lines = told(mood.run())
    assert len(lines) < 15
    assert lines[-1] == "    and 32 more slices; -v lists all"
    assert lines[3].startswith("    customer=number-00       1  0.000"), "the worst come first"
    assert sum("customer=" in line for line in told(mood.run("-v"))) == 40


def test_many_labels_are_told_by_what_is_confused_most(project, answering):
    answering(lambda messages: "l1" if messages[-1]["content"].endswith("0") else messages[-1]["content"])
    values = [f"l{n}" for n in range(30)]
    project.golden(
        "mood",
        [{"id": f"c{n}", "input": f"l{n}", "expected": f"l{n}"} for n in range(30)],
        f'[label]\npath = ""\nvalues = {json.dumps(values)}\n',
    )
    lines = told(project.run())
    assert "    30 labels; confused most often (expected -> predicted):" in lines
    assert "        1  l10 -> l1" in lines
    assert len(lines) < 20


def test_price_and_latency_in_one_line(mood):
    mood.golden("mood", cases())
    mood.run("--ftgate-price", "1000 1000").stdout.fnmatch_lines(
        ["  mood * 40 by the model; p50/p95/p99: total * ms*; cost of 1,000 requests 3"]
    )


def test_junit_has_the_score(mood):
    mood.golden("mood", cases())
    mood.run("--junitxml=out.xml")
    found = [
        p.get("value") for p in ET.parse(mood.path / "out.xml").iter("property") if p.get("name") == "ftgate_score"
    ]
    (score,) = map(json.loads, found)
    assert score["metrics"][0]["value"] == 0.875
    assert [part["slice"] for part in score["slices"]] == ["lang=de", "lang=en"]


def test_names_of_slices_steer_nothing(mood):
    given = [case | {"slices": {"lang": "x\n::error::owned\u202e"}} for case in cases()]
    mood.golden("mood", given)
    said = mood.run().stdout.str()
    assert "::error::" not in said
    assert "\u202e" not in said


def test_a_score_has_one_interval(mood):
    toml = "[[grader]]\nkind = 'edit_similarity'\n" + GATE.replace("accuracy", "score")
    rows = [{**case, "expected": "yes" + "!" * (i % 3), "slices": {"all": "yes"}} for i, case in enumerate(cases())]
    mood.golden("mood", rows, toml)
    found = re.findall(r"(?:score|all=yes|metric).*?(\[0\.\d+, [01]\.\d+\])", mood.run("-v").stdout.str())
    value = [1 - (i % 3) / (3 + i % 3) for i in range(40)]
    lower, upper = mean_bounds(value, (0.0, 1.0))
    assert len(found) > 1
    assert set(found) == {f"[{lower:.3f}, {upper:.3f}]"}
