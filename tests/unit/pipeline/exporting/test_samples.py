"""A golden set as Inspect's samples and as plain rows."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.exporting.samples import inspect_samples, plain_rows
from tests.projects import write_golden

CASES = [
    {"id": "a", "input": "x", "expected": "y", "slices": {"lang": "en"}, "notes": "n"},
    {"id": "b", "input": "z", "expected": {"k": 1}, "must_pass": True},
    {"id": "c", "input": ["x", "y"], "expected": "y"},
]


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda toml="", cases=CASES: load_suite(write_golden(tmp_path / "goldens/t", cases, toml))


def rows(found):
    return [json.loads(line) for line in found.text.splitlines()]


def test_samples(suite):
    found = inspect_samples(suite())
    assert rows(found) == [
        {"id": "a", "input": "x", "target": "y", "metadata": {"lang": "en", "notes": "n"}},
        {"id": "b", "input": "z", "target": '{"k": 1}', "metadata": {"must_pass": True}},
    ]
    assert [str(fault).partition(" (")[0].partition(": Ins")[0] for fault in found.lost] == [
        "goldens/t/cases.jsonl:3: a script of user turns"
    ]


def test_samples_are_asked_as_the_set_asks(suite):
    found = rows(inspect_samples(suite('[prompt]\nsystem = "S"\nexamples = [["q", "r"]]', CASES[:1])))
    assert found[0]["input"] == [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "r"},
        {"role": "user", "content": "x"},
    ]


def test_graders_are_lost_with_a_hint(suite):
    lost = inspect_samples(suite('[[grader]]\nkind = "contains"', CASES[:1])).lost
    assert len(lost) == 1
    assert lost[0].line == 1
    assert "includes()" in lost[0].message


def test_plain_rows(suite):
    found = plain_rows(suite('[prompt]\nsystem = "S"\n', CASES))
    assert found.lost == ()
    assert rows(found) == [
        {"id": "a", "question": "x", "system": "S", "expected": "y", "slices": {"lang": "en"}, "notes": "n"},
        {"id": "b", "question": "z", "system": "S", "expected": {"k": 1}, "must_pass": True},
        {"id": "c", "question": ["x", "y"], "system": "S", "expected": "y"},
    ]
