"""Who uses a state folder: seen while they live, and no longer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.running import RunLock

OTHER = (
    "import sys\nfrom pathlib import Path\nfrom pytest_ftgate.pipeline.running import RunLock\n"
    "found = RunLock(Path(sys.argv[1])).take(sys.argv[2].split(), sys.argv[3])\n"
    "print(len(found), flush=True)\nsys.stdin.read()"
)


class Another:
    """A process that uses the folder until it is killed."""

    def __init__(self, state, trains="", group=""):
        command = [sys.executable, "-c", OTHER, str(state), trains, group]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.saw = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def test_others_are_named_while_they_live(tmp_path):
    with Another(tmp_path, "spam") as other:
        mine = RunLock(tmp_path)
        [found] = mine.take()
        assert (found.pid, found.host, found.trains) == (other.process.pid, socket.gethostname(), ("spam",))
        assert f"pid {other.process.pid} on " in str(found)
        with Another(tmp_path) as third:
            assert third.saw == 2
        mine.release()
        mine.release()
    assert RunLock(tmp_path).take() == []
    assert [path.name for path in (tmp_path / "running").iterdir() if not path.name.startswith(f"{os.getpid()}-")] == [
        "lock"
    ]


def test_two_do_not_train_one_pipeline(tmp_path):
    with Another(tmp_path, "mail spam"):
        with pytest.raises(FtgateError, match=r"--train: spam is being trained by another run .*pid \d+ on .*since 20"):
            RunLock(tmp_path).take(["spam"])
        assert len(RunLock(tmp_path).take(["other"])) == 1
    RunLock(tmp_path).take(["spam"])


def test_workers_of_one_run_are_one(tmp_path):
    with Another(tmp_path, group="run-1"):
        mine = RunLock(tmp_path)
        assert mine.take(group="run-1") == []
        mine.release()
        assert len(RunLock(tmp_path).take(group="run-2")) == 1


def test_what_cannot_be_read_is_another_run_all_the_same(tmp_path):
    with Another(tmp_path):
        [path] = (tmp_path / "running").glob("*.json")
        path.write_text("rubbish")
        assert str(RunLock(tmp_path).take()[0]) == "pid 0 on unknown, since unknown"
