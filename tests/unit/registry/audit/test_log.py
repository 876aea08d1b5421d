"""The chain: what is appended stays, and whatever is done to a line is found and named."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from pytest_ftgate.errors import AuditError
from pytest_ftgate.registry.audit import AuditLog, Head, record
from pytest_ftgate.registry.audit import log as log_module
from pytest_ftgate.registry.audit.check import check_heads, check_lines
from pytest_ftgate.registry.audit.entry import read_entry, sha256_of
from tests.unit.kills import Fuse, in_a_child, light_disk


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """Six lines."""
    for number in range(1, 7):
        record(tmp_path, "promote", "spam", {"version": number, "reason": "größer\nbesser"})
    return AuditLog(tmp_path / "audit.jsonl")


def findings(log: AuditLog) -> list[str]:
    return [str(found) for found in check_lines(*log.lines())]


def rewrite(log: AuditLog, lines: list[bytes]) -> None:
    log.path.write_bytes(b"".join(line + b"\n" for line in lines))


def test_lines_say_who_when_what_and_are_chained(log):
    lines, torn = log.lines()
    entries = [json.loads(line) for line in lines]
    assert not torn
    assert [entry["line"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert entries[0]["prev"] == "0" * 64
    assert [entry["prev"] for entry in entries[1:]] == [sha256_of(line) for line in lines[:-1]]
    assert entries[2]["at"].endswith("Z")
    assert "@" in entries[2]["by"]
    assert entries[2]["what"] == {"reason": "größer\nbesser", "version": 3}
    assert len({entry["log"] for entry in entries}) == 1
    assert findings(log) == []


@pytest.mark.parametrize("number", range(1, 7))
def test_an_edited_line_is_named(log, number):
    lines, _ = log.lines()
    lines[number - 1] = lines[number - 1].replace(b"besser", b"Besser")
    rewrite(log, lines)
    assert findings(log) == [f"line {number}: was edited: sha256 mismatch"]


@pytest.mark.parametrize("number", range(1, 6))
def test_an_edited_line_with_a_new_sha256_is_named(log, number):
    lines, _ = log.lines()
    entry = read_entry(lines[number - 1].replace(b"besser", b"Besser"))
    lines[number - 1] = entry.sealed().to_bytes()
    rewrite(log, lines)
    assert findings(log) == [f"line {number}: was edited: line {number + 1} follows a different line {number}"]


@pytest.mark.parametrize("number", range(1, 7))
def test_a_line_that_is_no_entry_is_named(log, number):
    lines, _ = log.lines()
    lines[number - 1] = b'{"kind": "promote"}'
    rewrite(log, lines)
    assert findings(log) == [f"line {number}: was edited: not a valid entry"]


@pytest.mark.parametrize("number", range(1, 6))
def test_a_removed_line_is_named(log, number):
    lines, _ = log.lines()
    del lines[number - 1]
    rewrite(log, lines)
    assert findings(log) == [f"line {number}: was removed: gap in the line numbers"]


@pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 5), (5, 6)])
def test_lines_that_changed_places_are_named(log, a, b):
    lines, _ = log.lines()
    lines[a - 1], lines[b - 1] = lines[b - 1], lines[a - 1]
    rewrite(log, lines)
    assert findings(log) == [
        f"line {a}: was moved here from line {b}",
        f"line {b}: was moved here from line {a}",
    ]


def test_a_line_that_was_put_in_twice_is_named(log):
    lines, _ = log.lines()
    rewrite(log, [*lines[:3], lines[2], *lines[3:]])
    assert "line 3: occurs 2 times" in findings(log)


def test_blanks_and_key_order_are_edits_too(log):
    lines, _ = log.lines()
    lines[1] = json.dumps(json.loads(lines[1])).encode()
    rewrite(log, lines)
    assert findings(log) == ["line 2: was edited: sha256 mismatch"]


def test_every_single_byte_counts(log):
    lines, _ = log.lines()
    for place in range(len(lines[3])):
        changed = bytearray(lines[3])
        changed[place] ^= 1
        found = check_lines([*lines[:3], bytes(changed), *lines[4:]], torn=False)
        assert found, place
        assert {each.line for each in found} & {4, 5}, (place, found)


def head_of(log: AuditLog, number: int, place: str = "here") -> Head:
    lines, _ = log.lines()
    entry = read_entry(lines[number - 1])
    return Head(entry.log, number, sha256_of(lines[number - 1]), place, "spam v4")


def test_lines_removed_from_the_end_are_seen_by_the_head(log):
    lines, _ = log.lines()
    head = head_of(log, 6)
    assert check_heads(lines, [head], "here") == []
    rewrite(log, lines[:4])
    assert findings(log) == []
    [found] = check_heads(log.lines()[0], [head], "here")
    assert str(found) == "line 5: was removed, as were all lines after 4: spam v4 was registered with line 6"


def test_a_log_that_was_made_anew_is_seen_by_the_head(log):
    head = head_of(log, 4)
    lines, _ = log.lines()
    forged = [read_entry(line) for line in lines]
    log.path.unlink()
    for entry in forged:
        log.append(entry.kind, entry.task, {"version": 9})
    made = log.lines()[0]
    assert check_lines(made, torn=False) == []
    assert "was replaced: not the log" in str(check_heads(made, [head], "here")[0])
    assert check_heads(made, [head], "elsewhere") == [], "the log of another machine"
    assert "was registered with a different line 4" in str(
        check_heads(made, [Head(read_entry(made[0]).log, 4, head.sha256, "here", "spam v4")], "here")[0]
    )
    assert check_heads([], [head], "here")[0].grave


@pytest.mark.parametrize("keep", [1, 30, -1])
def test_a_torn_last_line_is_told_and_the_next_writer_records_it(log, keep):
    content = log.path.read_bytes()
    last = content.rstrip(b"\n").rpartition(b"\n")[2]
    log.path.write_bytes(content[: -len(last) - 1] + last[:keep])
    [note] = check_lines(*log.lines())
    assert (note.line, note.grave) == (6, False)
    log.append("rollback", "spam", {"version": 1})
    kinds = [entry.kind if (entry := read_entry(line)) else None for line in log.lines()[0]]
    assert kinds == ["promote"] * 5 + [None, "repair", "rollback"]
    assert [found.grave for found in check_lines(*log.lines())] == [False]


def test_a_line_that_only_lost_its_end_is_kept(log):
    log.path.write_bytes(log.path.read_bytes().rstrip(b"\n"))
    assert check_lines(*log.lines()) == []
    log.append("rollback", "spam", {})
    assert findings(log) == []
    assert len(log.lines()[0]) == 7


def test_a_repair_that_is_torn_itself_covers_both(log, monkeypatch):
    log.path.write_bytes(log.path.read_bytes() + b'{"at":')
    monkeypatch.setattr(log_module, "_write", lambda file, data: os.write(file, data[:20]))
    log.append("alarm", "spam", {})
    monkeypatch.undo()
    log.append("alarm", "spam", {})
    assert [(found.line, found.grave) for found in check_lines(*log.lines())] == [(7, False), (8, False)]


def test_a_writer_killed_at_any_step_leaves_a_log_that_goes_on(tmp_path):
    def write(state: Path, fuse: Fuse) -> None:
        light_disk(fuse)
        record(state, "promote", "spam", {"version": 2})

    assert in_a_child(lambda: write(tmp_path / "whole", Fuse(7)))() == 0, "six steps, two of them of the folder"
    for k in range(1, 7):
        state = tmp_path / str(k)
        assert in_a_child(lambda state=state, k=k: write(state, Fuse(k)))() == signal.SIGKILL
        record(state, "rollback", "spam", {"version": 1})
        lines, torn = AuditLog(state / "audit.jsonl").lines()
        assert not torn
        assert not [found for found in check_lines(lines, torn) if found.grave], k


def test_threads_and_processes_take_turns(tmp_path):
    def write(name: str) -> None:
        for number in range(10):
            record(tmp_path, "alarm", name, {"number": number})

    children = [in_a_child(lambda name=name: write(name)) for name in "ab"]
    threads = [threading.Thread(target=write, args=(name,)) for name in "cd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [wait() for wait in children] == [0, 0]
    log = AuditLog(tmp_path / "audit.jsonl")
    assert len(log.lines()[0]) == 40
    assert findings(log) == []


def test_an_unknown_kind_and_a_folder_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(AuditError, match="found kind 'deed', allowed: promote, override"):
        record(tmp_path, "deed", "spam", {})
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match=r"audit\.jsonl: cannot write the audit log"):
        record(tmp_path / "file", "data", "spam", {})


def test_a_named_pipe_in_its_place_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "audit.jsonl")
    with pytest.raises(AuditError, match=r"audit\.jsonl: cannot write the audit log: is a named pipe, expected a file"):
        record(tmp_path, "data", "spam", {})
