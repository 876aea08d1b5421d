"""What a path that names golden sets stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import FileFaults, FtgateError
from pytest_ftgate.pipeline.discovery import Catalogue, golden_file, golden_files
from tests.projects import pipeline_toml, write, write_golden, write_rows

CASE = {"input": "x", "expected": "y"}


@pytest.fixture(autouse=True)
def _project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def sets():
    write_golden(Path("goldens/mood"), [CASE])
    write_rows(Path("goldens/team/e/cases.jsonl"), [CASE])
    for end, text in (("csv", "input\nx\n"), ("json", '[{"input": "x"}]'), ("yml", "- input: x\n")):
        write(Path(f"goldens/{end}.golden.{end}"), text)
    write(Path("goldens/labels.jsonl"), "")
    write(Path("goldens/theirs.golden.json"), "{}")


def test_a_folder_stands_for_all_sets_below_it():
    sets()
    expected = [f"goldens/{name}" for name in ("csv.golden.csv", "json.golden.json", "mood/golden.toml")]
    expected += ["goldens/team/e/cases.jsonl", "goldens/yml.golden.yml"]
    assert golden_files(Path("goldens")) == list(map(Path, expected))
    assert set(Catalogue((Path("goldens"),), ()).golden_paths) == {"csv", "json", "mood", "e", "yml"}


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("goldens/mood", "goldens/mood/golden.toml"),
        ("goldens/mood/golden.toml", "goldens/mood/golden.toml"),
        ("goldens/mood/cases.jsonl", "goldens/mood/golden.toml"),
        ("goldens/team", "goldens/team/e/cases.jsonl"),
        ("goldens/team/e", "goldens/team/e/cases.jsonl"),
        ("goldens/csv.golden.csv", "goldens/csv.golden.csv"),
    ],
)
def test_one_set_by_its_folder_or_by_a_file_of_it(named, file):
    sets()
    assert golden_file(Path(named)) == Path(file)


def test_several_where_one_is_expected():
    sets()
    said = r"goldens: found 5 golden sets, expected one of them: goldens/csv.*, goldens/mood,"
    with pytest.raises(FtgateError, match=said):
        golden_file(Path("goldens"))


def test_a_folder_without_a_set_names_what_looks_like_one():
    write_rows(Path("goldens/tickets.jsonl"), [CASE])
    with pytest.raises(FileFaults) as raised:
        golden_files(Path("goldens"))
    assert str(raised.value) == (
        "goldens: no golden set found\n    goldens/tickets.jsonl: not collected: rename it to tickets.golden.jsonl"
    )


@pytest.mark.parametrize("named", ["nope", "goldens/nope.golden.csv", "empty"])
def test_nothing_is_there(named):
    Path("empty").mkdir()
    with pytest.raises(FileFaults, match=f"{named}: (not found|no golden set found)\n    pass a golden set"):
        golden_files(Path(named))


def test_the_faults_of_a_pipeline_that_names_no_set_are_the_answer():
    sets()
    write(Path("pipelines/mood/pipeline.toml"), pipeline_toml("mood").replace("goldens", "golden"))
    write(Path("pipelines/good/pipeline.toml"), pipeline_toml("csv"))
    catalogue = Catalogue((Path("goldens"),), (Path("pipelines"),))
    [fault] = catalogue.faults_without_goldens()
    assert "pipelines/mood/pipeline.toml:2: 'golden' is not a valid key" in fault
    with pytest.raises(FtgateError, match=r"'golden' is not a valid key.*\n.*names the golden set"):
        catalogue.pipeline_for("mood")


def test_two_sets_of_one_name_are_refused():
    write_golden(Path("goldens/mood"), [CASE])
    write_rows(Path("goldens/mood.golden.jsonl"), [CASE])
    with pytest.raises(FileFaults, match="duplicate golden set name 'mood', also in goldens/mood"):
        golden_files(Path("goldens"))
