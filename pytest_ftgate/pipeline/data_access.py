"""(pipeline, golden sets, purpose) -> a line of the audit log that says which data were read, by their digests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.registry.audit import Entry, record

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.config import Pipeline


def record_access(state_dir: Path, pipeline: Pipeline, purpose: str, suites: Iterable[Suite] = ()) -> Entry:
    """Write that the pipeline's data files, and the golden sets `suites`, are read now, and for what.

    Raises PipelineError if a data file is not there, AuditError if the log cannot be written.
    """
    files = [_file(path, pipeline.path.parent) for path in pipeline.data_files]
    goldens = {suite.name: {"digest": suite.digest, "cases": len(suite.cases)} for suite in suites}
    return record(state_dir, "data", pipeline.name, {"for": purpose, "files": files, "goldens": goldens})


def record_files(state_dir: Path, purpose: str, paths: Iterable[Path]) -> Entry | None:
    """Write that a command reads files of rows outside any pipeline; None, and nothing, without a state folder.

    Raises OSError if a file cannot be read, AuditError if the log cannot be written.
    """
    if not state_dir.is_dir():
        return None
    files = [{"path": os.path.relpath(path), "sha256": contents(path).sha256} for path in paths if path.exists()]
    return record(state_dir, "data", "", {"for": purpose, "files": files})


def _file(path: Path, folder: Path) -> Mapping[str, Any]:
    """Path relative to the pipeline's folder, sha256 and number of rows of one file."""
    return {"path": os.path.relpath(path, folder), **contents(path)._asdict()}
