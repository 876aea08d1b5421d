"""Servers that share a state folder."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_ftgate.pipeline.production.log_folder import KEPT, own_folder


def ended(logs: Path, label: str) -> Path:
    """The folder of a server that was killed, with a log and a copy of an adapter."""
    folder = own_folder(logs, label)
    (folder.path / "adapter-x").mkdir()
    (folder.path / "vllm-0.log").write_text("why")
    folder.release()
    return folder.path


def test_what_another_server_uses_is_not_touched_what_a_killed_one_left_is_cleared(tmp_path):
    running = own_folder(tmp_path, "serve-spam-here-1")
    copy = running.path / "adapter-used"
    copy.mkdir()
    killed = ended(tmp_path, "serve-spam-here-2")
    beside = own_folder(tmp_path, "serve-spam-here-1")
    assert beside.path != running.path
    assert copy.is_dir()
    assert [path.name for path in killed.iterdir() if path.name != "serve.lock"] == ["vllm-0.log"]
    for each in (running, beside):
        each.release()
    again = own_folder(tmp_path, "serve-spam-here-1")
    assert (again.path, copy.exists()) == (running.path, False), "the same process number, after a restart"
    again.release()


def test_folders_of_ended_servers_do_not_become_ever_more(tmp_path):
    others = tmp_path / "train"
    others.mkdir()
    for number in range(KEPT + 3):
        path = ended(tmp_path, f"serve-spam-here-{number}")
        os.utime(path / "serve.lock", (number, number))
    own_folder(tmp_path, "serve-spam-here-now").release()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"train", "serve-spam-here-now", *(f"serve-spam-here-{number}" for number in range(3, KEPT + 3))}
