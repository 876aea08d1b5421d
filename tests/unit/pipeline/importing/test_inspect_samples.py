"""Samples of Inspect become cases; what needs a sandbox does not."""

from __future__ import annotations

import pytest

from pytest_ftgate.pipeline.importing.inspect_samples import read_inspect
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write, write_rows


@pytest.fixture
def samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(*rows, grader="exact"):
        imported = read_inspect(write_rows(tmp_path / "s.jsonl", rows), grader)
        return imported, write_golden_set(imported, tmp_path / "goldens/t") if imported.cases else None

    return read


def test_texts_and_targets(samples):
    imported, suite = samples(
        {"id": 1, "input": "q1", "target": "a", "metadata": {"level": "hard", "source": {"page": 3}}},
        {"id": "two words", "input": "q2", "target": ["b", "c"]},
    )
    assert imported.lost == []
    assert [case.id for case in suite.cases] == ["1", "two-words"]
    assert [case.expected for case in suite.cases] == [["a"], ["b", "c"]]
    assert suite.cases[0].slices == {"level": "hard"}
    assert suite.cases[0].notes == '{"source": {"page": 3}}'
    assert suite.golden.graders[0]["alternatives"] is True
    assert any("--grader" in note for note in imported.notes)


def test_notes_that_we_exported_are_notes_again(samples):
    metadata = {"level": "hard", "notes": "easy to miss", "source": {"page": 3}}
    _, suite = samples({"input": "q", "target": "a", "metadata": metadata})
    assert suite.cases[0].notes == 'easy to miss\n{"source": {"page": 3}}'
    assert suite.cases[0].slices == {"level": "hard"}


def test_chats_share_their_system_turn(samples):
    _, suite = samples(
        *(
            {"input": [{"role": "system", "content": "S"}, {"role": "user", "content": f"q{n}"}], "target": "a"}
            for n in (1, 2)
        ),
        grader="contains",
    )
    assert suite.prompt.system == "S"
    assert [case.input for case in suite.cases] == ["q1", "q2"]
    assert suite.golden.graders == ({"kind": "contains", "ignore_case": True},)


def test_choices_are_asked_by_letter(samples):
    imported, suite = samples({"input": "Which?", "choices": ["red", "blue"], "target": "B"})
    assert imported.lost == []
    [case] = suite.cases
    assert "A) red\nB) blue" in case.input
    assert case.expected == "B"
    assert suite.golden.graders == ({"kind": "one_of", "labels": ["A", "B"]},)


def test_options_of_different_number_stay_with_the_case(samples):
    _, suite = samples(
        {"input": "Which?", "choices": ["red", "blue"], "target": "B"},
        {"input": "What?", "choices": ["x", "y", "z"], "target": ["C"]},
        {"input": "Why?", "target": "so"},
    )
    assert [len(case.graders) for case in suite.cases] == [1, 1, 0]
    assert suite.golden.graders[0]["kind"] == "exact"


def test_what_is_lost_is_named_with_its_line(samples):
    imported, suite = samples(
        {"input": "q", "target": "a"},
        {"input": "q1", "target": "a", "sandbox": "docker"},
        {"input": "q2", "target": "a", "files": {"x": "y"}},
        {"input": "q3", "target": "a", "setup": "ls"},
        {"input": "q4"},
        {"input": "q5", "choices": ["x", "y"], "target": ["A", "B"]},
        {"input": [{"role": "user", "content": [{"type": "image", "image": "x"}]}], "target": "a"},
        {"input": "q6", "target": "a", "weight": 3},
    )
    assert len(suite.cases) == 2
    assert [(fault.line, fault.message.partition(":")[0]) for fault in imported.lost] == [
        (2, "sandbox"),
        (3, "files"),
        (4, "setup"),
        (5, "target"),
        (6, "sample"),
        (7, "sample"),
        (8, "weight"),
    ]


def test_a_target_that_looks_like_a_list_is_a_text(samples):
    _, suite = samples({"input": "q", "target": "[1, 2]"})
    assert suite.cases[0].expected == "[1, 2]"


@pytest.mark.parametrize("choices", ["red, blue,", "red blue", ["red", "", "blue"]])
def test_choices_are_read_as_inspect_does(samples, choices):
    _, suite = samples({"input": "q", "choices": choices, "target": "B"})
    assert "A) red\nB) blue" in suite.cases[0].input


def test_a_csv_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path / "s.csv", 'id,input,target,choices\na,Which?,A,"[""x, y"", ""z""]"\n')
    [row] = read_inspect(file).cases
    assert (row.line, row.data["expected"]) == (2, "A")
    assert "A) x, y\nB) z" in row.data["input"]
