"""Training and validation rows, and golden sets -> findings: whether there is anything to train on and to decide by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.pipeline.doctor.finding import Findings, error, ok

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient


def rows(patient: Patient) -> Findings:
    """The files of [data]; what stands in them is for the data checks."""
    try:
        patient.pipeline.data_files  # noqa: B018 - it looks whether they are there
    except FileFaults as missing:
        for fault in missing.faults:
            yield error("data", fault.message, fault.fix)
        return
    if patient.rows:
        length = f", {patient.row:,.0f} tokens each" if patient.row else ""
        yield ok("data", f"{patient.rows:,} training rows{length} (estimated from bytes)")
    else:
        yield error("data", "no training row can be read", "run the data checks: pytest PIPELINE_FOLDER")
