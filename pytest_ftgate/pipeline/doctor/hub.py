"""The base model -> findings: whether it is here, can be fetched, and is the same tomorrow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings, Level, error, faulty, ok, warning
from pytest_ftgate.serve.hub import explained, refused

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient

COMMIT = re.compile(r"[0-9a-f]{40}")


def base(patient: Patient) -> Findings:
    """A folder must be there; a hub id in the cache, or to be had from the Hub."""
    if not patient.hub_id:
        yield from _folder(patient)
        return
    try:
        import huggingface_hub
    except ImportError:
        yield error("base", "huggingface_hub is not installed", "pip install 'pytest-ftgate[train]'")
        return
    found, commit = _asked(patient, huggingface_hub)
    yield found
    pinned = COMMIT.fullmatch(patient.pipeline.base.revision or "")
    if found.level is Level.OK and not (pinned or patient.quick):
        text = f"base.revision is {patient.pipeline.base.revision or 'not set'}: the model may change between two runs"
        yield warning("base", text, f'set base.revision = "{commit or "the commit that the model page shows"}"')


def _folder(patient: Patient) -> Findings:
    pipeline = patient.pipeline
    try:
        pipeline.base_model  # noqa: B018 - it looks whether the folder is there
    except FileFaults as missing:
        for fault in missing.faults:
            yield faulty("base", fault, "name another base.model")
        return
    folder = Path(pipeline.base.model)
    if not (folder / "config.json").is_file():
        text = f"{shown(folder)}: no config.json"
        yield error("base", text, "base.model must be a folder with config.json and *.safetensors, or a hub id")
    else:
        yield ok("base", shown(folder))


def _asked(patient: Patient, hub: Any) -> tuple[Finding, str]:
    """One HEAD request for config.json; where the Hub does not answer, the cache decides. And the commit of today."""
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    name, commit = patient.hub_id, _commit(patient)
    if hub.constants.HF_HUB_OFFLINE:
        return _offline(patient, "HF_HUB_OFFLINE is set"), commit
    found = patient.hub_answer
    if isinstance(found, Exception):
        failed = found
        if refused(failed):
            text, _, fix = str(explained(patient.base, failed)).partition("\n")
            return error("base", text, fix.strip()), commit
        if isinstance(failed, EntryNotFoundError) and not isinstance(failed, LocalEntryNotFoundError):
            fix = "name a model of transformers in base.model (no GGUF)"
            return error("base", f"{name}: has no config.json", fix), commit
        return _offline(patient, f"{hub.constants.ENDPOINT} does not answer ({type(failed).__name__})"), commit
    place = "can be fetched" if patient.folder is None else "on this machine"
    return ok("base", f"{name}: {place}"), found.commit_hash or commit


def _offline(patient: Patient, why: str) -> Finding:
    if patient.folder is not None:
        return ok("base", one_line(f"{patient.hub_id}: on this machine; {why}"))
    fix = "check the network (HF_ENDPOINT, proxy), or name a folder in base.model"
    return error("base", one_line(f"{patient.hub_id}: not on this machine, and {why}"), fix)


def _commit(patient: Patient) -> str:
    """The commit that is on this machine, from the name of the cached folder."""
    name = patient.folder.name if patient.folder else ""
    return name if COMMIT.fullmatch(name) else ""
