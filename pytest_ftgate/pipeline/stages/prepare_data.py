"""The stage before all others: the pipeline on copies without personal data, as `data.pii` says, and their lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.lineage import Lineage, begun, line_of, rows_of, stepped
from pytest_ftgate.files.compressed import plain_name
from pytest_ftgate.files.dvc import check_tracked
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.data_access import record_access
from pytest_ftgate.pipeline.run import PreparedData
from pytest_ftgate.pipeline.stages.mix_data import check_mix

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.renamed import Columns
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
    check_mix(run.source, {kind: rows_of(source) for kind, source in lineage.items()})
    run.data = PreparedData(pipeline, lineage, origins)
    run.say(f"data: {line_of(lineage)}")


def prepared(pipeline: Pipeline, folder: Path) -> tuple[Pipeline, Lineage]:
    """Without columns to rename, and under `pii = "error"`, the pipeline itself. The user's files are never written.

    Raises PipelineError if a file is not there, DataError if it differs from what DVC keeps or holds what is no row.
    """
    check_tracked(pipeline.data_files)
    lineage, data = begun(pipeline.data.files, pipeline.path.parent), pipeline.data
    if data.columns:
        columns = partial(write_renamed, columns=data.columns)
        pipeline, lineage = _copied(pipeline, lineage, folder / "columns", "columns renamed", columns)
    if data.pii != "error":
        write = _write_dropped if data.pii == "drop" else partial(write_without, drop=False)
        pipeline, lineage = _copied(pipeline, lineage, folder, WHY[data.pii], write)
    return pipeline, lineage


def _copied(
    pipeline: Pipeline, lineage: Lineage, folder: Path, why: str, write: Callable[[Path, Path], int]
) -> tuple[Pipeline, Lineage]:
    """The pipeline on copies in the folder. write: (file, copy) -> rows that it wrote with other text."""
    copies = {}
    for kind, path in pipeline.data.files.items():
        copy = folder / kind / f"{Path(plain_name(path)).stem}.jsonl"
        changed = write(path, copy)
        lineage = stepped(lineage, kind, why, copy, changed)
        copies[kind] = copy
    data = replace(pipeline.data.on(copies), columns={})
    return replace(pipeline, data=data), lineage


def write_renamed(path: Path, copy: Path, *, columns: Columns) -> int:
    """Copy the rows as JSON Lines with the keys that are read, each on its line; 0, as they say what they said.

    Raises DataError at the first entry that is no row.
    """
    from pytest_ftgate.data.pii.redact import records_of_rows

    with _lines(path, copy) as write:
        for record in records_of_rows([path], columns):
            write(record.line, record.data)
    return 0


def write_without(path: Path, copy: Path, *, drop: bool) -> int:
    """Copy the rows as JSON Lines, redacted or (drop) without those that would be; how many these are.

    Each row keeps its line. Raises DataError at the first entry that is no row.
    """
    from pytest_ftgate.data.pii.redact import read_redacted

    changed = 0
    with _lines(path, copy) as write:
        for record, kept in read_redacted([path]):
            differs = kept != record.data
            changed += differs
            if not (drop and differs):
                write(record.line, kept)
    return changed


def _write_dropped(path: Path, copy: Path) -> int:
    write_without(path, copy, drop=True)
    return 0


@contextmanager
def _lines(path: Path, copy: Path) -> Iterator[Callable[[int, Mapping[str, Any]], None]]:
    """What writes a row on its line, with blank ones before it: a message about the copy holds for the file."""
    from pytest_ftgate.data.readers.json_line import json_line
    from pytest_ftgate.files.atomic import replacing

    at = 1
    with replacing(copy) as stream:

        def write(line: int, row: Mapping[str, Any]) -> None:
            nonlocal at
            blank = max(0, line - at)
            stream.write("\n" * blank + json_line(shown(path), line, row))
            at += blank + 1

        yield write
