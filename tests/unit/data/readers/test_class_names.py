"""Names of classes that Hugging Face data hold as numbers; whatever is not described soundly has none."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.readers.class_names import class_names, with_names
from tests.projects import write

NAMES = {"label": ["neg", "pos"]}


def test_numbers_become_names_and_no_class_is_null():
    rows = [{"label": 1, "text": "a"}, {"label": -1}, {"label": 2}, {"label": True}, {"label": None}, {"text": 1}]
    named = [{"label": "pos", "text": "a"}, {"label": None}, {"label": None}, {"label": True}, {"label": None}]
    assert [with_names(row, NAMES) for row in rows] == [*named, {"text": 1}]


@pytest.mark.parametrize(
    "described", ["", "[]", "{}", '{"features": 3}', '{"features": {"label": {"_type": "ClassLabel"}}}']
)
def test_a_folder_that_describes_nothing_has_no_names(tmp_path, described):
    write(tmp_path / "dataset_info.json", described)
    assert class_names(tmp_path) == {}


def test_other_files_have_none(tmp_path):
    write(tmp_path / "broken.parquet", "PAR?")
    assert class_names(tmp_path / "broken.parquet") == class_names(tmp_path / "rows.csv") == {}
