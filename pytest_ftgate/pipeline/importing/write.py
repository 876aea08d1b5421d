"""Imported -> a golden set's folder that our own reader accepts: all of it, or nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import Fault, FtgateError, GoldenError
from pytest_ftgate.files.names import HELP, name_problem
from pytest_ftgate.files.text import shown
from pytest_ftgate.files.toml_text import toml_text
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.importing.imported import Imported


def check_target(folder: Path) -> None:
    """Raises FtgateError if something is there already, or the name cannot be that of a golden set."""
    if folder.exists() or folder.is_symlink():
        raise FtgateError(f"{folder} exists; nothing is overwritten\n    choose a new folder for the golden set")
    if problem := name_problem(folder.absolute().name):
        raise FtgateError(f"{folder}: golden set name {folder.absolute().name!r} {problem}\n    {HELP}")


def write_golden_set(imported: Imported, folder: Path) -> Suite:
    """Write golden.toml, cases.jsonl and the further files; the suite that our reader makes of them.

    The folder appears whole, or not at all. Raises GoldenError with the places in the other tool's files for what our
    reader refuses, FtgateError if the folder exists, OSError.
    """
    from pytest_ftgate.evaluate.suite import load_suite

    check_target(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=folder.parent) as made:
        draft = Path(made) / folder.absolute().name
        _write(imported, draft)
        try:
            load_suite(draft)
        except GoldenError as error:
            raise GoldenError(_located(error.faults, imported, draft, folder)) from None
        check_target(folder)
        draft.rename(folder)
    return load_suite(folder)


def _write(imported: Imported, draft: Path) -> None:
    draft.mkdir()
    lines = "".join(f"{json.dumps(row.data, ensure_ascii=False)}\n" for row in imported.cases)
    texts = {**imported.files, FOLDER_FILE: toml_text(imported.golden), CASES_FILE: lines}
    try:
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8", newline="\n")
    except UnicodeEncodeError as error:
        shutil.rmtree(draft)
        raise FtgateError(f"a text holds half a surrogate pair, which no file can hold: {error.reason}") from None


def _located(faults: Sequence[Fault], imported: Imported, draft: Path, folder: Path) -> Iterator[Fault]:
    """The faults of cases at their places in the other tool's files; the others at the file that would be written."""
    for fault in faults:
        name = Path(fault.path).name
        row = imported.cases[fault.line - 1] if name == CASES_FILE and fault.line else None
        path = shown(folder / name) if Path(fault.path).absolute().is_relative_to(draft.absolute()) else fault.path
        where = (row.path, row.line) if row and row.path else (path, fault.line)
        yield Fault(*where, fault.message, fault.fix)
