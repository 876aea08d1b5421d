"""A lock is held until it is given back, or its holder is gone."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys

import pytest

from pytest_ftgate.files.file_lock import lock, lock_if_free, unlock


def test_a_lock_is_free_again_when_it_is_given_back_or_its_holder_was_killed(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    code = (
        "import sys\nfrom pytest_ftgate.files.file_lock import lock\n"
        "file = open(sys.argv[1])\nprint(lock(file.fileno()), flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder,
        path.open() as own,
    ):
        assert holder.stdout.readline() == "True\n"
        assert not lock_if_free(own.fileno())
        holder.kill()
        assert lock(own.fileno())
        with path.open() as other:
            assert not lock_if_free(other.fileno())
            unlock(own.fileno())
            assert lock_if_free(other.fileno())


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(fcntl, "flock", refused)
    with (tmp_path / "lock").open("w") as file:
        assert not lock(file.fileno())
        with pytest.raises(OSError, match="not supported"):
            lock_if_free(file.fileno())
