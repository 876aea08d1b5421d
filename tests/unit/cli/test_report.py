"""`ftgate report`: the page of a run again."""

from __future__ import annotations

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.pipeline.report.run_report import RunReport, keep
from tests.run_records import cases, record
from tests.run_records import keep as keep_record


@pytest.fixture
def state(tmp_path):
    """Two runs on `tickets`; the second fixes b, breaks c, and was compared with the first."""
    store = RecordStore(tmp_path)
    first = keep_record(tmp_path, record(cases({"a": 1, "b": 0, "c": 1}), graders="old"), "20261127-000000-0000")
    second = keep_record(tmp_path, record(cases({"a": 1, "b": 1, "c": 0}), graders="new"), "20261128-000000-0000")
    change = {"set": "tickets", "title": "tickets", "text": "x", "gain": 0.0, "lower": -0.1, "upper": 0.1, "run": first}
    change |= {"fixed": ["b"], "broken": ["c"]}
    for run, changed in ((first, []), (second, [change])):
        keep(store, RunReport(run=run, at=1.8e9, seconds=1.0, code=0, changed=changed))
    return tmp_path


def report(state, *args):
    return main(["report", *args, "--state-dir", str(state)])


def test_the_last_run_beside_its_records(state, capsys):
    assert report(state) == 0
    page = state / "records/20261128-000000-0000/report.html"
    assert f"{page} written (" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert "run before" in text
    assert "Not like with like" in text, "other graders"
    assert text.count('class="outcome broken"') == 1


@pytest.mark.parametrize("name", ["last~1", "20261127", "20261127-000000-0000", "main"])
def test_a_run_by_its_names(state, name):
    RecordStore(state).name("20261127-000000-0000", "main")
    assert report(state, name, "--out", str(state / "deep/page.html")) == 0
    assert "run 20261127-000000-0000" in (state / "deep/page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["tickets", "goldens/tickets", "m"])
def test_the_newest_run_of_a_set_or_a_model(state, name):
    assert report(state, name, "--out", str(state / "page.html")) == 0
    assert "run 20261128-000000-0000" in (state / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("last~7", "no report of a run 'last~7' is kept in"),
        ("2026", "2 runs begin with '2026': 20261128-000000-0000, 20261127-000000-0000; name one of them"),
        ("feature", "there are: 20261128-000000-0000, 20261127-000000-0000"),
    ],
)
def test_no_such_run(state, capsys, name, says):
    assert report(state, name) == 2
    assert says in capsys.readouterr().err


def test_a_folder_gets_the_usual_name_and_below_a_file_nothing_is_written(state, capsys):
    assert report(state, "--out", str(state)) == 0
    assert (state / "report.html").is_file()
    assert report(state, "--out", str(state / "report.html/page.html")) == 2
    assert "page.html: cannot be written" in capsys.readouterr().err


def test_an_edited_report_is_refused(state, capsys):
    file = state / "records/20261128-000000-0000/run.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"code":0', '"code":1'), encoding="utf-8")
    assert report(state) == 2
    assert "edited after it was written" in capsys.readouterr().err
