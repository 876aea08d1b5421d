"""What other models answered to the cases of a run -> files beside its record, so that a report shows them together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.append_log import line_of
from pytest_ftgate.files.atomic import replacing_bytes

if TYPE_CHECKING:
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


def _cases(suite: Suite, answers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Of frozen results those of cases that are the same in the set, by the id that they have there now."""
    rows = {row["case"]: row for row in answers["cases"].values()}
    return {
        case.id: {key: rows[case.digest][key] for key in ("value", "passed", "text")}
        for case in suite.cases
        if case.digest in rows
    }
