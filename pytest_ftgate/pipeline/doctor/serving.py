"""Keys of [serve] that the engine of this run does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.doctor.finding import Findings, warning

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient


def unread(patient: Patient) -> Findings:
    """`args` and `context` are for vLLM alone: another engine answers without them."""
    serve = patient.pipeline.serve
    keys = [name for name, value in (("serve.args", serve.args), ("serve.context", serve.context)) if value]
    if keys and patient.engine != "vllm":
        text = f"{' and '.join(keys)}: not read by the engine {patient.engine}, which serves this run"
        yield warning("serving", text, "set --ftgate-engine vllm (for the doctor --engine vllm), or remove the key")
