"""Folder of checkpoints -> the newest whole one. A checkpoint is whole once its mark is written, last."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from pytest_ftgate.files.atomic import write_text

MARK = "whole.json"


def mark_whole(checkpoint: Path, train_s: float) -> None:
    """Commit a checkpoint. train_s: seconds of training that led to it, those before a kill included."""
    write_text(checkpoint / MARK, json.dumps({"train_s": train_s}))


def unmark(checkpoint: Path) -> None:
    """Before a checkpoint is written over."""
    (checkpoint / MARK).unlink(missing_ok=True)


def train_seconds(checkpoint: Path) -> float:
    """What `mark_whole` was told."""
    return float(json.loads((checkpoint / MARK).read_text())["train_s"])


def step_of(checkpoint: Path) -> int:
    """The step after which it was written."""
    return int(checkpoint.name.rpartition("-")[2])


def newest_whole(folder: Path, *, remove: bool = True) -> Path | None:
    """The whole checkpoint with the highest step; what a kill has left half written is removed.

    remove: False for all but the first of several processes.
    """
    whole = []
    for checkpoint in _all(folder):
        if (checkpoint / MARK).is_file():
            whole.append(checkpoint)
        elif remove:
            shutil.rmtree(checkpoint)
    return max(whole, key=step_of, default=None)


def _all(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("checkpoint-*") if path.is_dir())
