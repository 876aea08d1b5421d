"""row_of: keys that mean the same in every shape, and what may mean something else."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of

PAIR = {"prompt": "q", "completion": "a"}


def row(data: dict[str, object]) -> DataRow:
    found = row_of(Record("t.jsonl", 7, data))
    assert isinstance(found, DataRow), found
    return found


def told(data: dict[str, object]) -> str:
    found = row_of(Record("t.jsonl", 7, data))
    assert isinstance(found, tuple), found
    return "\n".join(map(str, found))


@pytest.mark.parametrize("key", ["label", "kto_tag"])
@pytest.mark.parametrize("flag", [False, "FALSE", "False", "false", " false", "fAlse "])
def test_a_rejected_answer_is_known_in_every_spelling(key, flag):
    assert (row(PAIR | {key: flag}).desired, row(PAIR | {key: flag}).unused) == (False, ())
    assert row(PAIR | {key: str(not flag).upper() if flag is False else "TRUE"}).desired is True


def test_what_excel_writes_is_kto(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("prompt,completion,label\nq,a,TRUE\nr,b,FALSE\n", "utf-8")
    assert [found.desired for found in read_rows(path)] == [True, False]


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, "0", "1", "no", "Yes", " n"])
@pytest.mark.parametrize("key", ["label", "kto_tag"])
def test_what_may_be_a_flag_is_not_trained(key, value):
    said = told(PAIR | {key: value})
    assert f"{key!r} beside an answer is {value!r}; write true or false" in said
    assert "else rename or remove it" in said


def test_two_flags_must_agree():
    assert "has 'label' and 'kto_tag', one true and one false" in told(PAIR | {"label": True, "kto_tag": False})
    both = row(PAIR | {"label": False, "kto_tag": "false"})
    assert (both.desired, both.unused) == (False, ())


def test_a_tag_of_kto_is_true_or_false():
    assert "'kto_tag' beside an answer is 'good'" in told(PAIR | {"kto_tag": "good"})


def test_a_class_of_a_text_may_be_0_or_no():
    assert [row({"text": "t", "label": value}).answer for value in (0, "no", 1.0)] == ["0", "no", "1.0"]


def test_a_row_of_weight_0_is_not_trained():
    assert "has the weight 0" in told(PAIR | {"weight": 0})
    assert row(PAIR | {"weight": 1}).unused == ("weight",)


def test_a_text_whose_label_is_lost_is_no_text_to_go_on_reading():
    for label in (None, ""):
        assert "'label' " in told({"text": "Nice.", "label": label})
    assert row({"text": "Nice."}).shape == "text"


@pytest.mark.parametrize(
    ("wrong", "kind"), [({"lang": 1}, "holds a number"), ({"lang": 0}, "holds a number"), ([1], "is a list")]
)
def test_slices_are_texts(wrong, kind):
    assert f"'slices' {kind}; expected an object" in told(PAIR | {"slices": wrong})


def test_clusters_that_are_numbers_are_one_fault_for_a_file():
    assert told(PAIR | {"cluster": 1}) == told(PAIR | {"cluster": 2})
