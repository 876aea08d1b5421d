"""What a person may call a run."""

from __future__ import annotations

import re

import pytest

from pytest_ftgate.errors import RecordError
from pytest_ftgate.evaluate.records import files
from pytest_ftgate.evaluate.records.find import find, set_name
from pytest_ftgate.evaluate.records.store import RecordStore
from tests.run_records import cases, keep, record

ONE = {"a": 1.0}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return RecordStore(tmp_path / ".ftgate")


@pytest.fixture
def made(store, tmp_path):
    state = tmp_path / ".ftgate"
    first = keep(state, record(cases(ONE), model="a"), "20261127-100000-0001")
    keep(state, record(cases(ONE), model="a", set="mails"), first)
    second = keep(state, record(cases(ONE), model="b", variant="v2"), "20261128-100000-0002")
    third = keep(state, record(cases(ONE), model="b", cases=50), "20261128-110000-0003")
    store.name(first, "main")
    return first, second, third


def found(store, name, golden=""):
    return [(stored.facts.run[-1], stored.facts.set) for stored in find(store, name, golden)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("last", [("3", "tickets")]),
        ("last~1", [("2", "tickets")]),
        ("last~2", [("1", "mails"), ("1", "tickets")]),
        ("main", [("1", "mails"), ("1", "tickets")]),
        ("20261128-10", [("2", "tickets")]),
        ("20261127-100000-0001", [("1", "mails"), ("1", "tickets")]),
        ("tickets", [("2", "tickets")]),
        ("goldens/tickets", [("2", "tickets")]),
        ("goldens/mails/golden.toml", [("1", "mails")]),
        ("goldens/mails.golden.jsonl", [("1", "mails")]),
        ("a", [("1", "mails"), ("1", "tickets")]),
        ("b", [("2", "tickets")]),
        ("v2", [("2", "tickets")]),
    ],
)
def test_a_run_has_many_names(store, made, name, expected):
    assert found(store, name) == expected


def test_of_one_set_the_last_is_counted_among_its_own_runs(store, made):
    assert found(store, "last", "mails") == [("1", "mails")]
    assert found(store, "a", "tickets") == [("1", "tickets")]


@pytest.mark.parametrize("name", ["nobody", "last~3", "2026", "lasts", "", "20261128"])
def test_no_run_or_several_say_which_there_are(store, made, name):
    with pytest.raises(RecordError, match=re.escape(made[1])):
        find(store, name)


def test_no_runs_at_all_say_so(store):
    with pytest.raises(RecordError, match=r"no runs in .*records yet"):
        find(store, "last")


def test_a_name_of_two_kinds_is_refused(store, made, tmp_path):
    keep(tmp_path / ".ftgate", record(cases(ONE), model="tickets"), "20261128-120000-0004")
    with pytest.raises(RecordError, match="golden set and a model"):
        find(store, "tickets")


def test_a_file_is_a_run_and_so_is_a_folder_of_files(store, made, tmp_path):
    files.export(tmp_path / "main.jsonl", [store.read(stored) for stored in find(store, "main")])
    assert found(store, "main.jsonl") == [("1", "mails"), ("1", "tickets")]
    elsewhere = RecordStore(tmp_path / "other")
    assert found(elsewhere, str(tmp_path / "main.jsonl"), "mails") == [("1", "mails")]
    (tmp_path / "from_ci").mkdir()
    (tmp_path / "main.jsonl").rename(tmp_path / "from_ci/main.jsonl")
    assert found(elsewhere, "from_ci", "tickets") == [("1", "tickets")]


@pytest.mark.parametrize(
    "text", ["tickets", "goldens/tickets", "goldens/tickets/", "x/tickets/golden.toml", "tickets.golden.yaml"]
)
def test_the_name_of_a_set_is_found_in_its_path(text):
    assert set_name(text) == "tickets"
