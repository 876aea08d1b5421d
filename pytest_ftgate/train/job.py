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
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.precision import native_dtype
from pytest_ftgate.train.tuning import Lora, Tuning

LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "accelerate")
"""Whose versions may change the weights."""

TOKENS_FILE = "tokens.json"
"""Messages and token ids of the first training rows, beside the manifest, to be compared with the server's."""

INITIAL = "initial"
"""Folder of the adapter before the first step, beside the checkpoints: see `initial_weights`."""

NOT_IN_DIGEST = ("train_file", "validation_file", "base", "begin_adapter", "report_to", "name", "lineage", "origins")
"""Where things lie and who else is told of them; contents count, by their digests."""

PLACES = {
    *("gpu_ids", "machine_rank", "main_process_ip", "main_process_port", "same_network", "rdzv_backend", "rdzv_conf"),
    *("deepspeed_hostfile", "deepspeed_inclusion_filter", "deepspeed_exclusion_filter", "deepspeed_multinode_launcher"),
}
"""Keys of accelerate that say where it is computed, and not what."""


@dataclass(frozen=True, slots=True)
class Grading:
    """How validation answers are judged: the golden set's own graders, and the longest answer in tokens.

    reasoning: "split" or "keep", stop: texts that end an answer, both as in [request].
    """

    graders: tuple[Mapping[str, Any], ...] = ({"kind": "exact"},)
    label: Mapping[str, Any] | None = None
    max_tokens: int = 256
    reasoning: str = "split"
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainJob:
    """One fine-tune. It holds no path of a golden set.

    name: of the pipeline. base: folder or hub id. dtype: of training, validation and serving. quantization: of serving,
    used in validation.
    train_digest, validation_digest: sha256 of the files. max_rows: of training, 0 = all. prompt: `Prompt.to_json()`.
    accelerate: the content of train.accelerate_config; empty without one. lineage: of the data until the trainer reads
    them, see `lineage.begun`. origins: where the rows come from several files, the folder from which their "origin"
    names these. begin_adapter, begin_digest: folder and digest of the adapter that is trained further; ""
    = a new one.
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
    chat: ChatFormat = field(default_factory=ChatFormat)
    prompt: Mapping[str, Any] = field(default_factory=dict)
    grading: Grading = field(default_factory=Grading)
    tuning: Tuning = field(default_factory=Tuning)
    lora: Lora = field(default_factory=Lora)
    accelerate: Mapping[str, Any] = field(default_factory=dict)
    report_to: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    origins: str = ""
    begin_adapter: str = ""
    begin_digest: str = ""

    @property
    def digest(self) -> str:
        """sha256 (64 hex digits) of contents, settings and library versions; paths do not count."""
        data = self.to_json()
        outside = {"accelerate_config", "price_per_hour", "where"}
        data["tuning"] = {k: v for k, v in self.tuning.settings().items() if k not in outside}
        data["accelerate"] = _without_places(self.accelerate)
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
        chat = ChatFormat(**parts.pop("chat"))
        return cls(
            **(parts | {"report_to": tuple(parts["report_to"]), "tuning": Tuning(**parts["tuning"])}),
            chat=chat,
            grading=Grading(**(grading | {key: tuple(grading.get(key, ())) for key in ("graders", "stop")})),
            lora=Lora(**lora),
        )

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        write_text(path, json.dumps(self.to_json(), indent=1, ensure_ascii=False))

    @classmethod
    def read(cls, path: Path) -> TrainJob:
        """What `write` wrote."""
        return cls.from_json(json.loads(path.read_text(encoding="utf-8")))


def _without_places(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same, also of the tables within."""
    kept = {key: value for key, value in settings.items() if key not in PLACES}
    return {key: _without_places(value) if isinstance(value, Mapping) else value for key, value in kept.items()}


def library_versions() -> dict[str, str]:
    """Name -> version of every library in LIBRARIES; "missing" if it is not installed."""
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
