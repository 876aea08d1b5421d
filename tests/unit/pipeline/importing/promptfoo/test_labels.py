"""Metadata of tests: what groups the cases is a slice, the rest notes, and what we exported comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.exporting.promptfoo import promptfoo_config
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write, write_rows


def test_metadata_that_differ_in_every_case_are_notes(imported):
    tests = [
        {
            "description": f"No. {number}",
            "vars": {"q": str(number)},
            "metadata": {"ticket": f"T-{number}", "area": "ab"[number % 2], "tags": ["x"], "links": ["a", "b"]},
        }
        for number in range(5)
    ]
    made = imported(prompts=["{{q}}"], tests=tests)
    assert made.lost == []
    assert made.cases[0].data["slices"] == {"area": "a", "tags": "x"}
    assert made.cases[0].data["notes"] == 'No. 0\n{"ticket": "T-0", "links": ["a", "b"]}'


def test_an_id_in_the_metadata_is_the_id_and_is_there_once(imported):
    tests = [{"vars": {"q": q}, "metadata": {"id": "Case 7", "notes": "why"}} for q in "ab"]
    made = imported(prompts=["{{q}}"], tests=tests)
    assert [row.data for row in made.cases] == [
        {"input": "a", "id": "Case-7", "notes": "why"},
        {"input": "b", "id": "Case-7-2", "notes": "why"},
    ]


def test_what_we_exported_comes_back(imported, tmp_path: Path):
    rows = [
        {"id": "A", "input": "1+1?", "expected": "2", "slices": {"area": "sums"}, "notes": "easy", "cluster": "c1"},
        {"id": "B", "input": "2+2?", "expected": "4", "slices": {"area": "sums"}, "must_pass": True},
    ]
    write(tmp_path / "goldens/sums/golden.toml", '[[grader]]\nkind = "exact"\n')
    write_rows(tmp_path / "goldens/sums/cases.jsonl", rows)
    made = imported(promptfoo_config(load_suite(tmp_path / "goldens/sums")).text)
    assert made.lost == []
    assert [json.loads(json.dumps(row.data)) for row in made.cases] == rows


@pytest.mark.parametrize("rubrics", [["Is kind"] * 2, ["Is kind", "Is short"]], ids=["of all", "of each"])
def test_rubrics_survive_any_number_of_rounds(imported, tmp_path: Path, rubrics):
    tests = [
        {"vars": {"q": str(number)}, "assert": [{"type": "llm-rubric", "value": text}]}
        for number, text in enumerate(rubrics)
    ]
    made = first = imported(prompts=["{{q}}"], tests=tests)
    for number in range(2):
        suite = write_golden_set(made, tmp_path / f"goldens/round{number}")
        made = imported(promptfoo_config(suite).text)
    assert made.golden["judge"] == first.golden["judge"]
    assert [row.data.get("expected") for row in made.cases] == [row.data.get("expected") for row in first.cases]
