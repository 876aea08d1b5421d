"""Plan -> the files of a new task in a folder of their own, locked, without leaks; then moved into the project, or not.

All or nothing: what is in the way is named before anything is written, and a move that fails is taken back.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from pytest_ftgate.data.checks.size import FEW
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.lock import write_lock
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.leakage.report import Leak
from pytest_ftgate.leakage.user_check import check_own
from pytest_ftgate.pipeline.starting.checked import data_findings
from pytest_ftgate.pipeline.starting.example import Example
from pytest_ftgate.pipeline.starting.plan import Plan
from pytest_ftgate.pipeline.starting.size import check_left
from pytest_ftgate.pipeline.starting.texts import data_files, project_files, test_file

LEAKING = "rows too like a golden case (leakage check)"
PREFIX = ".ftgate-init-"
_ROUNDS = 5


def own_paths(task: str) -> tuple[str, ...]:
    """What belongs to a task alone, and must not be there yet."""
    return (f"goldens/{task}", f"pipelines/{task}", test_file(task))


def check_free(here: Path, task: str) -> None:
    """Raises FtgateError that lists what is in the way: files of the task, and what is no folder where one must be."""
    parents = dict.fromkeys(str(Path(path).parent) for path in own_paths(task))
    no_folders = [path for path in parents if os.path.lexists(here / path) and not (here / path).is_dir()]
    if no_folders:
        raise FtgateError(f"in the way: {', '.join(no_folders)}: not a folder; move it, or choose another --dir")
    _refuse([path for path in own_paths(task) if os.path.lexists(here / path)])


def _refuse(there: Sequence[str]) -> None:
    if there:
        fix = "choose another name: --task NAME; or remove them"
        raise FtgateError(f"in the way, and never overwritten: {', '.join(there)}\n    {fix}")


@contextmanager
def workshop(here: Path) -> Iterator[Path]:
    """A folder beside the files to come, on the same disk; it is removed in the end."""
    here.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=PREFIX, dir=here))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def made(plan: Plan, folder: Path) -> Plan:
    """Write all files of the task, lock its golden set; the plan without the training rows that leak, or
    are suspect, as far as enough are left.

    Raises FtgateError if too few rows are left.
    """
    _write(folder, project_files(plan))
    golden = folder / "goldens" / plan.task
    suite = load_suite(golden)
    write_lock(golden, suite)
    files = [folder / name for name in data_files(plan)]
    for _ in range(_ROUNDS):
        report = check_own(files, [suite])
        leaving = _places(report.found)
        if len(leaving) > len(plan.parts.train) - FEW:  # what is only suspect may stay
            leaving = _places(report.leaks)
        if not leaving:
            errors, warnings = data_findings(folder, plan.task, suite)
            return replace(plan, errors=errors, warnings=warnings)
        plan = _without(plan, leaving)
        _write(folder, data_files(plan))
    raise FtgateError("golden cases are still in the training rows after five rounds: split them by hand (data split)")


def _places(leaks: Iterable[Leak]) -> set[tuple[str, int]]:
    """(file, line) of the training rows."""
    return {(Path(leak.file).name, leak.line) for leak in leaks}


def _without(plan: Plan, leaking: set[tuple[str, int]]) -> Plan:
    train, out = _parted(plan.parts.train, "train.jsonl", leaking)
    validation, more = _parted(plan.parts.validation, "validation.jsonl", leaking)
    for example in [*out, *more]:
        plan.left.add(LEAKING, example.place)
    check_left(len(train), len(validation))
    return replace(plan, parts=replace(plan.parts, train=tuple(train), validation=tuple(validation)))


def _parted(rows: tuple[Example, ...], file: str, leaking: set[tuple[str, int]]) -> tuple[list[Example], list[Example]]:
    """(rows that stay, rows that leak)."""
    stay = [row for number, row in enumerate(rows, 1) if (file, number) not in leaking]
    return stay, [row for number, row in enumerate(rows, 1) if (file, number) in leaking]


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def add_missing(folder: Path, here: Path, texts: Mapping[str, str]) -> list[str]:
    """Write the files of the project as a whole that it does not have; the names of those that it has."""
    there = [name for name in texts if os.path.lexists(here / name)]
    _write(folder, {name: text for name, text in texts.items() if name not in there})
    return there


def moved(folder: Path, here: Path, task: str) -> list[str]:
    """Move all that is in the folder into the project; its files by their new paths.

    A file that is there is never replaced. Raises FtgateError or OSError, and then has taken everything back.
    """
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    owned = own_paths(task)
    units = [name for name in owned if (folder / name).exists()]
    units += [name for name in names if not any(Path(name).is_relative_to(own) for own in owned)]
    done: list[str] = []
    made_folders: list[Path] = []
    try:
        for unit in units:
            _refuse([unit] if os.path.lexists(here / unit) else [])
            made_folders += _with_parents(here / unit)
            (folder / unit).rename(here / unit)
            done.append(unit)
    except BaseException:
        for unit in reversed(done):
            (here / unit).rename(folder / unit)
        for parent in reversed(made_folders):
            with suppress(OSError):  # somebody else has put something into it
                parent.rmdir()
        raise
    return names


def _with_parents(path: Path) -> list[Path]:
    """Make the folders above a file; those that were not there, the outermost first."""
    missing = [parent for parent in reversed(path.parents) if not parent.exists()]
    for parent in missing:
        parent.mkdir()
    return missing
