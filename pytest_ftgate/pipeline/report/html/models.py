"""(RecordStore, RunReport) -> the models of a run, set by set, each with its cases: read once for all sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.records.store import RecordStore, nearest
from pytest_ftgate.pipeline.report import sides

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import CaseRecord, Facts, Record
    from pytest_ftgate.pipeline.report.run_report import RunReport


@dataclass(frozen=True, slots=True)
class Model:
    """One model, or one prompt, on one golden set.

    role: "tested", "candidate", "champion", "baseline" or "before" (an earlier run). facts, cases: of its run record;
    of an earlier run the cases that are the same now. kept: of champion and baseline instead, see `sides.Side.cases`.
    """

    role: str
    title: str
    facts: Facts | None = None
    cases: Sequence[CaseRecord] = ()
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetModels:
    """models: first what this run tested, one or several; then the champion, the base model, or the run before."""

    set: str
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class RunModels:
    """sets: by name. notes: what could not be read, for people: a report then says less."""

    sets: tuple[SetModels, ...]
    notes: tuple[str, ...] = ()


def read_models(store: RecordStore, report: RunReport) -> RunModels:
    """From the records of the run, the files beside them, and the record of the run that its summary names."""
    notes: list[str] = []
    records: dict[str, list[Record]] = {}
    for stored in store.all():
        if stored.facts.run == report.run:
            with _noting(notes):
                read = store.read(stored)
                records.setdefault(stored.facts.set, []).append(read)
    sets = [SetModels(name, tuple(_models(store, report, each, notes))) for name, each in sorted(records.items())]
    return RunModels(tuple(sets), tuple(notes))


@contextmanager
def _noting(notes: list[str]) -> Iterator[None]:
    try:
        yield
    except FtgateError as error:
        notes.append(str(error))


def _models(store: RecordStore, report: RunReport, records: Sequence[Record], notes: list[str]) -> Iterator[Model]:
    records = sorted(records, key=partial(_place, report))
    first = records[0]
    beside = list(_sides(store, report, first.facts.set))
    for record in records:
        yield Model("candidate" if beside else "tested", _title(record.facts), record.facts, record.cases)
    yield from beside
    before = None if beside or len(records) > 1 else _before(store, report, first.facts, notes)
    if before is not None:
        digests = {case.id: case.case for case in first.cases}
        same = [case for case in before.cases if digests.get(case.id) == case.case]
        title = _title(before.facts)
        when = f"run before, {before.facts.when:%Y-%m-%d %H:%M}"
        yield Model("before", when if title in {"", _title(first.facts)} else f"{when} ({title})", before.facts, same)


def _place(report: RunReport, record: Record) -> int:
    """As the columns stand in the run: records are in the order in which they were asked."""
    facts, named = record.facts, (record.facts.model, f"{record.facts.model}-{record.facts.variant or 'base'}")
    labels = [column["label"] for fact in report.columns if fact["set"] == facts.set for column in fact["columns"]]
    return next((place for place, label in enumerate(labels) if label in (*named, *facts.labels)), len(labels))


def _title(facts: Facts) -> str:
    return facts.title + (f", {facts.variant}" if facts.variant else "")


def _sides(store: RecordStore, report: RunReport, golden: str) -> Iterator[Model]:
    """The champion first: it is what a candidate is compared with. One that two pipelines have is there once."""
    told = [each for fact in report.pipelines for each in fact.get("sides", ()) if each["set"] == golden]
    known = {(each["role"], each["title"]): each for each in told}
    for each in sorted(known.values(), key=lambda each: str(each["role"] != "champion")):
        if (side := sides.read(store.folder / report.run, each["file"])) is not None:
            yield Model(side.role, side.title, kept=side.cases)


def _before(store: RecordStore, report: RunReport, facts: Facts, notes: list[str]) -> Record | None:
    run = next((each.get("run") for each in report.changed if each.get("set") == facts.set), None)
    stored = [each for each in store.all(facts.set) if each.facts.run == run] if run else []
    with _noting(notes):
        chosen = nearest(stored, facts.digest, facts.variant)
        return store.read(chosen) if chosen else None
    return None
