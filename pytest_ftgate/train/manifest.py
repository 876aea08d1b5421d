"""What came out of a fine-tune -> manifest.json, written last: its existence is the commit."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.seal import seal

FILE = "manifest.json"
SEAL = "seal"
"""In the file: who wrote it had the key of the state folder."""
Curve = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One validation. epoch: passes over the rows until then, > 0, not whole within one. step: the last one, from 1.

    score: mean grade, 0..1. passed of cases. loss: mean over answer tokens, in nats. perplexity: exp(loss).
    train_loss: mean of the steps since the validation before.
    """

    epoch: float
    step: int
    score: float
    passed: int
    cases: int
    loss: float
    perplexity: float
    train_loss: float

    @property
    def name(self) -> str:
        """For messages: "epoch 2", or within an epoch "epoch 1.33 (step 40)"."""
        whole = self.epoch == round(self.epoch)
        return f"epoch {self.epoch:.0f}" if whole else f"epoch {self.epoch:.2f} (step {self.step})"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished fine-tune.

    path: of this file. digest: of the adapter (or of the whole model, method "full"). best_epoch: `Epoch.epoch`.
    params: settings and provenance as flat values. metrics: numbers of the best epoch and of the run (units in names).
    curves: name -> (step, value) pairs. template_digest: sha256 of the chat template.
    lineage: of the data, see `lineage.begun`; of what was trained before there was one, empty.
    """

    path: Path
    job_digest: str
    digest: str
    method: str
    best_epoch: float
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
        """The best validation."""
        return next(epoch for epoch in self.epochs if epoch.epoch == self.best_epoch)

    def write(self, key: bytes) -> None:
        """As JSON, whole or not at all; the path itself is not in the file. key: of the state folder, for the seal."""
        data = {name: value for name, value in asdict(self).items() if name != "path"}
        data |= {SEAL: _seal(key, data)}
        write_text(self.path, json.dumps(data, indent=1, ensure_ascii=False))


def is_sealed(path: Path, key: bytes) -> bool:
    """Whether a file is a manifest that a run of the state folder with this key wrote, as it wrote it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data.pop(SEAL, "")
        return isinstance(found, str) and hmac.compare_digest(found.encode(), _seal(key, data).encode())
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return False


def _seal(key: bytes, data: Mapping[str, Any]) -> str:
    """Of the values as JSON holds them: a tuple is a list there, and a perplexity may be infinite."""
    return seal(key, json.dumps(data, sort_keys=True).encode())


def read_manifest(path: Path) -> Manifest:
    """What `Manifest.write` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    data.pop(SEAL, None)
    curves = {name: [(step, value) for step, value in points] for name, points in data.pop("curves").items()}
    epochs = tuple(Epoch(**epoch) for epoch in data.pop("epochs"))
    return Manifest(path=path, epochs=epochs, curves=curves, **data)
