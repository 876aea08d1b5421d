"""How long the fine-tune takes, and what it costs -> a finding, by an earlier run's speed or a table of cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.doctor.finding import Findings, ok
from pytest_ftgate.train.estimate.speed import tabled

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient


def time_and_price(patient: Patient) -> Findings:
    """Of all steps, without validation. Nothing where rows or speed are not known."""
    speed, source = _speed(patient)
    if not (patient.rows and patient.row and speed and patient.here):
        return
    tokens = patient.rows * patient.row * patient.pipeline.tuning.passes(patient.rows)
    seconds = tokens / speed
    text = f"fine-tune about {_duration(seconds)}: {tokens:,.0f} tokens at {speed:,.0f}/s, {source}"
    price = patient.pipeline.tuning.price_per_hour
    cost = f"; costs about {price * seconds / 3600:.2f}" if price else "; train.price_per_hour gives the price"
    yield ok("time", text + cost)


def _speed(patient: Patient) -> tuple[float, str]:
    """Tokens per second, and where the number is from; 0 = unknown."""
    kind, tuning = "gpu" if patient.cuda else "cpu", patient.pipeline.tuning
    for manifest in patient.manifests():
        same = manifest.params.get("base") == patient.pipeline.base.model and manifest.method == tuning.method
        if same and f"train_{kind}_seconds" in manifest.metrics:
            return manifest.metrics.get("tokens_per_second", 0.0), "as measured in the last run here"
    if patient.cuda and patient.shapes:
        speed = tabled(patient.device.name, patient.shapes.weights, tuning) * tuning.gpus * tuning.nodes
        return speed, "from a table of cards, never measured here, good to a factor of two"
    return 0.0, ""


def whole_run(patient: Patient) -> Findings:
    """On a CPU, what `--train` says before it begins."""
    from pytest_ftgate.pipeline.forecast import forecast

    found = forecast(patient.pipeline, patient.suites) if patient.suites and not patient.quick else None
    if found is not None:
        yield ok("time", found.line())


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
