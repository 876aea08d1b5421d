"""labels.jsonl: a label is bound to the very answer it judged; every fault at once."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files import schema
from pytest_ftgate.golden.case import make_case
from pytest_ftgate.judge.labels import answer_digest, current, judged_key, read_labels, settled

CASE = make_case({"input": "Capital of France?", "expected": "Paris"}, 1, "fr").digest
PARIS = answer_digest("Paris")


def row(**other):
    return {"id": "fr", "label": "yes", "by": "ann", "case": CASE, "answer": PARIS} | other


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def labels(*rows, **options):
        lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
        (tmp_path / "labels.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_labels(Path("labels.jsonl"), **options)

    return labels


def test_labels_come_as_they_stand_in_the_file(read):
    first, second = read(row(notes="short", at="2026-03-01"), "", row(by="bob", label=4, criterion="tone", random=True))
    assert (first.id, first.label, first.by, first.criterion, first.random, first.line) == (
        "fr", "yes", "ann", "", False, 1,
    )  # fmt: skip
    assert (second.label, second.criterion, second.random, second.line) == ("4", "tone", True, 3)


def test_a_label_has_the_key_of_a_verdict_on_the_same_answer_and_of_no_other(read):
    [label] = read(row())
    assert label.key == judged_key(CASE, answer_digest("Paris"))
    others = [
        judged_key(CASE, answer_digest("Paris ")),
        judged_key(CASE, answer_digest("Paris", "Lyon")),
        judged_key(CASE, answer_digest("Paris"), "tone"),
        judged_key(make_case({"input": "Capital of France?", "expected": "Lyon"}, 1, "fr").digest, PARIS),
    ]
    assert label.key not in others
    assert len(set(others)) == 4
    assert answer_digest("a", "b") != answer_digest("b", "a"), "a pair is judged in the order shown"


def test_labels_of_a_case_that_was_edited_are_not_current(read):
    labels = read(row(), row(by="bob", case="0" * 64), row(id="de"))
    assert [label.line for label in current(labels, {"fr": CASE})] == [1]


def test_most_people_settle_a_label_and_a_split_settles_none(read):
    other = answer_digest("Lyon")
    labels = read(
        row(), row(by="bob"), row(by="cy", label="no"), row(answer=other), row(answer=other, by="bob", label="no")
    )
    assert settled(labels) == {labels[0].key: "yes"}
    assert settled(read(row(label="no"))) == {labels[0].key: "no"}


def test_all_faults_are_told_at_once(read):
    with pytest.raises(FileFaults) as caught:
        read(
            "{",
            row(label=True),
            row(answer="Paris"),
            row(criterum="tone"),
            {"id": "fr", "label": "yes"},
            row(by=""),
            row(id="frr"),
            row(label="maybe"),
            row(label="no"),
            row(by="bob"),
            row(by="bob"),
            cases={"fr": CASE},
            classes=("yes", "no"),
        )
    text = str(caught.value)
    assert [fault.line for fault in caught.value.faults] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
    for part in (
        "labels.jsonl:1: is not valid JSON",
        "label must be a string or an integer; found true",
        "answer must be 64 hex digits",
        "'criterum' is not a valid key of a label; did you mean 'criterion'?",
        "a label needs 'by' and 'case' and 'answer'; found: id, label",
        "by must not be empty",
        "unknown case 'frr'\n    did you mean 'fr'?",
        "label must be one of: yes, no; found 'maybe'",
        "labels.jsonl:9: duplicate label by 'ann' for 'fr', first in line 8, with 'maybe' there and 'no' here",
        "labels.jsonl:11: duplicate label by 'bob' for 'fr', first in line 10\n    keep one of the two lines",
    ):
        assert part in text


def test_two_people_two_criteria_and_two_answers_are_no_repetition(read):
    assert len(read(row(), row(by="bob"), row(criterion="tone"), row(answer=answer_digest("Lyon")))) == 4


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileFaults, match="cannot be read"):
        read_labels(tmp_path / "labels.jsonl")


def test_the_published_schema_is_one_and_describes_every_key():
    data = json.loads((Path(schema.__file__).parent / "schemas" / "label.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(data)
    assert data["$id"] == "label.schema.json"
    assert all("description" in below for below in data["properties"].values())
