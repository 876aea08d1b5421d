"""Process groups: whatever happens, nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from traceback import TracebackException

import psutil
import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.servers.process import ProcessGroup, log_tail
from tests.repository import ROOT

STUBBORN = "trap '' TERM; echo here; sleep 600 & sleep 600 & wait; wait"


def members(group: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def wait_for(condition, limit_s: float = 120.0) -> bool:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_stop_ends_the_whole_group(tmp_path):
    group = ProcessGroup(["sh", "-c", "sleep 600 & sleep 600; true"], tmp_path / "log", os.environ)
    assert wait_for(lambda: len(members(group.pid)) == 4)
    group.stop()
    assert members(group.pid) == []
    group.stop()


@pytest.mark.parametrize("stopped", [False, True])
def test_what_does_not_hear_sigterm_is_killed(tmp_path, stopped):
    """Because it ignores it, or because it was stopped and does nothing at all; each would sleep for ten minutes."""
    group = ProcessGroup(["sh", "-c", STUBBORN], tmp_path / "log", os.environ, grace_s=0.3)
    assert wait_for(lambda: "here" in group.log_tail())
    if stopped:
        os.killpg(group.pid, signal.SIGSTOP)
    begin = time.monotonic()
    group.stop()
    assert members(group.pid) == []
    assert time.monotonic() - begin < 300


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_exit_code_is_the_commands(tmp_path, command, code):
    group = ProcessGroup(["sh", "-c", command], tmp_path / "log", os.environ)
    assert wait_for(lambda: group.exit_code() is not None)
    assert group.exit_code() == code
    group.stop()


def test_children_of_a_dead_command_are_ended(tmp_path):
    group = ProcessGroup(["sh", "-c", "sleep 600 & exit 1"], tmp_path / "log", os.environ)
    assert wait_for(lambda: group.exit_code() == 1)
    assert wait_for(lambda: members(group.pid) == [])
    group.stop()


def test_the_error_has_the_last_lines_and_the_fix(tmp_path):
    group = ProcessGroup(["sh", "-c", "seq 1 100; echo bad >&2; exit 2"], tmp_path / "log", os.environ)
    wait_for(lambda: group.exit_code() is not None)
    text = str(group.error("it ended", "do this"))
    assert text.splitlines()[0] == "it ended"
    assert "    100\n    bad\ndo this" in text
    assert "    50\n" not in text
    group.stop()


@pytest.mark.parametrize("command", ["sleep 600 & sleep 600", STUBBORN], ids=["willing", "stubborn"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_its_parent(tmp_path, command, number):
    """However the process that started the group dies."""
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom pytest_ftgate.serve.servers.process import ProcessGroup\n"
        "group = ProcessGroup(['sh', '-c', sys.argv[1]], Path(sys.argv[2]), os.environ, grace_s=0.3)\n"
        "print(group.pid, flush=True)\ntime.sleep(600)\n"
    )
    argv = [sys.executable, "-c", code, command, str(tmp_path / "log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        group = int(parent.stdout.readline())
        assert wait_for(lambda: len(members(group)) >= 3)
        parent.send_signal(number)
    assert wait_for(lambda: members(group) == [])


def test_a_process_that_cannot_be_started_shows_no_environment(tmp_path, monkeypatch):
    """The traceback of `subprocess` holds every variable, as bytes."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(ServeError, match="cannot start true: No such file") as caught:
        ProcessGroup(["true"], tmp_path / "log", {})
    assert "subprocess.py" not in "".join(TracebackException.from_exception(caught.value).format())


def test_the_last_lines_of_a_log_steer_nothing_and_hold_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_canary0123456789")
    log = tmp_path / "log"
    log.write_text("\x1b[2Jcleared\n::error::hacked\nloading with hf_canary0123456789\n")
    assert log_tail(log, 5) == "    \\x1b[2Jcleared\n    \\x3a:error::hacked\n    loading with ***"
