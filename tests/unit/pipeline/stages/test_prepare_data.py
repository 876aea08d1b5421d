"""Rows with personal data are redacted or dropped in copies, line by line, and the lineage tells it."""

from __future__ import annotations

import csv
import hashlib
import json

import pytest

from pytest_ftgate.data.lineage import begun, line_of, params_of, rows_of, stepped, trained
from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.errors import DataError
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.stages.prepare_data import prepared, write_without
from tests.projects import json_lines, write_pipeline, write_rows

ROWS = [
    {"input": "one", "expected": "yes"},
    {"input": "write to ann@birch.org", "expected": "no"},
    {"messages": [{"role": "user", "content": "call +14155557319"}, {"role": "assistant", "content": "sure"}]},
    {"input": "four", "expected": {"label": "ham"}, "cluster": "c"},
]


@pytest.fixture
def pipeline(tmp_path):
    """pipeline(pii) -> the pipeline, its training rows two of four with personal data, a blank line before the last."""

    def make(pii: str = "error"):
        (tmp_path / "train.jsonl").write_text(json_lines(ROWS[:3]) + "\n" + json_lines(ROWS[3:]))
        write_rows(tmp_path / "validation.jsonl", ROWS[:1])
        return read_pipeline(write_pipeline(tmp_path, "mail", more=f'pii = "{pii}"\n'))

    return make


def rows(path) -> dict[int, dict]:
    return {n: json.loads(line) for n, line in enumerate(path.read_text().splitlines(), 1) if line}


def test_by_default_the_files_are_the_users_own(pipeline, tmp_path):
    made = pipeline()
    same, lineage = prepared(made, tmp_path / "out")
    assert same is made
    assert not (tmp_path / "out").exists()
    sha256 = hashlib.sha256((tmp_path / "train.jsonl").read_bytes()).hexdigest()
    assert lineage["train"] == {"path": "train.jsonl", "sha256": sha256, "rows": 4, "dvc": None, "steps": []}
    assert lineage["validation"]["rows"] == 1


def test_redacted_rows_keep_their_lines_and_are_what_the_job_trains_on(pipeline, tmp_path):
    before = pipeline("redact")
    after, lineage = prepared(before, tmp_path / "out")
    found = rows(after.train_file)
    assert list(found) == [1, 2, 3, 5]
    assert found[1] == ROWS[0]
    assert found[2] == {"input": "write to <EMAIL>", "expected": "no"}
    assert found[3]["messages"][0]["content"] == "call <PHONE>"
    assert found[5] == ROWS[3]
    [step] = lineage["train"]["steps"]
    assert (step["before"], step["rows"], step["changed"]) == (4, 4, 2)
    assert step["sha256"] == contents(after.train_file).sha256 != lineage["train"]["sha256"]
    assert rows(before.train_file)[2] == ROWS[1], "the user's file stays"
    assert after.data_files != before.data_files


def test_dropped_rows_leave_blank_lines(pipeline, tmp_path):
    after, lineage = prepared(pipeline("drop"), tmp_path / "out")
    assert rows(after.train_file) == {1: ROWS[0], 5: ROWS[3]}
    [step] = lineage["train"]["steps"]
    assert (step["why"], step["before"], step["rows"], step["changed"]) == ("personal data or keys", 4, 2, 0)
    assert lineage["validation"]["steps"][0]["rows"] == 1


def test_rows_of_several_lines_keep_the_line_on_which_they_begin(tmp_path):
    source = tmp_path / "t.csv"
    with source.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["prompt", "completion"], ["one\ntwo\nthree", "yes"], ["mail ann@birch.org", "no"]])
    assert write_without(source, tmp_path / "copy.jsonl", drop=False) == 1
    assert list(rows(tmp_path / "copy.jsonl")) == [2, 5]


