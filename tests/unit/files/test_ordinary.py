"""What stands at a path, told without opening it."""

from __future__ import annotations

import os
import socket

import pytest

from pytest_ftgate.files.ordinary import is_file, is_folder


def test_files_folders_nothing_and_links_to_them(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "to-folder").symlink_to(tmp_path)
    assert is_file(tmp_path / "file")
    assert is_file(tmp_path / "link")
    assert is_folder(tmp_path / "to-folder")
    assert not is_file(tmp_path / "none")
    assert not is_folder(tmp_path / "none")


@pytest.mark.parametrize("kind", ["a named pipe", "a device", "a socket", "a folder", "a link to none, which"])
def test_anything_else_is_named(tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as bound:
        {
            "a named pipe": lambda: os.mkfifo(path),
            "a device": lambda: path.symlink_to("/dev/null"),
            "a socket": lambda: bound.bind("x"),
            "a folder": path.mkdir,
            "a link to none, which": lambda: path.symlink_to("none"),
        }[kind]()
        with pytest.raises(OSError, match=f"is {kind}.*, expected a file; move or remove it"):
            is_file(path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(OSError, match="is a file, expected a folder"):
        is_folder(tmp_path / "x")
