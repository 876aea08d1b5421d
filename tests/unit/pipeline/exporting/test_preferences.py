"""Preference pairs of fixed and broken cases: read by our own DPO, never of cases that gate a pipeline."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.discovery import Catalogue
from pytest_ftgate.pipeline.exporting.exported import save
from pytest_ftgate.pipeline.exporting.preferences import preferences
from pytest_ftgate.serve.response import Response
from tests.projects import write_golden, write_pipeline
from tests.run_records import case, record

NAMES = ["both", "fixed", "broken", "empty", "same", "cut"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"id": name, "input": f"text of {name}", "expected": name} for name in NAMES]
    write_golden(tmp_path / "goldens/tickets", rows)
    return Catalogue((tmp_path / "goldens",), (tmp_path / "pipelines",))


def runs(**more):
    def of(texts, passed):
        made = []
        for name in NAMES:
            answer = Response(name, "", texts.get(name, "text"), "length" if texts.get(name) == "cut" else "stop")
            made.append(case(name, float(name in passed), answers=(answer,)))
        return record(made, prompt=more)

    then = of({"fixed": "bad", "broken": "good", "empty": "", "cut": "cut"}, {"both", "broken"})
    return then, of({"fixed": "fine", "broken": "worse", "cut": "right"}, {"both", "fixed", "empty", "same", "cut"})


def test_pairs(project, tmp_path):
    found = preferences([runs()], project)
    assert [json.loads(line) for line in found.text.splitlines()] == [
        {"prompt": "text of fixed", "chosen": "fine", "rejected": "bad", "id": "fixed"},
        {"prompt": "text of broken", "chosen": "good", "rejected": "worse", "id": "broken"},
    ]
    assert [fault.message.partition(" (")[0] for fault in found.lost] == [
        "cut: no pair: the rejected answer was cut off",
        "empty: no pair: the rejected answer is empty",
        "same: no pair: both answers are the same",
    ]


def test_our_own_dpo_reads_them(project, tmp_path):
    then, now = runs(system="Be brief.", template="Q: {{ text }}")
    file = tmp_path / "pairs.jsonl"
    assert save(file, preferences([(then, now)], project), partial=True)
    rows = list(read_rows(file))
    assert [(row.shape, row.answer, row.rejected) for row in rows] == [
        ("preference", "fine", "bad"),
        ("preference", "good", "worse"),
    ]
    assert [each["content"] for each in rows[0].asked] == ["Be brief.", "Q: text of fixed"]
    assert not rows[0].unused


def test_never_of_a_set_that_gates(project, tmp_path):
    write_pipeline(tmp_path / "pipelines/mail", "tickets")
    with pytest.raises(FtgateError, match=r"golden set tickets gates pipeline mail"):
        preferences([runs()], Catalogue((tmp_path / "goldens",), (tmp_path / "pipelines",)))


def test_never_of_cases_that_a_gate_has_too(project, tmp_path):
    write_golden(tmp_path / "goldens/exam", [{"id": "other", "input": "text of fixed", "expected": "x"}])
    write_pipeline(tmp_path / "pipelines/mail", "exam")
    with pytest.raises(FtgateError, match=r"1 of the cases of tickets, such as fixed, are also in golden set exam"):
        preferences([runs()], Catalogue((tmp_path / "goldens",), (tmp_path / "pipelines",)))


def test_a_set_that_is_not_there_and_a_case_that_changed(project, tmp_path):
    rows = [{"id": name, "input": "another", "expected": name} for name in NAMES[:1]]
    write_golden(tmp_path / "goldens/tickets", rows)
    found = preferences([runs()], project)
    assert (found.carried, len(found.lost)) == (0, 5)
    assert "changed or removed" in found.lost[0].message
    (tmp_path / "goldens/tickets/cases.jsonl").unlink()
    with pytest.raises(FtgateError, match="root of the project"):
        preferences([runs()], project)
