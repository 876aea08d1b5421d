"""Where runs and the champion are kept -> a finding: MLflow is there, and its server answers."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.doctor.finding import Findings, error, ok, warning
from pytest_ftgate.pipeline.doctor.software import installed, version_of
from pytest_ftgate.registry.location import sqlite_file, tracking_uri

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient

TIMEOUT_S = 5.0


def tracking(patient: Patient) -> Findings:
    """Without it nothing can be promoted, which would be found at the end."""
    if not installed("mlflow"):
        yield error("MLflow", "not installed", "pip install 'pytest-ftgate[registry]'")
        return
    uri = tracking_uri(patient.tracking_uri or None, patient.state_dir)
    said = f"MLflow {version_of('mlflow')}"
    if file := sqlite_file(uri):
        yield ok("MLflow", f"{said}, {shown(file)}" + ("" if file.is_file() else " (to be made)"))
    elif urlsplit(uri).scheme in {"http", "https"}:
        yield from _server(uri, said)
    else:
        yield ok("MLflow", f"{said}, a store at {_place(uri)} (not asked)")


def _place(uri: str) -> str:
    """Its address without a password; of the Hub the repository."""
    parts = urlsplit(uri)
    return uri if parts.scheme == "hf" else parts.hostname or uri


def _server(uri: str, said: str) -> Findings:
    try:
        parts = urlsplit(uri)
        place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")  # without a password
    except ValueError as wrong:
        yield error("MLflow", f"the address is not one: {wrong}", "correct MLFLOW_TRACKING_URI")
        return
    try:
        with urllib.request.urlopen(f"{place}{parts.path.rstrip('/')}/health", timeout=TIMEOUT_S):  # noqa: S310 - http
            pass
    except urllib.error.HTTPError as refused:
        fix = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, if it wants them"
        yield warning("MLflow", f"{place} answers HTTP {refused.code}", fix)
    except (OSError, ValueError, HTTPException) as failed:
        reason = getattr(failed, "reason", failed)
        yield error("MLflow", f"{place} does not answer: {reason}", "start it, or correct MLFLOW_TRACKING_URI")
    else:
        yield ok("MLflow", f"{said}, {place}")
