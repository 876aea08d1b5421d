"""Settings and data of one fine-tune -> TrainJob: all that decides its outcome, as one JSON file with a digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.serve.precision import native_dtype

LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "accelerate")
"""Whose versions may change the weights."""

TOKENS_FILE = "tokens.json"
"""Messages and token ids of the first training rows, beside the manifest, to be compared with the server's."""

SMALL_DATA_ROWS = 1_000
REFERENCED = ("dpo", "kto")
"""Methods that hold the trained model to a reference, the base, and learn from what people prefer or want."""

METHODS_OF = {
    "beta": REFERENCED,
    "load_in_4bit": REFERENCED,
    "desirable_weight": ("kto",),
    "undesirable_weight": ("kto",),
}
"""Settings that some methods alone look at."""
NOT_IN_DIGEST = ("train_file", "validation_file", "base", "report_to", "name", "lineage")
"""Where things lie and who else is told of them; contents count, by their digests."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The table [train] of pipeline.toml; each field is described in pipeline.schema.json.

    beta, load_in_4bit: of methods "dpo" and "kto" alone. desirable_weight, undesirable_weight: of "kto" alone.
    warmup: share of the steps. max_length: tokens. patience: validations. threads: 0 = all cores.
    """

    method: str = "qlora"
    epochs: int = 2
    learning_rate: float = 2e-4
    scheduler: str = "cosine"
    warmup: float = 0.05
    batch_size: int = 8
    gradient_accumulation: int = 1
    max_length: int = 1024
    weight_decay: float = 0.01
    max_grad_norm: float = 0.3
    patience: int = 3
    seed: int = 0
    threads: int = 0
    accelerate_config: str = ""
    price_per_hour: float = 0.0
    beta: float = 0.1
    load_in_4bit: bool = True
    desirable_weight: float = 1.0
    undesirable_weight: float = 1.0

    @property
    def referenced(self) -> bool:
        """Whether the model is held to a reference, see REFERENCED."""
        return self.method in REFERENCED

    @property
    def in_4bit(self) -> bool:
        """Whether the base is held in NF4 while it is trained."""
        return self.method == "qlora" or (self.referenced and self.load_in_4bit)

    def settings(self) -> dict[str, Any]:
        """The fields that the method looks at."""
        return {
            name: value for name, value in asdict(self).items() if self.method in METHODS_OF.get(name, (self.method,))
        }


@dataclass(frozen=True, slots=True)
class Lora:
    """The table [lora]; r and alpha 0 = to be chosen by `resolved`. target_modules: names, or "all-linear"."""

    r: int = 0
    alpha: float = 0.0
    dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "all-linear"

    def resolved(self, rows: int) -> Lora:
        """With r 8 below 1,000 training rows, else 16, and alpha 2 r, where they are not set."""
        r = self.r or (8 if rows < SMALL_DATA_ROWS else 16)
        return Lora(r, self.alpha or 2.0 * r, self.dropout, self.target_modules)


@dataclass(frozen=True, slots=True)
class Grading:
    """How validation answers are judged: the golden set's own graders, and the longest answer in tokens.

    reasoning: "split" or "keep", as in [request].
    """

    graders: tuple[Mapping[str, Any], ...] = ({"kind": "exact"},)
    label: Mapping[str, Any] | None = None
    max_tokens: int = 256
    reasoning: str = "split"


@dataclass(frozen=True, slots=True)
class TrainJob:
    """One fine-tune. It holds no path of a golden set.

    name: of the pipeline. base: folder or hub id. dtype: of training, validation and serving. quantization: of serving,
    used in validation.
    train_digest, validation_digest: sha256 of the files. max_rows: of training, 0 = all. prompt: `Prompt.to_json()`.
    lineage: of the data until the trainer reads them, see `lineage.begun`.
    """

    name: str
    base: str
    base_digest: str
    train_file: str
    validation_file: str
    train_digest: str
    validation_digest: str
    revision: str | None = None
    dtype: str = field(default_factory=native_dtype)
    quantization: str | None = None
    max_rows: int = 0
    prompt: Mapping[str, Any] = field(default_factory=dict)
    grading: Grading = field(default_factory=Grading)
    tuning: Tuning = field(default_factory=Tuning)
    lora: Lora = field(default_factory=Lora)
    report_to: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 (64 hex digits) of contents, settings and library versions; paths do not count."""
        data = self.to_json()
        outside = {"accelerate_config", "price_per_hour"}
        data["tuning"] = {k: v for k, v in self.tuning.settings().items() if k not in outside}
        return digest_of({k: v for k, v in data.items() if k not in NOT_IN_DIGEST})

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON values; `TrainJob.from_json` reads them back."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TrainJob:
        """The inverse of `to_json`."""
        parts = dict(data)
        grading, lora = dict(parts.pop("grading")), dict(parts.pop("lora"))
        if isinstance(lora["target_modules"], list):
            lora["target_modules"] = tuple(lora["target_modules"])
        return cls(
            **(parts | {"report_to": tuple(parts["report_to"]), "tuning": Tuning(**parts["tuning"])}),
            grading=Grading(**(grading | {"graders": tuple(grading["graders"])})),
            lora=Lora(**lora),
        )

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        write_text(path, json.dumps(self.to_json(), indent=1, ensure_ascii=False))

    @classmethod
    def read(cls, path: Path) -> TrainJob:
        """What `write` wrote."""
        return cls.from_json(json.loads(path.read_text(encoding="utf-8")))


def library_versions() -> dict[str, str]:
    """Name -> version of every library in LIBRARIES; "missing" if it is not installed."""
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
