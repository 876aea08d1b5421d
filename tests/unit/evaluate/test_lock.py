"""A golden.lock tells what of a set was edited, and keeps what was accepted; its margin is written once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.errors import LockError
from pytest_ftgate.evaluate.lock import Lock, compare, lock_path, read_lock, write_lock
from pytest_ftgate.evaluate.suite import Suite, load_suite
from tests.projects import write_golden
from tests.unit.evaluate.lock_sets import ACCEPT, SET, TOML, differences, history, row, suite


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- writing and reading ---------------------------------------------------------------------------------------------


def test_a_lock_is_read_back_and_holds() -> None:
    made = suite()
    path = write_lock(SET, made)
    lock = read_lock(path)
    assert path == SET / "golden.lock"
    assert lock is not None
    assert (lock.accepted.golden, lock.accepted.digest) == ("sms", made.digest)
    assert set(lock.accepted.cases) == {"c0", "c1", "c2"}
    assert compare(made, lock) == []
    assert read_lock(SET) == read_lock(SET / "golden.toml") == lock


def test_one_line_a_case_sorted_so_that_diffs_can_be_read() -> None:
    text = write_lock(SET, suite()).read_text("utf-8")
    cases = text[text.index('"cases"') : text.index('"code"')].splitlines()[1:-2]
    assert [line.split('"')[1] for line in cases] == ["c0", "c1", "c2"]
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_writing_twice_changes_nothing_and_leaves_nothing_else() -> None:
    before = write_lock(SET, suite()).read_bytes()
    assert write_lock(SET, suite()).read_bytes() == before
    assert sorted(path.name for path in SET.iterdir()) == ["cases.jsonl", "golden.lock", "golden.toml"]


def test_a_single_file_has_a_lock_of_its_own_name() -> None:
    path = Path("faq.golden.jsonl")
    path.write_text('{"id": "a", "input": "x", "expected": "x"}\n')
    assert write_lock(path, load_suite(path)) == Path("faq.golden.lock")
    path.write_text('{"id": "a", "input": "y", "expected": "x"}\n')
    [fault] = compare(load_suite(path), read_lock(path))
    assert (fault.path, fault.line) == ("faq.golden.jsonl", 1)
    assert fault.fix == "to accept the change: ftgate lock faq.golden.jsonl"


def test_paths_of_locks() -> None:
    SET.mkdir(parents=True)
    assert lock_path(SET) == lock_path(SET / "golden.toml") == lock_path(SET / "golden.lock") == SET / "golden.lock"
    assert lock_path(Path("a.golden.yaml")) == Path("a.golden.lock")


def test_no_lock_is_none_and_a_fault_that_names_the_command() -> None:
    made = suite()
    assert read_lock(SET) is None
    [fault] = compare(made, None)
    assert str(fault) == "goldens/sms/golden.lock: not found\n    create it: ftgate lock goldens/sms"


# --- the margin ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "delta"), [(1, 0.05), (199, 0.05), (200, 0.03)])
def test_the_first_margin_follows_the_size(n: int, delta: float) -> None:
    assert _delta(suite(n)) == delta


def test_the_first_margin_may_be_given_in_golden_toml() -> None:
    assert _delta(suite(toml=_with_delta())) == 0.02


def _with_delta() -> str:
    return TOML.replace("[[gate.floor]]", "[gate]\ndelta = 0.02\n[[gate.floor]]")


def test_a_margin_is_never_computed_again() -> None:
    assert _delta(suite(199)) == 0.05
    assert _delta(suite(300)) == 0.05
    assert _delta(suite(300, _with_delta())) == 0.05


def test_a_margin_can_be_set_on_purpose() -> None:
    assert _delta(suite(199)) == 0.05
    write_lock(SET, suite(199), delta=0.01)
    assert _delta(suite(300)) == 0.01


def _delta(made: Suite) -> float:
    write_lock(SET, made)
    lock = read_lock(SET)
    assert lock is not None
    return lock.delta


# --- what differs ----------------------------------------------------------------------------------------------------


def test_a_changed_case() -> None:
    assert differences(suite(), suite([row(0), row(1, expected="y"), row(2)])) == [
        f"goldens/sms/cases.jsonl:2: 1 case changed since golden.lock was written: c1 (line 2){ACCEPT}"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"input": "other"},
        {"graders": [{"kind": "contains"}]},
        {"must_pass": True},
        {"slices": {"lang": "en"}},
        {"cluster": "a"},
    ],
)
def test_whatever_the_gate_sees_of_a_case_is_locked(change: dict[str, Any]) -> None:
    [said] = differences(suite(), suite([row(0, **change), row(1), row(2)]))
    assert "1 case changed since golden.lock was written: c0 (line 1)" in said


def test_notes_and_order_are_free() -> None:
    assert differences(suite(), suite([row(2), row(0, notes="why"), row(1)])) == []


def test_added_and_removed_cases() -> None:
    assert differences(suite(), suite([row(0), row(2), row(3), row(4)])) == [
        f"goldens/sms/cases.jsonl:3: 2 cases added since golden.lock was written: c3 (line 3), c4 (line 4){ACCEPT}",
        f"goldens/sms/cases.jsonl: 1 case removed since golden.lock was written: c1{ACCEPT}",
    ]


def test_of_many_the_first_ten_are_named() -> None:
    [said] = differences(suite(2), suite(1502))
    assert "1,500 cases added" in said
    assert "c11 (line 12), and 1,490 more" in said
    assert "c12" not in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{ text }}", "SMS: {{ text }}", "goldens/sms/golden.toml:1: prompt changed since golden.lock was written"),
        ("[prompt]", "[request]\nmax_tokens = 1\n[prompt]", "goldens/sms/golden.toml:1: request changed since"),
        ("[prompt]", "[[grader]]\nkind = 'contains'\n[prompt]", "goldens/sms/golden.toml:1: graders changed since"),
        ("[prompt]", "[label]\nvalues = ['x', 'y']\n[prompt]", "goldens/sms/golden.toml:1: label changed since"),
        (
            "0.8",
            "0.7",
            "goldens/sms/golden.toml:3: the gate changed since golden.lock was written: floor accuracy min 0.8 -> 0.7\n",
        ),
        (
            "min = 0.8",
            "min = 0.8\nmax = 0.9",
            "goldens/sms/golden.toml:3: the gate changed since golden.lock was written: floor accuracy max none -> 0.9\n",
        ),
    ],
)
def test_changed_settings(old: str, new: str, said: str) -> None:
    [found] = differences(suite(), suite(toml=TOML.replace(old, new)))
    assert found.startswith(said)
    assert found.endswith(ACCEPT)


EDITED = "was edited by hand: it differs from what `ftgate lock` accepted"
SEAL = "in `history` does not fit its seal"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"delta": 0.05', '"delta": 0.99', EDITED),
        ('"golden": "sms"', '"golden": "other"', EDITED),
        ('"floor accuracy min": 0.8', '"floor accuracy min": 0.1', EDITED),
        ('"c1": "', '"c1": "0', EDITED),
        ("first lock: 3 cases", "first lock: 4 cases", SEAL),
        ('"at": "2', '"at": "1', SEAL),
        ('"accepted": "', '"accepted": "0', SEAL),
        ('"seal": "', '"seal": "0', SEAL),
    ],
)
def test_a_lock_edited_by_hand_is_refused_and_not_accepted_by_another_lock(old: str, new: str, said: str) -> None:
    path = write_lock(SET, suite())
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    for use in (lambda: read_lock(SET), lambda: write_lock(SET, suite()), lambda: write_lock(SET, suite(), 0.1)):
        with pytest.raises(LockError) as caught:
            use()
        [fault] = caught.value.faults
        assert (fault.path, fault.line) == ("goldens/sms/golden.lock", 0)
        assert said in fault.message
        assert fault.fix.startswith("restore it from version control")


def test_a_lock_of_another_golden_set() -> None:
    write_lock(SET, suite())
    [fault] = compare(suite([row(0)]), _lock_of(Path("goldens/other"), [row(0)]))
    assert (fault.path, fault.message) == ("goldens/sms/golden.lock", "belongs to another golden set or version")


def _lock_of(path: Path, rows: list[dict[str, Any]]) -> Lock | None:
    write_lock(path, load_suite(write_golden(path, rows, TOML)))
    return read_lock(path)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('"delta": 0.05,', '<<<<<<< HEAD\n "delta": 0.05,', 8, "is not valid JSON"),
        ('"delta": 0.05', '"delta": 3.0', 0, "`delta` a number between 0 and 1"),
        ('"delta": 0.05', '"detla": 0.05', 0, "expected the keys golden, digest, delta"),
        ('"history": [', '"history": ["x",', 0, "`history` must be a list of one entry or more"),
        ('"seal": "', '"seal": 1, "x": "', 0, "is not a valid lock"),
        ("{\n", "[\n", 2, "is not valid JSON"),
    ],
)
def test_a_broken_lock_is_told_not_raised_as_something_else(old: str, new: str, line: int, said: str) -> None:
    path = write_lock(SET, suite())
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(LockError, match=r"golden\.lock") as caught:
        read_lock(SET)
    [fault] = caught.value.faults
    assert (fault.path, fault.line) == ("goldens/sms/golden.lock", line)
    assert said in fault.message


def test_prices_belong_to_the_gate_and_streaming_decides_no_answer() -> None:
    prices = "[price]\ninput_per_million = 1\noutput_per_million = {}\n"
    assert differences(suite(), suite(toml=TOML + prices.format(2)))
    assert differences(suite(toml=TOML + prices.format(2)), suite(toml=TOML + prices.format(3)))
    assert differences(suite(), suite(toml=TOML + "[request]\nstream = true\n")) == []


# --- the history -----------------------------------------------------------------------------------------------------


def test_each_acceptance_adds_what_it_changes() -> None:
    write_lock(SET, suite())
    changed = [row(0), row(1, expected="y"), row(3, input="text 2"), row(4)]
    write_lock(SET, suite(changed, TOML.replace("0.8", "0.7")), 0.1)
    write_lock(SET, suite(changed[1:], TOML.replace("{{ text }}", "SMS: {{ text }}")))
    assert history() == [
        "first lock: 3 cases",
        "1 case changed: c1, 1 case renamed: c3, 1 case added: c4, floor accuracy min 0.8 -> 0.7, delta 0.05 -> 0.1",
        "1 case removed: c0, prompt changed, floor accuracy min 0.7 -> 0.8",
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[human]\n", "human verdicts 60 -> none"),
        ("[judge]\nmodel = 'm'\nbase_url = 'http://127.0.0.1:1/v1'\ncompare = true\n", "judge compare True -> none"),
        ("[price]\ninput_per_million = 1\noutput_per_million = 2.5\n", "price output_per_million 2.5 -> none"),
        ("[[gate.floor]]\nmetric = 'score'\nmin = 0.25\n", "floor score min 0.25 -> none"),
    ],
)
def test_whatever_loosens_the_gate_is_locked_and_named(more: str, said: str) -> None:
    [found] = differences(suite(toml=TOML + more), suite())
    assert said in found
    write_lock(SET, suite())
    assert said in history()[-1]


def test_a_set_without_a_gate_any_more() -> None:
    [found] = differences(suite(), suite(toml="[prompt]\ntemplate = '{{ text }}'\n"))
    assert "floor accuracy min 0.8 -> none, gate required -> none" in found


def test_the_entries_since_a_seal() -> None:
    write_lock(SET, suite())
    first = read_lock(SET)
    write_lock(SET, suite(4))
    lock = read_lock(SET)
    assert first is not None
    assert lock is not None
    assert [str(entry)[15:] for entry in lock.since(first.seal) or ()] == ["1 case added: c3"]
    assert lock.since(lock.seal) == ()
    assert lock.since("f" * 64) is None


# --- the code of python graders --------------------------------------------------------------------------------------
