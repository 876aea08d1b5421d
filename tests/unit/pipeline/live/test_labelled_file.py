"""Labelled production inputs on disk: whatever is none is named with its line, and nothing is quietly left out."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.live.labelled_file import read_labelled
from pytest_ftgate.pipeline.live.production_run import production_runs
from tests.projects import write_golden, write_pipeline, write_rows

TOML = '[[grader]]\nkind = "exact"\n[label]\npath = ""\nvalues = ["spam", "ham"]\n'


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "golden": "sms", "input": f"text {number}", "expected": "ham", **more}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no labelled inputs"),
        ([row(1), row(1)], ":2: duplicate id, also in line 1"),
        ([row(1), {"input": "a", "output": "b"}], ":2: lacks 'id', 'golden', 'expected'"),
        ([row(1, weight=0)], ":1: 'weight' is not a number above 0"),
        ([row(1, id="a b")], ":1: 'id' is not printable text"),
        ([row(1, input=3)], ":1: 'input' is not text, variables or messages"),
    ],
)
def test_a_line_that_is_none(tmp_path: Path, rows: list, said: str):
    with pytest.raises(FileFaults, match=re.escape(said)):
        read_labelled(write_rows(tmp_path / "labelled.jsonl", rows))


@pytest.fixture
def runs(tmp_path: Path):
    suite = load_suite(write_golden(tmp_path / "goldens/sms", [{"input": "a", "expected": "ham"}], TOML))
    pipeline = read_pipeline(write_pipeline(tmp_path / "pipelines/sms", "sms"))
    watch: Any = SimpleNamespace(task="sms", pipeline=pipeline)

    def make(rows: list[dict[str, Any]]):
        return production_runs(write_rows(tmp_path / "labelled.jsonl", rows), [watch], lambda _: suite)

    return make


def test_inputs_of_other_sets_are_counted(runs):
    found = runs([row(1), row(2), row(3, golden="chat")])
    assert (len(found["sms"].cases), found["sms"].others) == (2, 1)


def test_a_file_for_nobody_is_no_quiet_green(runs):
    with pytest.raises(FileFaults, match="has inputs of chat, which gates none of the watched pipelines: sms"):
        runs([row(1, golden="chat")])


def test_a_label_that_the_set_does_not_know_is_named(runs):
    with pytest.raises(FileFaults, match=r"labelled.jsonl:2: `expected` names no label of sms: spam, ham"):
        runs([row(1), row(2, expected="eggs")])