def test_what_is_no_row_stops_it_and_leaves_the_copy_of_before(tmp_path):
    (tmp_path / "t.jsonl").write_text(json_lines(ROWS[:1]))
    write_without(tmp_path / "t.jsonl", tmp_path / "copy.jsonl", drop=False)
    (tmp_path / "t.jsonl").write_text(json_lines(ROWS[:1]) + "{broken\n")
    with pytest.raises(DataError, match=r"t\.jsonl:2: "):
        write_without(tmp_path / "t.jsonl", tmp_path / "copy.jsonl", drop=False)
    assert rows(tmp_path / "copy.jsonl") == {1: ROWS[0]}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.jsonl", "t.jsonl"]


def test_the_lineage_tells_each_step_in_one_line(pipeline, tmp_path):
    _, lineage = prepared(pipeline("redact"), tmp_path / "out")
    (tmp_path / "clean.jsonl").write_text(json_lines(ROWS[:3]))
    lineage = stepped(lineage, "train", "leaked goldens", tmp_path / "clean.jsonl")
    lineage = trained(lineage, max_rows=2, max_length=320, rows=1, too_long=1)
    first, _, second = line_of(lineage).partition("; ")
    sha256 = lineage["train"]["sha256"][:8]
    assert first == (
        f"train {sha256} 4 rows with 2 changed (personal data or keys redacted) - 1 (leaked goldens)"
        " - 1 (max_rows = 2) - 1 (over max_length = 320 tokens) = 1"
    )
    assert second.endswith(" 1 row")
    assert [step["before"] - step["rows"] for step in lineage["train"]["steps"]] == [0, 1, 1, 1]
    assert rows_of(lineage["train"]) == params_of(lineage)["data.train.rows_used"] == 1
    assert "data.train.md5" not in params_of(lineage)


def test_no_limit_reached_is_no_step(pipeline):
    lineage = begun(pipeline().data.files, pipeline().path.parent)
    assert trained(lineage, max_rows=4, max_length=9, rows=4, too_long=0) == lineage
    assert trained({}, max_rows=4, max_length=9, rows=4, too_long=0) == {}


def test_the_lineage_travels_with_the_job_and_does_not_make_it_another(pipeline, tmp_path):
    from pytest_ftgate.train.job import TrainJob

    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    made = pipeline()
    grading = {"graders": [{"kind": "exact"}], "max_tokens": 8}
    job = made.job({}, grading, begun(made.data.files, made.path.parent))
    assert job.digest == made.job({}, grading).digest
    job.write(tmp_path / "job.json")
    assert TrainJob.read(tmp_path / "job.json").lineage == begun(made.data.files, made.path.parent)


def test_renamed_columns_are_what_the_run_works_on(tmp_path):
    rows_of_german = [{"Frage": f"Was kostet {n}?", "Antwort": "Viel.", "cluster": "c"} for n in range(3)]
    (tmp_path / "train.jsonl").write_text(json_lines(rows_of_german[:2]) + "\n" + json_lines(rows_of_german[2:]))
    write_rows(tmp_path / "validation.jsonl", [{"question": "Was?", "answer": "write to ann.lee@posteo.net"}])
    columns = 'pii = "redact"\ncolumns = { question = "Frage", answer = "Antwort" }\n'
    made = read_pipeline(write_pipeline(tmp_path, "mail", more=columns))
    after, lineage = prepared(made, tmp_path / "out")
    assert rows(after.train_file)[4] == {"question": "Was kostet 2?", "answer": "Viel.", "cluster": "c"}
    assert rows(after.data.validation)[1] == {"question": "Was?", "answer": "write to <EMAIL>"}
    assert lineage["train"]["steps"][0]["why"] == "columns renamed"
    assert after.data.columns == {}
    write_rows(tmp_path / "train.jsonl", [*rows_of_german, {"Frage": "a", "question": "b", "Antwort": "c"}])
    with pytest.raises(DataError, match=r"train\.jsonl:4: has 'question' and 'Frage', which"):
        prepared(made, tmp_path / "out")
