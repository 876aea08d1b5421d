"""Decisions, their journal, and the terminal: from a pipe, and from a real terminal (pty)."""

from __future__ import annotations

import io
import json
import os
import pty
import threading

import pytest

from pytest_ftgate.annotation.decision_log import DecisionLog
from pytest_ftgate.annotation.item import Choice, Item, ReviewError, Task
from pytest_ftgate.annotation.review_queue import ReviewQueue
from pytest_ftgate.cli.review.terminal import run_terminal
from pytest_ftgate.errors import JournalError
from tests.unit.annotation.review_work import TASK, items


@pytest.fixture
def work(tmp_path, monkeypatch):
    """work("keys") -> what was printed, values by item; every call is a new session on the same journal."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)

    def session(keys: str, number: int = 3):
        told: list[str] = []
        with DecisionLog(tmp_path / "book.jsonl") as decision_log:
            queue = ReviewQueue(TASK, items(number), decision_log, "ann")
            run_terminal(queue, io.StringIO(keys), told.append)
            return "\n".join(told), {made.item: (made.value, made.text) for made in queue.decisions.values()}

    return session


def test_each_key_decides_one_item_and_all_are_told_as_done(work):
    told, made = work("a\nr\na\n")
    assert made == {"i0": ("accepted", None), "i1": ("rejected", None), "i2": ("accepted", None)}
    assert "all 3 done" in told
    assert told.index("what is 0?") < told.index("it is 0") < told.index("what is 1?")


def test_a_session_goes_on_where_the_last_one_stopped(work):
    told, made = work("a\nq\n")
    assert made == {"i0": ("accepted", None)}
    assert "stopped at 1 of 3" in told
    told, made = work("r\n")
    assert "what is 0?" not in told
    assert "1 of 3 done" in told
    assert made == {"i0": ("accepted", None), "i1": ("rejected", None)}


def test_undo_takes_back_the_last_decision_also_of_an_earlier_session(work):
    assert work("a\nr\nu\na\nq\n")[1] == {"i0": ("accepted", None), "i1": ("accepted", None)}
    assert work("u\nu\nr\n")[1] == {"i0": ("rejected", None)}
    told, made = work("u\nu\nq\n")
    assert made == {}
    assert "nothing to undo" in told


def test_an_edit_is_checked_and_a_bad_one_is_not_taken(work):
    told, made = work('e\nnot json\n.\ne\n{"n":\n7}\n.\n')
    assert "invalid: that is no JSON" in told
    assert made == {"i0": ("edited", '{"n":\n7}')}


def test_a_wrong_key_decides_nothing(work):
    told, made = work("x\n?\n")
    assert made == {}
    assert "unknown key 'x'" in told


def test_the_journal_says_who_and_when_and_keeps_what_was_undone(work, tmp_path):
    work("a\nu\n")
    lines = [json.loads(line) for line in (tmp_path / "book.jsonl").read_text().splitlines()]
    assert [(line["item"], line.get("choice"), line.get("undo")) for line in lines] == [
        ("i0", "accepted", None),
        ("i0", None, True),
    ]
    assert all(line["by"] == "ann" and line["at"].endswith("+00:00") for line in lines)


def test_a_line_torn_by_a_crash_costs_only_itself(work, tmp_path):
    work("a\nr\n")
    file = tmp_path / "book.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    assert work("q\n")[1] == {"i0": ("accepted", None)}
    assert work("a\n")[1] == {"i0": ("accepted", None), "i1": ("accepted", None)}
    file.write_text("[1]\n")
    with pytest.raises(JournalError, match=r"book\.jsonl:1: not a decision"):
        work("a\n")


def test_two_sessions_on_one_journal_are_refused(tmp_path):
    with (
        DecisionLog(tmp_path / "b.jsonl"),
        pytest.raises(JournalError, match="open in another"),
        DecisionLog(tmp_path / "b.jsonl"),
    ):
        pass
    with DecisionLog(tmp_path / "b.jsonl"):
        pass


def test_only_the_current_item_can_be_decided(tmp_path):
    with DecisionLog(tmp_path / "b.jsonl") as decision_log:
        queue = ReviewQueue(TASK, items(), decision_log)
        with pytest.raises(ReviewError, match="already decided"):
            queue.decide("i1", "accepted")
        with pytest.raises(ReviewError, match="not a choice; allowed: accepted, edited, rejected"):
            queue.decide("i0", "great")
        assert not decision_log.records


def test_keys_of_a_task_are_its_own():
    with pytest.raises(ValueError, match="letter of its own"):
        Task("t", "q", (Choice("q", "x", "x"),))


def test_in_a_terminal_one_key_is_enough_and_an_arrow_key_accepts_nothing(tmp_path):
    mine, theirs = pty.openpty()
    os.write(mine, b"\x1b[A")
    told: list[str] = []
    with DecisionLog(tmp_path / "b.jsonl") as decision_log, os.fdopen(theirs, "r") as source:
        queue = ReviewQueue(TASK, items(), decision_log)

        def say(line: str) -> None:
            told.append(line)
            if "unknown key" in line:
                os.write(mine, b"arq")

        worker = threading.Thread(target=run_terminal, args=(queue, source, say))
        worker.start()
        worker.join(20)
        assert not worker.is_alive()
        assert [made.value for made in queue.decisions.values()] == ["accepted", "rejected"]
    os.close(mine)


def test_in_a_terminal_an_editor_changes_the_draft(tmp_path, monkeypatch):
    monkeypatch.setenv("VISUAL", "sed -i s/0/8/")
    mine, theirs = pty.openpty()
    os.write(mine, b"eq")
    with DecisionLog(tmp_path / "b.jsonl") as decision_log, os.fdopen(theirs, "r") as source:
        queue = ReviewQueue(TASK, items(), decision_log)
        run_terminal(queue, source, lambda line: None)
        assert [made.text for made in queue.decisions.values()] == ['{"n": 8}']
    os.close(mine)


def test_an_item_that_is_gone_is_not_counted(tmp_path):
    with DecisionLog(tmp_path / "b.jsonl") as decision_log:
        queue = ReviewQueue(TASK, items(), decision_log)
        queue.decide("i0", "accepted")
        assert ReviewQueue(TASK, [Item("new", ())], decision_log).done == 0
