"""Files of exposures and outcomes -> Log: the users in the order they came, each with its arm and its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults, FtgateError
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.schema import check
from pytest_ftgate.files.text import read_text, shown
from pytest_ftgate.gate.live.plan import WINDOW_HOURS, OutcomeKind

Row = dict[str, Any]
"""A line that keeps its schema, its "at" a datetime with an offset (or absent, in an outcome)."""


@dataclass(frozen=True, slots=True)
class User:
    """One randomised unit.

    at: of the first exposure. outcome: mean of what became known within the window, 0..1; None if nothing did.
    closed: whether the window has passed, so that the outcome will not change any more.
    """

    name: str
    candidate: bool
    at: datetime
    outcome: float | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Log:
    """users: in the order of their first exposure. in_both: those who were shown both models, which no split does."""

    users: tuple[User, ...]
    in_both: tuple[str, ...]


def read_log(  # noqa: PLR0913 - what may be stated about a log
    exposures: Path,
    outcomes: Path | None,
    *,
    now: datetime,
    kind: OutcomeKind = "graded",
    window_hours: float = WINDOW_HOURS,
    candidate: str = "",
) -> Log:
    """The users of an exposure log. Raises FileFaults with every fault of both files.

    candidate: digest, or the beginning of one; only lines that name it count, whichever the arm. "": all lines; then
    FtgateError if they name several candidates. now: windows that end later are still open.
    """
    met, faults = _read(exposures, "exposure", kind)
    known, more = _read(outcomes, "outcome", kind) if outcomes else ([], [])
    if faults or more:
        raise FileFaults([*faults, *more])
    met = _of_candidate(met, candidate, exposures)
    return _users(met, [*met, *known], now, timedelta(hours=window_hours))


def _read(path: Path, schema: str, kind: OutcomeKind) -> tuple[list[Row], list[Fault]]:
    rows: list[Row] = []
    faults: list[Fault] = []
    try:
        text = read_text(path)
    except FileFaults as error:
        return [], list(error.faults)
    for entry in parse_lines(text, shown(path)):
        if isinstance(entry, Fault):
            faults.append(entry)
        else:
            _add(entry, schema, kind, shown(path), rows, faults)
    return rows, faults


def _add(  # noqa: PLR0913, PLR0917 - a line, its rules, and where it goes
    entry: tuple[int, Any], schema: str, kind: OutcomeKind, path: str, rows: list[Row], faults: list[Fault]
) -> None:
    line, data = entry
    found = check(data, schema, path, lambda _keys: line) or list(_row_faults(data, kind, path, line))
    faults += found
    if not found:
        rows.append({**data, "at": datetime.fromisoformat(data["at"])} if "at" in data else data)


def _row_faults(row: Mapping[str, Any], kind: OutcomeKind, path: str, line: int) -> Iterator[Fault]:
    if "at" in row and (problem := _time_problem(row["at"])):
        yield Fault(path, line, f"at {problem}; found {row['at']!r}", "write it as 2026-03-01T12:00:00+00:00")
    if kind == "binary" and row.get("outcome") not in (None, 0, 1):
        found = row["outcome"]
        yield Fault(path, line, f'outcome must be 0 or 1 with [ab] outcome = "binary"; found {found}')


def _time_problem(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return "is not an ISO 8601 time"
    return "" if at.tzinfo else "has no UTC offset"


def _of_candidate(rows: list[Row], candidate: str, path: Path) -> list[Row]:
    named = sorted({row["candidate"] for row in rows if "candidate" in row})
    if candidate:
        return [row for row in rows if "candidate" in row and _same(row["candidate"], candidate)]
    if len(named) > 1:
        raise FtgateError(
            f"{shown(path)} has exposures of {len(named)} candidates: {', '.join(name[:16] for name in named)}\n"
            "    Analyse one of them: --candidate DIGEST"
        )
    return rows


def _same(one: str, other: str) -> bool:
    """Two digests, either of which may be cut short."""
    return one.startswith(other) or other.startswith(one)


def _users(met: list[Row], told: Iterable[Row], now: datetime, window: timedelta) -> Log:
    first: dict[str, Row] = {}
    both = set()
    for row in met:
        seen = first.setdefault(row["user"], row)
        if seen["arm"] != row["arm"]:
            both.add(row["user"])
        if row["at"] < seen["at"]:
            first[row["user"]] = row
    values = _outcomes(first, told, window)
    users = [
        User(name, row["arm"] == "candidate", row["at"], _mean(values.get(name)), row["at"] + window <= now)
        for name, row in first.items()
    ]
    return Log(tuple(sorted(users, key=lambda user: (user.at, user.name))), tuple(sorted(both)))


def _outcomes(first: Mapping[str, Row], told: Iterable[Row], window: timedelta) -> dict[str, list[float]]:
    """Outcomes of each user that became known between the first exposure and the end of the window."""
    values: dict[str, list[float]] = {}
    for row in told:
        met = first.get(row["user"])
        if met is None or row.get("outcome") is None:
            continue
        if "at" not in row or met["at"] <= row["at"] <= met["at"] + window:
            values.setdefault(row["user"], []).append(float(row["outcome"]))
    return values


def _mean(values: list[float] | None) -> float | None:
    return fmean(values) if values else None
