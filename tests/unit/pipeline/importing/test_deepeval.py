"""Goldens of deepeval become cases; contexts and tools only where the model is shown them."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.golden.case import render
from pytest_ftgate.pipeline.importing.deepeval import DeepevalOptions, read_deepeval
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write

TOOL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}


@pytest.fixture
def goldens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(*rows, **options):
        imported = read_deepeval(write(tmp_path / "g.json", json.dumps(rows, indent=1)), DeepevalOptions(**options))
        return imported, write_golden_set(imported, tmp_path / "goldens/t") if imported.cases else None

    return read


def test_question_answer_and_metadata(goldens):
    imported, suite = goldens(
        {"input": "q", "expected_output": "a", "actual_output": "x", "context": None, "source_file": "f.md",
         "additional_metadata": {"area": "billing"}},
        grader="judge",
    )  # fmt: skip
    assert imported.lost == []
    [case] = suite.cases
    assert (case.input, case.expected) == ("q", "a")
    assert case.slices == {"source_file": "f.md", "area": "billing"}
    assert suite.golden.judge is not None


def test_a_context_is_shown_or_named(goldens, tmp_path):
    rows = [
        {"input": "q", "expected_output": "a", "context": ["one", "two"]},
        {"input": "r", "expected_output": "a", "context": ["x"], "retrieval_context": ["three"]},
        {"input": "s", "expected_output": "a"},
    ]
    imported, suite = goldens(*rows, with_context=True)
    assert imported.lost == []
    assert suite.cases[0].input == {"context": "one\n\ntwo", "question": "q"}
    assert suite.cases[1].input == {"context": "three", "question": "r"}
    asked = [render(suite.prompt, case.input)[0]["content"] for case in suite.cases]
    assert asked[1:] == ["Context:\nthree\n\nr", "s"], "without a context no heading of one"
    lost = read_deepeval(tmp_path / "g.json").lost
    assert [fault.message.partition(":")[0] for fault in lost] == ["context", "retrieval_context"]
    assert "--with-context" in lost[0].message
    assert "2 cases" in lost[0].message


def test_expected_tools_need_the_tools(goldens, tmp_path):
    row = {"input": "q", "expected_tools": [{"name": "search", "input_parameters": {"x": 1}}]}
    imported, suite = goldens(row)
    assert suite is None
    assert "--tools FILE" in imported.lost[0].message
    tools = write(tmp_path / "tools.json", json.dumps([TOOL]))
    imported, suite = goldens(row, tools=tools)
    assert imported.lost == []
    assert suite.cases[0].expected == [{"name": "search", "arguments": {"x": 1}}]
    assert suite.golden.request.tools == (TOOL,)


def test_what_is_lost_is_named_with_its_line(goldens):
    imported, _ = goldens(
        {"scenario": "s", "turns": []},
        {"input": "q"},
        {"input": "r", "expected_output": "a", "custom": 1},
    )
    assert [(fault.line, fault.message.partition(":")[0]) for fault in imported.lost] == [
        (2, "scenario"),
        (6, "expected_output"),
        (9, "custom"),
    ]


def test_an_object_with_goldens_and_a_csv_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path / "g.json", json.dumps({"goldens": [{"input": "q", "expected_output": "a"}]}))
    assert len(read_deepeval(file).cases) == 1
    file = write(tmp_path / "g.json", json.dumps([{"input": "q", "expectedOutput": "a"}]))
    assert read_deepeval(file).cases[0].data["expected"] == "a"
    text = "input,expected_output,context,expected_tools,additional_metadata\n"
    text += "q,a,one|two,,\"{'area': 'x'}\"\nr,,,search;read,\n"
    file, tools = write(tmp_path / "g.csv", text), write(tmp_path / "tools.json", json.dumps([TOOL]))
    first, second = read_deepeval(file, DeepevalOptions(with_context=True, tools=tools)).cases
    assert first.data["input"] == {"context": "one\n\ntwo", "question": "q"}
    assert first.data["slices"] == {"area": "x"}
    assert second.data["expected"] == [{"name": "search"}, {"name": "read"}]
