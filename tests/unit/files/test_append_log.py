"""Whatever a kill leaves of a file: nothing whole is lost, nothing torn is read, and the next line is a line."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files import disk
from pytest_ftgate.files.append_log import AppendLog, objects, whole_lines

VALUES = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2), max_leaves=4)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), min_size=1, max_size=4)


def written(path, values):
    with AppendLog(path) as log:
        for value in values:
            log.append(value)
    return path.read_bytes()


@given(OBJECTS)
def test_cut_at_every_byte_nothing_whole_is_lost_and_nothing_torn_is_read(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("log") / "deep" / "log.jsonl"
    content = written(path, values)
    back = [json.loads(line) for line in content.splitlines()]
    ends = [place for place, byte in enumerate(content) if byte == ord("\n")]
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        whole = back[: sum(end <= size for end in ends)]
        assert list(objects(path)) == whole
        written(path, [{"next": size}])
        assert list(objects(path)) == [*whole, {"next": size}]
        assert path.read_bytes().endswith(b"\n")


@pytest.mark.parametrize("length", [1, (1 << 16) - 1, 1 << 16, 1 << 18])
def test_a_torn_line_of_any_length_is_removed(tmp_path, length):
    path = tmp_path / "log.jsonl"
    content = written(path, [{"a": 1}])
    path.write_bytes(content + b'"' * length)
    assert list(objects(path)) == [{"a": 1}]
    written(path, [{"b": 2}])
    assert list(objects(path)) == [{"a": 1}, {"b": 2}]


def test_no_file_has_no_lines_and_reading_makes_none(tmp_path):
    assert list(objects(tmp_path / "none")) == list(whole_lines(tmp_path / "none")) == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("line", ["[1]", "rubbish", "\x00"])
def test_a_whole_line_that_is_no_object_is_named(tmp_path, line):
    (tmp_path / "log").write_text('{"a": 1}\n\n' + line + '\n{"b": 2}\n')
    with pytest.raises(JournalError, match=r"log:3: not a decision .*; remove this line"):
        list(objects(tmp_path / "log", "decision"))


def test_text_is_kept_readable_and_half_a_surrogate_pair_survives(tmp_path):
    content = written(tmp_path / "log", [{"text": "größer\u2028\ud800"}])
    assert "größer" in content.decode()
    assert list(objects(tmp_path / "log")) == [{"text": "größer\u2028\ud800"}]


def test_alone_means_that_no_other_writes_until_it_is_closed(tmp_path):
    path = tmp_path / "log"
    log = AppendLog(path, alone=" is taken").open()
    with pytest.raises(JournalError, match="log is taken"):
        AppendLog(path, alone=" is taken").append({})
    log.close()
    AppendLog(path, alone=" is taken").open().close()


def test_threads_may_append_at_the_same_time(tmp_path):
    with AppendLog(tmp_path / "log") as log:
        threads = [
            threading.Thread(target=lambda name=name: [log.append({name: n}) for n in range(200)]) for name in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = list(objects(tmp_path / "log"))
    assert [line["a"] for line in found if "a" in line] == [line["b"] for line in found if "b" in line]
    assert len(found) == 400


@pytest.mark.parametrize("sync", [False, True])
def test_a_line_is_on_the_disk_if_that_is_asked_for(tmp_path, monkeypatch, sync):
    synced = []
    monkeypatch.setattr(disk.os, "fsync", synced.append)
    with AppendLog(tmp_path / "log", sync=sync) as log:
        log.append({})
        assert len(synced) == (2 if sync else 0)  # the folder's, as the file is new, and the line's
        log.flush()
        assert len(synced) == (3 if sync else 1)


def test_a_write_that_the_disk_takes_in_parts_is_whole(tmp_path, monkeypatch):
    log = AppendLog(tmp_path / "log")
    write = os.write
    monkeypatch.setattr(disk.os, "write", lambda file, data: write(file, data[:3]))
    log.append({"a": "longer than three bytes"})
    log.append({"b": 2})
    assert list(objects(log.path)) == [{"a": "longer than three bytes"}, {"b": 2}]


def test_a_full_disk_is_told_and_costs_no_whole_line(tmp_path):
    """The line that reached the limit of the file's size in its middle is gone; the others go on when there is room."""
    log = AppendLog(tmp_path / "log")
    log.append({"a": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.path.stat().st_size + 4, hard))
    try:
        with pytest.raises(JournalError, match=r"log: cannot be written: File too large"):
            log.append({"b": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert log.path.read_bytes() == b'{"a":1}\n'
    log.append({"c": 3})
    assert list(objects(log.path)) == [{"a": 1}, {"c": 3}]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"log: cannot be written: "):
        AppendLog(tmp_path / "file" / "log").append({})


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_file_is_named_and_waits_for_nothing(tmp_path, kind):
    path = tmp_path / "log"
    make = {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "link": lambda: path.symlink_to("nowhere")}
    make[kind]()
    found = {"folder": "is a folder", "pipe": "is a named pipe", "link": "is a link to nowhere, which does not exist"}
    with pytest.raises(
        JournalError, match=f"log: cannot be written: {found[kind]}, expected a file; move or remove it"
    ):
        AppendLog(path).append({})
    with pytest.raises(JournalError, match=f"log: cannot be read: {found[kind]}"):
        list(whole_lines(path))


def test_a_file_that_is_removed_or_replaced_meanwhile_gets_the_next_line(tmp_path):
    log = AppendLog(tmp_path / "log")
    log.append({"a": 1})
    log.path.unlink()
    log.append({"b": 2})
    (tmp_path / "edited").write_text('{"kept":0}\n')
    (tmp_path / "edited").replace(log.path)
    log.append({"c": 3})
    assert list(objects(log.path)) == [{"kept": 0}, {"c": 3}]


def test_without_locks_nothing_is_cut_off(tmp_path, monkeypatch):
    """A file system that has none: a line that another may be writing is ended, never removed."""
    monkeypatch.setattr(fcntl, "flock", refused)
    (tmp_path / "log").write_text('{"half": ')
    AppendLog(tmp_path / "log").append({"b": 2})
    assert (tmp_path / "log").read_text() == '{"half": \n{"b":2}\n'


def refused(*_):
    raise OSError(errno.ENOTSUP, "not supported")


WRITER = (
    "import sys, itertools, random\nfrom pathlib import Path\n"
    "from pytest_ftgate.files.append_log import AppendLog\n"
    "name, size, again = sys.argv[2], int(sys.argv[3]), sys.argv[4] == 'again'\n"
    "log = AppendLog(Path(sys.argv[1]))\n"
    "for i in itertools.count():\n"
    "    log.append({'i': f'{name}{i}', 'x': 'x' * size})\n"
    "    print(f'{name}{i}', flush=True)\n"
    "    if again: log.close()\n"
)
"""Says of each line, once it is written, that it is; with `again` the file is opened anew for each."""


def test_of_many_processes_that_write_and_are_killed_no_line_is_lost(tmp_path):
    path, told = tmp_path / "log", []
    for round_ in range(3):
        command = [sys.executable, "-c", WRITER, str(path)]
        kinds = [("300", "keep"), ("10", "again"), ("200000", "keep"), ("9000", "again")]
        writers = [
            subprocess.Popen([*command, f"{round_}{name}", *kind], stdout=subprocess.PIPE, text=True)
            for name, kind in zip("abcd", kinds, strict=True)
        ]
        for writer in writers:
            told += [next(writer.stdout).strip() for _ in range(50)]
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for writer in writers:
            told += [line.strip() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
            writer.wait()
            writer.stdout.close()
    AppendLog(path).append({"i": "last"})
    assert {line["i"] for line in objects(path)} >= {*told, "last"}  # `objects` raises for a line that was cut


def test_a_process_killed_while_it_writes_loses_nothing_that_it_was_told_is_written(tmp_path):
    code = (
        "import sys, itertools\nfrom pathlib import Path\nfrom pytest_ftgate.files.append_log import AppendLog\n"
        "log = AppendLog(Path(sys.argv[1]))\n"
        "for i in itertools.count():\n    log.append({'i': i, 'x': 'x' * 500}); print(i, flush=True)\n"
    )
    path = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        next(line for line in writer.stdout if int(line) >= 200)
        writer.send_signal(signal.SIGKILL)
        told = max([200, *map(int, writer.stdout.read().split())])
    assert [line["i"] for line in objects(path)][: told + 1] == list(range(told + 1))
