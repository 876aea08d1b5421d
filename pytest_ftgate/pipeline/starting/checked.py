"""Files of a new task in the folder where they are made -> what the data checks of `--train` will say of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_ftgate.data.checks.report import told
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.label_counts import label_counts_of
from pytest_ftgate.pipeline.stages.check_data import DataChecks


def data_findings(folder: Path, task: str, suite: Suite) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(a line for each check that would stop a training, names and counts of those that warn); paths as they come."""
    pipeline = read_pipeline(folder / "pipelines" / task / "pipeline.toml")
    with TemporaryDirectory() as state:  # whose audit log nobody keeps: the files do not exist yet
        checks = DataChecks(pipeline, lambda: suite.prompt, lambda: label_counts_of([suite]), Path(state))
        names = checks.names()
        checks.look(names)
    found = [outcome for name in names if (outcome := checks.outcome(name)) and outcome.count]
    errors = [f"{each.name}: {told(each)}" for each in found if each.level == "error"]
    warnings = [f"{each.name} {each.count:,}" for each in found if each.level != "error"]
    return tuple(line.replace(f"{shown(folder)}/", "") for line in errors), tuple(warnings)
