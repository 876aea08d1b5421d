"""What other models answered to the cases of a run -> files beside its record, so that a report shows them together."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.append_log import line_of
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.comparison.changed_cases import changed_case, first_of_each
from pytest_ftgate.pipeline.report.shown_case import question_of

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.run import PipelineRun

FOLDER = "sides"


@dataclass(frozen=True, slots=True)
class Side:
    """One other model on one golden set.

    role: "baseline" or "champion". title: as people call it. cases: by id, {"value", "passed", "text"} of those that
    have a grade and whose case is the same.
    """

    set: str
    role: str
    title: str
    cases: Mapping[str, Mapping[str, Any]]

    def write(self, folder: Path) -> str:
        """Into the folder of a run's records; the path in it. Raises OSError."""
        path = folder / FOLDER / f"{self.set}.{self.role}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing_bytes(path) as stream:
            stream.write(line_of({"set": self.set, "role": self.role, "title": self.title, "cases": dict(self.cases)}))
        return path.relative_to(folder).as_posix()


def read(folder: Path, name: str) -> Side | None:
    """The inverse of `Side.write`; None if the file is gone or damaged."""
    try:
        return Side(**json.loads((folder / name).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def sides_of(run: PipelineRun, suite: Suite) -> Iterator[Side]:
    """Base model and champion of a run that has a candidate; asks nothing. Raises FtgateError."""
    if run.manifest is None or run.unchanged:
        return
    yield Side(suite.name, "baseline", "base model", _cases(suite, run.baseline_of(suite).to_json()))
    if (champion := run.references.champion(suite)) is not None:
        answers = run.answers_of(suite, champion.version, now=champion.now)
        yield Side(suite.name, "champion", f"champion v{champion.version.number}", _cases(suite, answers))


def changed_since(suite: Suite, candidate: Evaluation, side: Side, left_out: Collection[str] = ()) -> dict[str, Any]:
    """What the candidate fixed and broke against another model, as `comparison.since` without a difference.

    left_out: ids of leaked cases that do not count.
    """
    now = candidate.to_json()["cases"]
    asked = [case for case in suite.cases if case.id in now and case.id in side.cases and case.id not in left_out]
    both = [(case, now[case.id], side.cases[case.id]) for case in asked]
    moved = [(_KINDS[row["passed"]], case, row, then) for case, row, then in both if row["passed"] != then["passed"]]
    ids = {kind: [case.id for found, case, *_ in moved if found == kind] for kind in ("fixed", "broken")}
    cases = (
        changed_case(kind, case.id, case.line, question_of(candidate.responses.prompt, case), case.expected, old, new)
        for kind, case, row, then in moved
        for old, new in [(then["text"], row["text"])]
    )
    text = f"against the {side.title}: {len(ids['fixed'])} fixed, {len(ids['broken'])} broken of {len(both):,} cases"
    place = {"set": suite.name, "title": suite.title, "path": shown(suite.golden.cases_path)}
    return {**place, "text": text, **ids, "cases": first_of_each(cases)}


_KINDS = {True: "fixed", False: "broken"}


def _cases(suite: Suite, answers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Of frozen results those of cases that are the same in the set, by the id that they have there now."""
    rows = {row["case"]: row for row in answers["cases"].values()}
    return {
        case.id: {key: rows[case.digest][key] for key in ("value", "passed", "text")}
        for case in suite.cases
        if case.digest in rows
    }
