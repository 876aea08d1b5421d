"""(training file, lines to leave out, folder) -> a copy without them."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path


def write_clean(path: Path, without: Collection[int], folder: Path) -> Path:
    """Copy the file, byte by byte, but for the lines `without` (1-based); atomic. Returns the copy's path."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / path.name
    unfinished = copy.with_name(f".{copy.name}.{os.getpid()}")
    with path.open("rb") as source, unfinished.open("wb") as target:
        target.writelines(line for number, line in enumerate(source, 1) if number not in without)
    unfinished.replace(copy)
    return copy
