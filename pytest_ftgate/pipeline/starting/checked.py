"""Files of a new task in the folder where they are made -> what the data checks of `--train` will say of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_ftgate.data.checks.finding import Outcome
from pytest_ftgate.data.checks.report import told
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.label_counts import label_counts_of
from pytest_ftgate.pipeline.stages.check_data import DataChecks


def data_findings(folder: Path, task: str, suite: Suite) -> tuple[str, ...]:
    """A line for each check that found something, those that would stop a training first; paths as they will be."""
    pipeline = read_pipeline(folder / "pipelines" / task / "pipeline.toml")
    with TemporaryDirectory() as state:  # whose audit log nobody keeps: the files do not exist yet
        checks = DataChecks(pipeline, lambda: suite.prompt, lambda: label_counts_of([suite]), Path(state))
        names = checks.names()
        checks.look(names)
    found = [outcome for name in names if (outcome := checks.outcome(name)) and outcome.count]
    ordered = sorted(found, key=lambda outcome: outcome.level != "error")
    return tuple(_line(outcome).replace(f"{shown(folder)}/", "") for outcome in ordered)


def _line(outcome: Outcome) -> str:
    return f"{'ERROR' if outcome.level == 'error' else 'warning'} {outcome.name}: {told(outcome)}"
