"""The records of a state folder: how many are kept, under which names, and which one is the last."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_ftgate.errors import RecordError
from pytest_ftgate.evaluate.records.store import KEPT, NAMES, RecordStore
from tests.run_records import cases, keep, record

ONE = {"a": 1.0}


@pytest.fixture
def store(tmp_path):
    return RecordStore(tmp_path)


def runs(store, golden=""):
    return [stored.facts.run for stored in store.all(golden)]


def test_nothing_is_there_at_first(store):
    assert runs(store) == []
    assert store.latest("tickets") is None
    assert store.names == {}
    assert store.edited() == []


def test_ids_sort_as_the_runs_ended_and_none_is_given_twice(store):
    with ThreadPoolExecutor(4) as threads:
        made = [future.result() for future in [threads.submit(store.new_run) for _ in range(20)]]
    assert len(set(made)) == 20
    before = store.new_run()
    assert before < store.new_run()


def test_the_last_thirty_of_a_set_are_kept_and_those_with_a_name(store, tmp_path):
    first = keep(tmp_path, record(cases(ONE)))
    store.name(first, "main")
    other = keep(tmp_path, record(cases(ONE), set="mails"))
    made = [keep(tmp_path, record(cases(ONE))) for _ in range(KEPT + 2)]
    assert runs(store, "tickets") == [*reversed(made[2:]), first]
    assert runs(store, "mails") == [other]
    assert not (store.folder / made[0]).exists()


def test_runs_of_a_few_cases_never_drop_the_last_whole_ones(store, tmp_path):
    whole = [keep(tmp_path, record(cases(ONE))) for _ in range(3)]
    few = [keep(tmp_path, record(cases(ONE), cases=80)) for _ in range(KEPT + 5)]
    assert runs(store) == [*reversed(few[-KEPT:]), *reversed(whole[1:])]
    assert store.latest("tickets").facts.run == whole[2]


def test_runs_are_counted_and_not_their_models(store, tmp_path):
    made = [store.new_run() for _ in range(KEPT + 1)]
    for run in made:
        for variant in ("", "v2", "v3"):
            keep(tmp_path, record(cases(ONE), variant=variant), run)
    assert runs(store) == [run for run in reversed(made[1:]) for _ in range(3)]


def test_several_models_of_one_run_have_a_file_each(store, tmp_path):
    run = keep(tmp_path, record(cases(ONE), model="a"))
    keep(tmp_path, record(cases(ONE), model="b"), run)
    keep(tmp_path, record(cases(ONE), set="tickets.2"), run)
    assert sorted((stored.facts.set, stored.facts.model) for stored in store.all()) == [
        ("tickets", "a"),
        ("tickets", "b"),
        ("tickets.2", "m"),
    ]
    assert len(runs(store, "tickets")) == 2


def test_the_last_is_one_of_the_whole_set_if_there_is_one(store, tmp_path):
    few = keep(tmp_path, record(cases(ONE), cases=80))
    assert store.latest("tickets").facts.run == few
    whole = keep(tmp_path, record(cases(ONE)))
    keep(tmp_path, record(cases(ONE), cases=80))
    assert store.latest("tickets").facts.run == whole


def test_of_a_run_that_asked_several_the_last_is_that_of_the_same_model_and_prompt(store, tmp_path):
    run = keep(tmp_path, record(cases(ONE), digest="a"))
    for digest, variant in (("b", ""), ("a", "v2"), ("b", "v2")):
        keep(tmp_path, record(cases(ONE), digest=digest, variant=variant), run)
    for digest, variant in (("a", ""), ("b", ""), ("a", "v2"), ("b", "v2")):
        facts = store.latest("tickets", digest, variant).facts
        assert (facts.digest, facts.variant) == (digest, variant)
    assert store.latest("tickets", "c", "v2").facts.variant == "v2"


def test_a_record_in_the_place_of_another_is_not_used(store, tmp_path):
    bad, good = (keep(tmp_path, record(cases({"a": value}))) for value in (0.0, 1.0))
    shutil.copy(store.folder / good / "tickets.jsonl", store.folder / bad / "tickets.jsonl")
    assert runs(store) == [good]
    assert store.edited() == [store.folder / bad / "tickets.jsonl"]


def test_what_is_no_record_is_left_alone(store, tmp_path):
    run = keep(tmp_path, record(cases(ONE)))
    (store.folder / "notes.txt").touch()
    (store.folder / "20990101-000000-0000").mkdir()
    (store.folder / run / "tickets.9.jsonl").write_bytes(b"\xff")
    assert runs(store) == [run]


@pytest.mark.parametrize("content", ["{", "[]", '{"main": 1}'])
def test_damaged_names_say_what_to_do(store, tmp_path, content):
    keep(tmp_path, record(cases(ONE)))
    (store.folder / NAMES).write_text(content)
    with pytest.raises(RecordError, match=r"names\.json.*remove it"):
        _ = store.names


def test_a_folder_that_cannot_be_written_is_an_error_with_its_path(tmp_path):
    (tmp_path / "records").touch()
    with pytest.raises(RecordError, match="records"):
        RecordStore(tmp_path).new_run()
