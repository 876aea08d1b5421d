"""What an export makes: a text for one file, and what that form cannot carry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FtgateError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.files.text import shown


@dataclass(frozen=True, slots=True)
class Exported:
    """text: of the file. carried: how many cases (or pairs) it holds. lost: what it does not, sorted."""

    text: str
    carried: int
    lost: tuple[Fault, ...] = ()


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def check_target(path: Path, suffixes: Sequence[str] = ()) -> None:
    """Raises FtgateError if the file exists, its folder does not, or its name says another form than `suffixes`."""
    if suffixes and path.suffix not in suffixes:
        raise FtgateError(f"{shown(path)}: the other tool goes by the name; end it in {' or '.join(suffixes)}")
    if path.exists() or path.is_symlink():
        raise FtgateError(f"{shown(path)} exists; nothing is overwritten: name a new file")
    if not path.parent.is_dir():
        raise FtgateError(f"{shown(path)}: no folder {shown(path.parent)}; make it")


def save(path: Path, found: Exported, *, partial: bool) -> bool:
    """Write the file, secrets masked; False, and nothing written, if something is lost and `partial` is false.

    Raises FtgateError as `check_target`.
    """
    check_target(path)
    if found.lost and not partial:
        return False
    write_text(path, mask(found.text))
    return True
