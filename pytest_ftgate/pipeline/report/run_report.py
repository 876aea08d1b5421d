"""A run -> all that it says at its end, as JSON values: the one source of every report, kept beside its run records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import RecordError
from pytest_ftgate.evaluate.records.store import KEPT
from pytest_ftgate.files.append_log import line_of, parsed
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.sealed_line import is_unchanged, sealed
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.store import RecordStore

FILE = "run.json"
FORMAT = 1
Fact = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What the terminal summary, the Markdown page, the HTML page and the comment on a pull request are made of.

    run: id of the run, see `RecordStore.new_run`. at: its end, Unix time in seconds. seconds: its length. code: exit
    code. failed: tests that failed and are neither a finding of the gate nor a case without a grade. about: git,
    dirty, args, folder (the rootdir), versions and machine, for "what ran here". sets: facts of each golden set, see
    `report.sets`. pipelines: facts of each pipeline that was trained, see `report.trained`. wrong, missed: cases that
    are not right, the latter left to the gate: test, file, line, set, question, answer, expected, reason. The rest as
    the items reported it.
    """

    run: str
    at: float
    seconds: float
    code: int
    train: bool = False
    canary: bool = False
    failed: int = 0
    about: Fact = field(default_factory=dict)
    sets: list[Fact] = field(default_factory=list)
    pipelines: list[Fact] = field(default_factory=list)
    wrong: list[Fact] = field(default_factory=list)
    missed: list[Fact] = field(default_factory=list)
    metrics: dict[str, list[Fact]] = field(default_factory=dict)
    checks: dict[str, list[Fact]] = field(default_factory=dict)
    verdicts: list[Fact] = field(default_factory=list)
    nights: list[Fact] = field(default_factory=list)
    data: list[Fact] = field(default_factory=list)
    traffic: list[Fact] = field(default_factory=list)
    columns: list[Fact] = field(default_factory=list)
    scores: list[Fact] = field(default_factory=list)
    changed: list[Fact] = field(default_factory=list)
    judges: list[Fact] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> Fact:
        """All fields, and "format"; `from_json` reads them back."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunReport:
        """The inverse of `to_json`; unknown keys are ignored. Raises TypeError."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


def keep(store: RecordStore, report: RunReport) -> Path:
    """Write it beside the records of the run, sealed with the key of the state folder; its path. Raises RecordError."""
    path = store.folder / report.run / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing_bytes(path) as stream:
            stream.write(sealed(store.key, line_of(report.to_json())) + b"\n")
    except OSError as error:
        raise RecordError(f"{shown(path)}: the report cannot be written: {error.strerror or error}") from None
    _prune(store)
    return path


def _prune(store: RecordStore) -> None:
    """Of the runs that measured nothing, whose report is all there is, the last stay: as many as of a golden set."""
    alone = [path.parent for path in store.folder.glob(f"*/{FILE}") if not any(path.parent.glob("*.jsonl"))]
    for folder in sorted(alone, reverse=True)[KEPT:]:
        rmtree(folder, ignore_errors=True)


def read(store: RecordStore, run: str) -> RunReport | None:
    """The report of a run by its id, None if none was kept. Raises RecordError if it was edited or cannot be read."""
    path = store.folder / run / FILE
    try:
        line = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(f"{shown(path)}: cannot be read: {error.strerror or error}") from None
    data = parsed(line) if is_unchanged(store.key_if_any, line) else None
    if data is None or data.get("format") != FORMAT:
        raise RecordError(f"{shown(path)}: edited after it was written, or of another version; remove it, run again")
    return RunReport.from_json(json.loads(line))


def kept(store: RecordStore) -> list[str]:
    """The ids of all runs that have a report, the newest first."""
    return sorted((path.parent.name for path in store.folder.glob(f"*/{FILE}")), reverse=True)
