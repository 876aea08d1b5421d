"""events.jsonl and checkpoints survive a kill in the middle of a write."""

from __future__ import annotations

import pytest

from pytest_ftgate.train.checkpoints import mark_whole, newest_whole, step_of, train_seconds, unmark
from pytest_ftgate.train.events import EventLog, EventTail, read_events, step_curves


def test_what_is_logged_is_read_while_it_grows(tmp_path):
    log, tail = EventLog(tmp_path / "e.jsonl"), EventTail(tmp_path / "e.jsonl")
    assert list(tail.new()) == []
    log("step", step=1, loss=0.5)
    log("done", text="ü")
    assert [e["event"] for e in tail.new()] == ["step", "done"]
    assert list(tail.new()) == []
    assert len(read_events(tmp_path / "e.jsonl")) == 2


def test_a_line_in_the_making_is_left_for_later(tmp_path):
    path = tmp_path / "e.jsonl"
    tail = EventTail(path)
    path.write_text('{"event": "a"}\n{"eve')
    assert [e["event"] for e in tail.new()] == ["a"]
    with path.open("a") as stream:
        stream.write('nt": "b"}\n')
    assert [e["event"] for e in tail.new()] == ["b"]


def test_a_line_torn_by_a_kill_is_cut_off_and_old_events_are_not_told_again(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text('{"event": "old"}\n{"event": "to')
    tail = EventTail(path)
    EventLog(path)("new")
    assert [e["event"] for e in read_events(path)] == ["old", "new"]
    assert [e["event"] for e in tail.new()] == ["new"]


def test_what_a_power_cut_has_damaged_is_left_out(tmp_path):
    path = tmp_path / "events.jsonl"
    log, tail = EventLog(path), EventTail(path)
    log("step", step=1)
    with path.open("ab") as stream:
        stream.write(b"\0" * 400 + b"\n[1]\n{}\n" + b"[" * 100_000 + b"\n\xff\n")
    log("step", step=2)
    assert [event["step"] for event in tail.new()] == [1, 2]
    assert [event["step"] for event in read_events(path)] == [1, 2]


def test_of_a_step_done_twice_the_last_counts():
    steps = [{"event": "step", "step": s, "loss": v, "learning_rate": 0.1} for s, v in ((1, 0.9), (2, 0.8), (2, 0.7))]
    curves = step_curves(steps)
    assert curves["loss"] == [(1, 0.9), (2, 0.7)]
    assert curves["grad_norm"] == []


def test_the_newest_whole_checkpoint_is_taken_and_a_torn_one_removed(tmp_path):
    for step in (5, 9, 10, 12):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step, seconds in ((5, 1.0), (9, 2.0), (10, 3.0)):
        mark_whole(tmp_path / f"checkpoint-{step}", seconds)
    unmark(tmp_path / "checkpoint-10")
    newest = newest_whole(tmp_path)
    assert newest is not None
    assert (step_of(newest), train_seconds(newest)) == (9, pytest.approx(2.0))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-5", "checkpoint-9"]
    assert newest_whole(tmp_path / "nothing") is None
