"""(data files, what was done to their rows) -> lineage: digests, rows before and after each step, why rows went.

As JSON: {"train": {"path", "sha256", "rows", "dvc", "steps": [{"why", "before", "rows", "changed", "sha256"}]},
"validation": ...}; several files are "train.1", "train.2" ... and "general", and "train" is what was put together of
them, with "mixed": {kind: rows taken}. path: as pipeline.toml may name it. dvc: md5 that DVC keeps, else null.
changed: rows with other text. sha256 of a step: of the file that it wrote, "" if it wrote none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.files.dvc import tracked

FILE = "lineage.json"
Lineage = Mapping[str, Any]


def begun(files: Mapping[str, Path], folder: Path) -> Lineage:
    """The files of training, general and validation rows by their kind, as they are. folder: that of pipeline.toml.

    Raises PipelineError if one is not there.
    """
    return {kind: _source(path, folder) for kind, path in files.items()}


def mixed(lineage: Lineage, copy: Path, taken: Mapping[str, int]) -> Lineage:
    """With the file of training rows that was put together. taken: kind -> rows of that file that are in it."""
    held = contents(copy)
    one = {"path": MIXED, "sha256": held.sha256, "rows": held.rows, "dvc": None, "steps": []}
    named = {kind: MIXED_FROM.get(kind, kind) for kind in lineage}
    counts = {named[kind]: count for kind, count in taken.items()}
    return {"train": {**one, "mixed": counts}, **{named[kind]: source for kind, source in lineage.items()}}


MIXED = "(mixed)"
"""In place of the path of a file that a run has put together."""

MIXED_FROM = {"train": "train.1"}
"""A single training file, once another one is what is trained."""


def _source(path: Path, folder: Path) -> dict[str, Any]:
    by_dvc, held = tracked(path), contents(path)
    return {
        "path": os.path.relpath(path, folder),
        "sha256": held.sha256,
        "rows": held.rows,
        "dvc": by_dvc.md5 if by_dvc else None,
        "steps": [],
    }


def rows_of(source: Mapping[str, Any]) -> int:
    """Rows after the last step."""
    return int(source["steps"][-1]["rows"] if source["steps"] else source["rows"])


def stepped(lineage: Lineage, kind: str, why: str, copy: Path, changed: int = 0) -> Lineage:
    """With a step more, which wrote `copy`."""
    held = contents(copy)
    return _with(lineage, kind, why, held.rows, changed, held.sha256)


def trained(lineage: Lineage, max_rows: int, max_length: int, rows: int, too_long: int) -> Lineage:
    """With what the trainer itself left out of the training rows. rows: trained. Empty stays empty."""
    if not lineage:
        return lineage
    read = rows + too_long
    if max_rows and read < rows_of(lineage["train"]):
        lineage = _with(lineage, "train", f"max_rows = {max_rows:,}", read)
    if too_long:
        lineage = _with(lineage, "train", f"over max_length = {max_length:,} tokens", rows)
    return lineage


def _with(lineage: Lineage, kind: str, why: str, rows: int, changed: int = 0, sha256: str = "") -> Lineage:  # noqa: PLR0913, PLR0917
    source = lineage[kind]
    step = {"why": why, "before": rows_of(source), "rows": rows, "changed": changed, "sha256": sha256}
    return {**lineage, kind: {**source, "steps": [*source["steps"], step]}}


def line_of(lineage: Lineage) -> str:
    """In one line: "train 1a2b3c4d 3,869 rows - 3,509 (max_rows = 360) = 360; validation 5e6f7a8b 100 rows"."""
    return "; ".join(f"{kind} {_told(source)}" for kind, source in lineage.items())


def _told(source: Mapping[str, Any]) -> str:
    lost = list(_changes(source))
    left = f" = {rows_of(source):,}" if rows_of(source) != source["rows"] else ""
    return " ".join([source["sha256"][:8], f"{source['rows']:,} row{'s' * (source['rows'] != 1)}", *lost]) + left


def _changes(source: Mapping[str, Any]) -> Iterator[str]:
    for step in source["steps"]:
        if gone := step["before"] - step["rows"]:
            yield f"- {gone:,} ({step['why']})"
        elif step["changed"]:
            yield f"with {step['changed']:,} changed ({step['why']})"


def params_of(lineage: Lineage) -> dict[str, Any]:
    """Flat values for the registry: of each data set the digest, DVC's md5, rows as found and as trained."""
    return {
        f"data.{kind}.{name}": value
        for kind, source in lineage.items()
        for name, value in (
            ("sha256", source["sha256"]),
            ("md5", source["dvc"] or ""),
            ("rows", source["rows"]),
            ("rows_used", rows_of(source)),
        )
        if value != ""
    }
