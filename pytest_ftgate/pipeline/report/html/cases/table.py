"""(RecordStore, RunReport) -> Table: the cases of a run with what other models answered, what went wrong first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.records.record import Record
from pytest_ftgate.evaluate.records.store import RecordStore, nearest
from pytest_ftgate.pipeline.report import sides
from pytest_ftgate.pipeline.report.html.cases.rows import (
    ORDER,
    Answer,
    Limit,
    Row,
    answer_of,
    is_different,
    limit_for,
    longest,
    row_of,
    side_answer,
    status_of,
)

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

BUDGET = 60_000_000
"""Characters of all texts, below which a page is still pleasant to open."""
MOST = 20_000
"""Rows: of a run with more those that are right are left out first."""


@dataclass(frozen=True, slots=True)
class Column:
    """One model, or one prompt, on one golden set. role: "tested", "candidate", "champion", "baseline" or "before"."""

    role: str
    title: str
    answers: Mapping[str, Answer]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For the page; facts: prompt and settings of the request."""
        return {"role": self.role, "title": self.title, **self.facts}


@dataclass(frozen=True, slots=True)
class CaseSet:
    """name, path: of the golden set. columns: the first is what this run tested. gates: pipelines that it decides."""

    name: str
    path: str
    columns: tuple[Column, ...]
    gates: tuple[str, ...] = ()

    @property
    def other(self) -> int | None:
        """Index of the column that the first is compared with, unless the reader chooses: the champion, if any."""
        roles = [column.role for column in self.columns]
        return roles.index("champion") if "champion" in roles else 1 if len(roles) > 1 else None

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        columns = [column.to_json() for column in self.columns]
        named = {"name": self.name, "path": self.path, "gates": list(self.gates)}
        return named | {"columns": columns, "other": self.other}


@dataclass(frozen=True, slots=True)
class Table:
    """rows: in the order of ORDER, different answers first. left_out: rows that are not there, as they are right and
    too many. notes: what could not be read, for people.
    """

    run: str
    sets: tuple[CaseSet, ...]
    rows: tuple[Row, ...]
    left_out: int = 0
    notes: tuple[str, ...] = ()

    def status(self, row: Row) -> str:
        """See `status_of`."""
        return status_of(row, self.sets[row["s"]].other)

    def head(self) -> dict[str, Any]:
        """What the page knows before the rows."""
        known = {"run": self.run, "sets": [each.to_json() for each in self.sets]}
        return known | {"rows": len(self.rows), "left_out": self.left_out, "notes": list(self.notes)}


def read_table(store: RecordStore, report: RunReport) -> Table:
    """From the records of the run. What cannot be read is a note: the page has more to say than this."""
    notes: list[str] = []
    found = _records(store, report.run, notes)
    limit = limit_for(
        [length for records in found.values() for each in records for length in longest(each.cases)], BUDGET
    )
    sets: list[CaseSet] = []
    rows: list[Row] = []
    for name, records in found.items():
        columns = tuple(_columns(store, report, records, limit, notes))
        made = CaseSet(name, records[0].facts.path, columns, _gates(report, name))
        others = columns[1:]
        rows += [
            row_of(case, len(sets), [column.answers.get(case.id) for column in others], limit)
            for case in records[0].cases
        ]
        sets.append(made)
    ordered = sorted(rows, key=lambda row: _rank(row, sets[row["s"]].other))
    return Table(report.run, tuple(sets), tuple(ordered[:MOST]), max(0, len(ordered) - MOST), tuple(notes))


def _records(store: RecordStore, run: str, notes: list[str]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for stored in store.all():
        if stored.facts.run == run:
            try:
                found.setdefault(stored.facts.set, []).append(store.read(stored))
            except FtgateError as error:
                notes.append(str(error))
    return {name: records for name, records in found.items() if records}


def _columns(
    store: RecordStore, report: RunReport, records: Sequence[Record], limit: Limit, notes: list[str]
) -> Iterator[Column]:
    """What this run tested, then what else is known of the same cases."""
    golden = records[0].facts.set
    beside = list(_sides(store, report, golden, limit))
    for record in records:
        yield _column("candidate" if beside else "tested", record, record.cases, limit)
    yield from beside
    if not beside and len(records) == 1 and (before := _before(store, report, records[0], notes)) is not None:
        digests = {case.id: case.case for case in records[0].cases}
        same = [case for case in before.cases if digests.get(case.id) == case.case]
        yield _column("before", before, same, limit)


def _column(role: str, record: Record, cases: Iterable[Any], limit: Limit) -> Column:
    facts = record.facts
    title = f"{facts.title} [{facts.variant}]" if facts.variant else facts.title
    if role == "before":
        title = f"run of {facts.when:%Y-%m-%d %H:%M}: {title}"
    shown = {"prompt": dict(facts.prompt), "request": dict(facts.request)}
    return Column(role, title, {case.id: answer_of(case, limit) for case in cases}, shown)


def _sides(store: RecordStore, report: RunReport, golden: str, limit: Limit) -> Iterator[Column]:
    """The champion first: it is what a candidate is compared with. One that two pipelines have is shown once."""
    known = {
        (each["role"], each["title"]): each
        for fact in report.pipelines
        for each in fact.get("sides", ())
        if each.get("set") == golden
    }
    for each in sorted(known.values(), key=lambda each: each["role"] != "champion"):
        side = sides.read(store.folder / report.run, each["file"])
        if side is not None:
            answers = {name: side_answer(kept, limit) for name, kept in side.cases.items()}
            yield Column(side.role, side.title, answers)


def _before(store: RecordStore, report: RunReport, record: Record, notes: list[str]) -> Record | None:
    """The run that the summary compared this set with, if it is still kept."""
    facts = record.facts
    run = next((each.get("run") for each in report.changed if each.get("set") == facts.set), None)
    stored = [each for each in store.all(facts.set) if each.facts.run == run] if run else []
    chosen = nearest(stored, facts.digest, facts.variant)
    try:
        return store.read(chosen) if chosen else None
    except FtgateError as error:
        notes.append(str(error))
        return None


def _gates(report: RunReport, golden: str) -> tuple[str, ...]:
    """Pipelines whose candidates this set judges: as the run trained them, or as their files name it."""
    trained = [fact["task"] for fact in report.pipelines if golden in (*fact.get("goldens", ()), fact.get("general"))]
    named = [name for fact in report.sets if fact["set"] == golden for name in fact.get("gates", ())]
    return tuple(dict.fromkeys([*trained, *named]))


def _rank(row: Row, other: int | None) -> tuple[int, bool]:
    return ORDER.index(status_of(row, other)), not is_different(row, other)
