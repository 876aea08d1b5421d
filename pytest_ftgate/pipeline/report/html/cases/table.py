"""(RunModels, RunReport) -> Table: the cases of a run with what other models answered, what went wrong first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
    from pytest_ftgate.pipeline.report.html.models import Model, RunModels
    from pytest_ftgate.pipeline.report.run_report import RunReport

BUDGET = 60_000_000
"""Characters of all texts, below which a page is still pleasant to open."""
MOST = 20_000
"""Rows: of a run with more those that are right are left out first."""


@dataclass(frozen=True, slots=True)
class Column:
    """As `Model`. answers: by id; none of the first column, whose answers are the rows. facts: prompt and request."""

    role: str
    title: str
    answers: Mapping[str, Answer]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        return {"role": self.role, "title": self.title, **self.facts}


@dataclass(frozen=True, slots=True)
class CaseSet:
    """name, path: of the golden set. columns: the first is what this run tested. gates: pipelines that it decides."""

    name: str
    path: str
    columns: tuple[Column, ...]
    gates: tuple[str, ...] = ()

    @property
    def own(self) -> int:
        """How many of the columns this run tested; they are the first."""
        return sum(column.role in {"tested", "candidate"} for column in self.columns)

    @property
    def other(self) -> int | None:
        """Index of the column that stands beside the first, unless the reader chooses: the champion, if any."""
        roles = [column.role for column in self.columns]
        return roles.index("champion") if "champion" in roles else 1 if len(roles) > 1 else None

    @property
    def others(self) -> tuple[int | None, ...]:
        """`other`; of several that this run tested each but the first."""
        return tuple(range(1, self.own)) if self.other is not None and self.other < self.own else (self.other,)

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        columns = [column.to_json() for column in self.columns]
        named = {"name": self.name, "path": self.path, "gates": list(self.gates)}
        return named | {"columns": columns, "other": self.other, "own": self.own}


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
        """See `status_of`; of several that this run tested the worst."""
        return _status(row, self.sets[row["s"]])

    def missed(self, row: Row) -> int | None:
        """Index of the first column among those that this run tested whose answer did not pass; None if all did."""
        own = row["a"][: self.sets[row["s"]].own]
        return next((place for place, answer in enumerate(own) if answer and not answer.get("p")), None)

    def status_in(self, row: Row, place: int) -> str:
        """See `status_of`, of the answer in a column that this run tested."""
        each = self.sets[row["s"]]
        return status_of(row, place or (each.other if each.other not in range(each.own) else None), each.own)

    def head(self) -> dict[str, Any]:
        """What the page knows before the rows."""
        known = {"run": self.run, "sets": [each.to_json() for each in self.sets]}
        return known | {"rows": len(self.rows), "left_out": self.left_out, "notes": list(self.notes)}


def made_table(models: RunModels, report: RunReport) -> Table:
    """Of all golden sets of the run."""
    lengths = [length for each in models.sets for model in each.models for length in longest(model.cases)]
    limit = limit_for(lengths, BUDGET)
    sets: list[CaseSet] = []
    rows: list[Row] = []
    for each in models.sets:
        tested = each.models[0]
        others = [_column(model, limit) for model in each.models[1:]]
        columns = (Column(tested.role, tested.title, {}, _asked(tested)), *others)
        rows += [
            row_of(case, len(sets), [column.answers.get(case.id) for column in others], limit) for case in tested.cases
        ]
        path = tested.facts.path if tested.facts else ""
        sets.append(CaseSet(each.set, path, columns, _gates(report, each.set)))
    ordered = sorted(rows, key=lambda row: _rank(row, sets[row["s"]]))
    return Table(report.run, tuple(sets), tuple(ordered[:MOST]), max(0, len(ordered) - MOST), models.notes)


def _column(model: Model, limit: Limit) -> Column:
    if model.facts is None:
        answers = {name: side_answer(kept, limit) for name, kept in model.kept.items()}
        return Column(model.role, model.title, answers)
    answers = {case.id: answer_of(case, limit) for case in model.cases}
    return Column(model.role, model.title, answers, _asked(model))


def _asked(model: Model) -> dict[str, Any]:
    facts = model.facts
    return {"prompt": dict(facts.prompt), "request": dict(facts.request)} if facts else {}


def _gates(report: RunReport, golden: str) -> tuple[str, ...]:
    """Pipelines whose candidates this set judges: as the run trained them, or as their files name it."""
    trained = [fact["task"] for fact in report.pipelines if golden in (*fact.get("goldens", ()), fact.get("general"))]
    named = [name for fact in report.sets if fact["set"] == golden for name in fact.get("gates", ())]
    return tuple(dict.fromkeys([*trained, *named]))


def _status(row: Row, each: CaseSet) -> str:
    return min((status_of(row, other, each.own) for other in each.others), key=ORDER.index)


def _rank(row: Row, each: CaseSet) -> tuple[int, bool]:
    return ORDER.index(_status(row, each)), not any(is_different(row, other) for other in each.others)
