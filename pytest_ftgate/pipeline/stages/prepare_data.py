"""The stage before all others: the pipeline on copies without personal data, as `data.pii` says, and their lineage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.data.lineage import KINDS, Lineage, begun, line_of, stepped
from pytest_ftgate.files.compressed import plain_name
from pytest_ftgate.files.dvc import check_tracked
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.data_access import record_access
from pytest_ftgate.pipeline.run import PreparedData

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.run import PipelineRun

WHY = {"redact": "personal data or keys redacted", "drop": "personal data or keys"}


def prepare_data(run: PipelineRun) -> None:
    """Once, whichever stage comes first: from then on the pipeline is on the rows that may be trained."""
    if run.data is not None:
        return
    files, folder = run.source.data_files, run.runtime.settings.state_dir
    if run.source.data.pii != "error":
        record_access(folder, run.source, f"pii: {run.source.data.pii}")
    pipeline, lineage = prepared(run.source, folder / "runs" / run.name / "prepared")
    origins = dict(zip(pipeline.data_files, map(shown, files), strict=True))
    run.data = PreparedData(pipeline, lineage, origins)
    run.say(f"data: {line_of(lineage)}")


def prepared(pipeline: Pipeline, folder: Path) -> tuple[Pipeline, Lineage]:
    """Under `pii = "error"` the pipeline itself. The files of the user are never written.

    Raises PipelineError if a file is not there, DataError if it differs from what DVC keeps or holds what is no row.
    """
    check_tracked(pipeline.data_files)
    lineage, pii = begun(pipeline.data_files, pipeline.path.parent), pipeline.data.pii
    if pii == "error":
        return pipeline, lineage
    copies = []
    for kind, path in zip(KINDS, pipeline.data_files, strict=True):
        copy = folder / kind / f"{Path(plain_name(path)).stem}.jsonl"
        changed = write_without(path, copy, drop=pii == "drop")
        lineage = stepped(lineage, kind, WHY[pii], copy, 0 if pii == "drop" else changed)
        copies.append(copy)
    return replace(pipeline, data=replace(pipeline.data, train=copies[0], validation=copies[1])), lineage


def write_without(path: Path, copy: Path, *, drop: bool) -> int:
    """Copy the rows as JSON Lines, redacted or (drop) without those that would be; how many these are.

    Each row keeps its line, with blank ones where rows were dropped: a message about the copy holds for the file.
    Raises DataError at the first entry that is no row.
    """
    from pytest_ftgate.data.pii.redact import read_redacted
    from pytest_ftgate.files.atomic import replacing

    changed, line = 0, 1
    with replacing(copy) as stream:
        for record, kept in read_redacted([path]):
            differs = kept != record.data
            changed += differs
            if not (drop and differs):
                blank = max(0, record.line - line)
                stream.write("\n" * blank + json.dumps(kept, ensure_ascii=False, default=str) + "\n")
                line += blank + 1
    return changed
