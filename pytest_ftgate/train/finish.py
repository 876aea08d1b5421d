"""Scored epochs -> the best one as adapter/, and the manifest, written last."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.data.lineage import trained
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.chat_format import TEMPLATE
from pytest_ftgate.serve.device import Device, this_device
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.train import epochs
from pytest_ftgate.train.events import FILE as EVENTS
from pytest_ftgate.train.events import read_events, step_curves
from pytest_ftgate.train.job import INITIAL, TrainJob
from pytest_ftgate.train.manifest import FILE as MANIFEST
from pytest_ftgate.train.manifest import Epoch, Manifest
from pytest_ftgate.train.precision import trained_dtype
from pytest_ftgate.train.validate import SCORE_FILE, folder_name


@dataclass(frozen=True, slots=True)
class Spent:
    """What training took. rows, tokens: of one epoch. train_s: seconds of training, validation not counted.

    device: "gpu" or "cpu". devices: GPUs, or cores, that were held meanwhile.
    too_long: rows that were left out for their length.
    """

    rows: int
    tokens: int
    train_s: float
    device: str = "cpu"
    devices: int = 1
    too_long: int = 0


def finish(job: TrainJob, out_dir: Path, spent: Spent, template: str, key: bytes) -> Manifest:
    """Choose the epoch, put it into adapter/, write the manifest, sealed by the key, and remove the checkpoints."""
    done = epochs.scored(out_dir / "epochs")
    best = epochs.best(done)
    best_folder = out_dir / "epochs" / folder_name(best.epoch, best.step)
    digest = _publish(job, best_folder, out_dir / "adapter", template)
    manifest = Manifest(
        path=out_dir / MANIFEST,
        job_digest=job.digest,
        digest=digest,
        method=job.tuning.method,
        best_epoch=best.epoch,
        epochs=tuple(done),
        params=_params(job, spent.rows, template),
        metrics=_metrics(job, spent, done, best),
        curves=step_curves(read_events(out_dir / EVENTS)) | _epoch_curves(done),
        versions=job.versions,
        template_digest=_sha256(template),
        lineage=trained(job.lineage, job.max_rows, job.tuning.max_length, spent.rows, spent.too_long),
    )
    manifest.write(key)
    for folder in ("checkpoints", INITIAL):
        shutil.rmtree(out_dir / folder, ignore_errors=True)
    return manifest


def _publish(job: TrainJob, epoch: Path, target: Path, template: str) -> str:
    """Copy the best epoch to its place in one step, the chat template beside it; the digest of what stands there."""
    part = target.with_name("part.adapter")
    for folder in (part, target):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(epoch, part, ignore=shutil.ignore_patterns(SCORE_FILE, f".{SCORE_FILE}.*"))
    if job.tuning.method != "full":
        (part / TEMPLATE).write_text(template, encoding="utf-8")  # of a whole model, its tokenizer has written it
    part.rename(target)
    return folder_digest(target) if job.tuning.method == "full" else adapter_digest(target)


def _params(job: TrainJob, rows: int, template: str) -> dict[str, Any]:
    """Settings and provenance as flat values."""
    data = job.to_json()
    lora = {} if job.tuning.method == "full" else {f"lora_{name}": value for name, value in data["lora"].items()}
    names = (
        "base",
        "revision",
        "base_digest",
        "dtype",
        "quantization",
        "train_digest",
        "validation_digest",
        "begin_digest",
    )
    return {
        **{name: data[name] for name in names},
        **job.tuning.settings(),
        **lora,
        **_machine(this_device()),
        "trained_dtype": trained_dtype(job, this_device().kind),
        "rows": rows,
        "template_digest": _sha256(template),
    }


def _machine(device: Device) -> dict[str, Any]:
    """What the weights were trained on: of equal seeds only equal machines give equal weights."""
    from torch.version import cuda

    return {"device": device.name, "driver": device.driver, "cuda": cuda or "" if device.kind == "cuda" else ""}


def _metrics(job: TrainJob, spent: Spent, done: Sequence[Epoch], best: Epoch) -> dict[str, float]:
    tokens = round(spent.tokens * done[-1].epoch)
    return {
        "validation_score": best.score,
        "validation_loss": best.loss,
        "validation_perplexity": best.perplexity,
        "train_loss": done[-1].train_loss,
        "train_tokens": float(tokens),
        "train_seconds": spent.train_s,
        f"train_{spent.device}_seconds": spent.train_s * spent.devices,
        "tokens_per_second": tokens / spent.train_s if spent.train_s else 0.0,
        "cost": job.tuning.price_per_hour * spent.train_s / 3600,
    }


def _epoch_curves(done: Sequence[Epoch]) -> dict[str, list[tuple[int, float]]]:
    return {
        "validation_score": [(epoch.step, epoch.score) for epoch in done],
        "validation_loss": [(epoch.step, epoch.loss) for epoch in done],
        "validation_perplexity": [(epoch.step, epoch.perplexity) for epoch in done],
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
