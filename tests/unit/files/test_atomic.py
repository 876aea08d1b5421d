"""A file is replaced whole or not at all, and what was written is on the disk before its name points to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_ftgate.files import disk
from pytest_ftgate.files.atomic import replacing, replacing_bytes, write_text


def test_text_is_written_as_it_is_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "deep" / "file.json"
    assert write_text(path, "größer\n") == path
    write_text(path, "one\ntwo")
    assert path.read_bytes() == b"one\ntwo"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("opened", "data"), [(replacing, "new"), (replacing_bytes, b"new")])
def test_an_error_leaves_what_was_there(tmp_path, opened, data):
    path = tmp_path / "file"
    path.write_text("old")

    def broken() -> None:
        with opened(path) as stream:
            stream.write(data)
            raise KeyError("midway")

    with pytest.raises(KeyError):
        broken()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_who_may_read_it_stays_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o444)
    (tmp_path / "link").symlink_to(path)
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").lstat().st_mode & 0o200, "a read-only cache gives no read-only file"


def test_a_link_is_replaced_and_never_written_through(tmp_path):
    (tmp_path / "cache").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "cache")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "cache").read_text() == "kept"
    assert (tmp_path / "link").read_text() == "new"


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_it_returns(tmp_path, monkeypatch):
    steps, rename = [], Path.replace
    monkeypatch.setattr(disk.os, "fsync", lambda file: steps.append(Path(f"/proc/self/fd/{file}").readlink().name))
    monkeypatch.setattr(Path, "replace", lambda self, to: steps.append("rename") or rename(self, to))
    write_text(tmp_path / "file", "text")
    assert steps == [f".file.{os.getpid()}", "rename", tmp_path.name]


@pytest.mark.parametrize("opened", [replacing, replacing_bytes])
def test_what_is_no_file_is_never_replaced(tmp_path, opened):
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path, kind in ((pipe, "a named pipe"), (folder, "a folder")):
        with pytest.raises(OSError, match=f"is {kind}, expected a file"), opened(path):
            pass
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [folder, pipe]
