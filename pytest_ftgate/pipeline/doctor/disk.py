"""Free disk -> findings: room for the download of the base, and for what training writes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings, error, ok
from pytest_ftgate.train.estimate.memory import BYTES, adapter_weights, optimizer_bytes
from pytest_ftgate.train.precision import trained_dtype

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient

CHECKPOINTS = 2
"""That are kept at one time, and one more while it is written."""

GIB = 2**30


def disk(patient: Patient) -> Findings:
    """Of the state folder, and of the Hub's cache where the base is still to be fetched."""
    if patient.shapes is None:
        return
    if patient.here:
        yield _room(
            patient.state_dir,
            _written(patient),
            "epochs and checkpoints",
            "--ftgate-state-dir, for the doctor --state-dir",
        )
    if patient.hub_id and patient.folder is None:
        try:
            from huggingface_hub import constants
        except ImportError:
            return
        yield _room(Path(constants.HF_HUB_CACHE), patient.shapes.weights * 2, "the base model", "HF_HOME")


def _written(patient: Patient) -> float:
    """Bytes of a training run: an adapter for each validation and the best once more, and the checkpoints."""
    shapes, settings = patient.shapes, patient.settings(patient.row)
    assert shapes is not None  # noqa: S101 - looked at above
    tuning = settings.tuning
    trained = shapes.weights if tuning.method == "full" else adapter_weights(shapes, settings.lora)
    each = BYTES[trained_dtype(settings, patient.device.kind)]
    checkpoint = trained * (each + optimizer_bytes(tuning, cuda=settings.cuda))
    return trained * each * (tuning.validations(max(patient.rows, 1)) + 1) + checkpoint * (CHECKPOINTS + 1)


def _room(folder: Path, needed: float, what: str, option: str) -> Finding:
    free = free_bytes(folder)
    text = f"{what} need {needed / GIB:.1f} GiB, {free / GIB:.1f} free in {shown(folder)}"
    if needed > free:
        return error("disk", text, f"free some, or name another folder ({option})")
    return ok("disk", text)


def free_bytes(folder: Path) -> int:
    """On the disk where a folder is, or would be made."""
    there = next((each for each in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(each)), Path("/"))
    return shutil.disk_usage(there).free
