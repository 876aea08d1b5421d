"""Training and validation rows, and golden sets -> findings: whether there is anything to train on and to decide by."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import TYPE_CHECKING

from pytest_ftgate.data.checks.size import FEW, Size
from pytest_ftgate.errors import Fault, FileFaults, FtgateError
from pytest_ftgate.gate.verdict import NO_FLOORS
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings, error, faulty, ok, warning
from pytest_ftgate.registry.location import sqlite_file, tracking_uri

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.doctor.patient import Patient


def rows(patient: Patient) -> Findings:
    """The files of [data], and whether they are enough; what else is in them is for the data checks."""
    try:
        patient.pipeline.data_files  # noqa: B018 - it looks whether they are there
    except FileFaults as missing:
        for fault in missing.faults:
            yield faulty("data", fault)
        return
    if not patient.rows:
        yield error("data", "no training row can be read", "run the data checks: pytest PIPELINE_FOLDER")
        return
    try:
        few = _few(patient)
    except FtgateError as failed:
        few = error("data", str(failed).splitlines()[0], "run the data checks: pytest PIPELINE_FOLDER")
    length = f", {patient.row:,.0f} tokens each" if patient.row else ""
    yield few or ok("data", f"{patient.rows:,} training rows{length} (estimated from bytes)")


def _few(patient: Patient) -> Finding | None:
    """What the data check `size` would refuse; of long files the beginning is read."""
    from pytest_ftgate.data.readers.reader import read_entries

    data = patient.pipeline.data
    *trains, _ = patient.pipeline.data_files
    entries = chain.from_iterable(read_entries(train, data.columns) for train in trains)
    found = list(islice(entries, FEW))
    if wrong := next((entry for entry in found if isinstance(entry, Fault)), None):
        return faulty("data", wrong, "run the data checks: pytest PIPELINE_FOLDER")
    number = min(len(found), data.max_rows or FEW)
    if number >= FEW or Size.name in data.allow:
        return None
    return error("data", f"{number} training rows, {FEW} at least", 'add rows, or set data.allow = ["size"]')


def goldens(patient: Patient) -> Findings:
    """Whether the golden sets are as they were accepted."""
    from pytest_ftgate.evaluate.lock import compare, read_lock

    for suite in patient.suites:
        try:
            faults = compare(suite, read_lock(suite.golden.path))
        except FileFaults as broken:
            faults = list(broken.faults)
        for fault in faults:
            yield faulty("goldens", fault)


def floors(patient: Patient) -> Findings:
    """A first model has no champion to be compared with."""
    uri = tracking_uri(patient.tracking_uri or None, patient.state_dir)
    file = sqlite_file(uri)
    if not patient.suites or (file and file.is_file()) or not file or has_floors(patient.suites):
        return
    yield warning(
        "gate", f"{NO_FLOORS}: a run can only end in HOLD", "add a [[gate.floor]] to golden.toml, then run ftgate lock"
    )


def has_floors(suites: Iterable[Suite]) -> bool:
    """Whether any golden set has a floor."""
    return any(suite.golden.gate and suite.golden.gate.floors for suite in suites)
