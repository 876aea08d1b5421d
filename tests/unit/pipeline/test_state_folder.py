"""What is wrong with a state folder is said in one line, before anything was asked."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.seal import state_key
from pytest_ftgate.pipeline.state_folder import check_state


def test_a_new_folder_is_made_and_nothing_is_left_in_it(tmp_path):
    check_state(tmp_path / "state")
    check_state(tmp_path / "state")
    assert sorted(path.name for path in (tmp_path / "state").rglob("*")) == [".gitignore", "journal"]


def test_git_sees_nothing_of_a_folder_that_we_made(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    check_state(tmp_path / "state")
    state_key(tmp_path / "another")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/file").touch()
    check_state(tmp_path / "theirs")
    status = ["git", "-C", tmp_path, "status", "--porcelain", "-uall"]
    found = subprocess.run(status, check=True, capture_output=True, text=True).stdout
    assert found == "?? theirs/file\n"


ODD = {
    "a file": lambda path: path.write_text(""),
    "a named pipe": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
    "a link to nowhere, which does not exist": lambda path: path.symlink_to("nowhere"),
}
FILES = ["journal/s.jsonl", "audit.jsonl", "mlflow.db", "seal.key", "discordance/s.json"]
FOLDERS = ["", "journal", "running", "runs", "logs", "judge"]


@pytest.mark.parametrize("kind", sorted(set(ODD) - {"a file"}))
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_is_named(tmp_path, name, kind):
    path = tmp_path / "state" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ODD[kind](path)
    with pytest.raises(JournalError, match=f"{path}: is {kind}, expected a file; move or remove it; nothing was asked"):
        check_state(tmp_path / "state")


@pytest.mark.parametrize("kind", sorted(set(ODD) - {"a folder"}))
@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_no_folder_is_named(tmp_path, name, kind):
    path = tmp_path / "state" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ODD[kind](path)
    with pytest.raises(JournalError, match=f"{path}: is {kind}, expected a folder; .* --ftgate-state-dir"):
        check_state(tmp_path / "state")


def test_a_link_to_a_folder_is_a_folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    check_state(tmp_path / "state")
    assert (tmp_path / "elsewhere/journal").is_dir()


def test_a_limit_of_files_is_a_full_disk(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(JournalError, match="File too large: a run needs room for 1 MB"):
            check_state(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def mounted(path, options):
    """A small file system in memory."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


def can_mount() -> bool:
    try:
        with tempfile.TemporaryDirectory() as folder, mounted(Path(folder), "size=64k"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


if can_mount():  # only root may

    def test_a_disk_that_is_full_is_told(tmp_path):
        told = "No space left on device: a run needs room for 1 MB; nothing was asked"
        with mounted(tmp_path, "size=64k"), pytest.raises(JournalError, match=told):
            check_state(tmp_path)

    @pytest.mark.parametrize("name", ["", "journal"])
    def test_a_file_system_that_is_read_only_is_told(tmp_path, name):
        with (
            mounted(tmp_path / "state" / name, "ro"),
            pytest.raises(JournalError, match="Read-only file system; nothing was asked"),
        ):
            check_state(tmp_path / "state")
