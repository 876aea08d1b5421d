"""What came out of a fine-tune -> manifest.json, written last: its existence is the commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.files.atomic import write_text

FILE = "manifest.json"
Curve = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One validation. score: mean grade, 0..1. passed of cases. loss: mean over answer tokens, in nats.

    train_loss: mean of the epoch's steps. step: the last one. perplexity: exp(loss).
    """

    epoch: int
    step: int
    score: float
    passed: int
    cases: int
    loss: float
    perplexity: float
    train_loss: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished fine-tune.

    path: of this file. digest: of the adapter (or of the whole model, method "full"). best_epoch: 1-based.
    params: settings and provenance as flat values. metrics: numbers of the best epoch and of the run (units in names).
    curves: name -> (step, value) pairs. template_digest: sha256 of the chat template.
    lineage: of the data, see `lineage.begun`; of what was trained before there was one, empty.
    """

    path: Path
    job_digest: str
    digest: str
    method: str
    best_epoch: int
    epochs: tuple[Epoch, ...]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    curves: Mapping[str, Curve]
    versions: Mapping[str, str]
    template_digest: str
    lineage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def adapter(self) -> Path:
        """The folder of the best epoch's adapter (of the whole model, method "full")."""
        return self.path.parent / "adapter"

    @property
    def best(self) -> Epoch:
        """The best epoch."""
        return next(epoch for epoch in self.epochs if epoch.epoch == self.best_epoch)

    def write(self) -> None:
        """As JSON, whole or not at all; the path itself is not in the file."""
        data = {key: value for key, value in asdict(self).items() if key != "path"}
        write_text(self.path, json.dumps(data, indent=1, ensure_ascii=False))


def read_manifest(path: Path) -> Manifest:
    """What `Manifest.write` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    curves = {name: [(step, value) for step, value in points] for name, points in data.pop("curves").items()}
    epochs = tuple(Epoch(**epoch) for epoch in data.pop("epochs"))
    return Manifest(path=path, epochs=epochs, curves=curves, **data)
