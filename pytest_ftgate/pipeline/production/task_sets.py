"""Name of a task -> its pipeline and golden sets, locked, with the margins: for commands that measure it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.discovery import Catalogue
from pytest_ftgate.pipeline.golden_sets import GoldenSets
from pytest_ftgate.pipeline.run_judges import RunJudges

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.judge.pool import Judges
    from pytest_ftgate.pipeline.config import Pipeline


@dataclass(frozen=True, slots=True)
class TaskSets:
    """suites: the golden sets that gate the pipeline. general: the one that [forgetting] names. deltas: margin of each
    locked set by its name, a share.
    """

    pipeline: Pipeline
    suites: tuple[Suite, ...]
    general: Suite | None
    deltas: Mapping[str, float]

    @property
    def all(self) -> tuple[Suite, ...]:
        """The sets that a run of the pipeline measures."""
        return (*self.suites, self.general) if self.general else self.suites


@contextmanager
def task_sets(task: str, goldens: Path, pipelines: Path, state_dir: Path) -> Iterator[TaskSets]:
    """The sets of a task; judges that grade them are closed in the end. Raises FtgateError, see `GoldenSets.at`."""
    catalogue = Catalogue((goldens,), (pipelines,))
    if task not in catalogue.pipeline_paths:
        known = ", ".join(catalogue.pipeline_paths) or "none"
        raise FtgateError(f"no pipeline {task!r} in {shown(pipelines)}; available: {known}")
    judges = RunJudges(catalogue, lambda: _judges(state_dir), shown)
    try:
        sets = GoldenSets(catalogue, None, judges.client_of, shown)
        suites = tuple(map(sets.named, catalogue.goldens_of(task)))
        general = sets.named(name) if (name := catalogue.general_of(task)) else None
        yield TaskSets(catalogue.pipeline(task), suites, general, sets.deltas)
    finally:
        judges.close([])


def _judges(state_dir: Path) -> Judges:
    from pytest_ftgate.judge.pool import Judges

    return Judges(state_dir / "judge")
