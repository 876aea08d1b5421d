"""What is to be served -> a digest that stands for its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.precision import native_dtype

CONTENT = {".safetensors", ".bin", ".gguf", ".json", ".jinja", ".model", ".txt"}
"""Suffixes of the files that decide what a model folder answers: weights, configuration, tokenizer, template."""

NOT_ANSWERING = frozenset({"base_model_name_or_path", "inference_mode", "lora_dropout", "peft_version", "revision"})
"""Fields of adapter_config.json that change no answer: names of the base model, and what training alone reads."""


@dataclass(frozen=True, slots=True)
class Model:
    """A base model, the precision it is served at, and an adapter on it.

    base: folder, hub id, or (served=True) the name under which a server that is not ours answers.
    revision: of a hub id. dtype: "bfloat16", "float16" or "float32"; left out, what this machine computes natively.
    quantization: as the engine calls it.
    adapter: folder with adapter_model.safetensors and adapter_config.json.
    """

    base: str
    revision: str | None = None
    dtype: str = field(default_factory=native_dtype)
    quantization: str | None = None
    adapter: Path | None = None
    served: bool = False

    @property
    def base_digest(self) -> str:
        """Digest of the base model alone: content of a folder, or the name of what is not here (64 hex digits)."""
        if self.served:
            return _sha256(f"served:{self.base}")
        if Path(self.base).is_dir():
            return folder_digest(Path(self.base))
        return _sha256(f"hub:{self.base}@{self.revision or 'main'}")

    @property
    def digest(self) -> str:
        """Digest of all that decides the answers (64 hex digits). Raises ServeError if a file is missing."""
        if self.served:
            return self.base_digest
        adapter = adapter_digest(self.adapter) if self.adapter else ""
        return _sha256("\n".join([self.base_digest, self.dtype, self.quantization or "", adapter]))


def folder_digest(path: Path) -> str:
    """sha256 over names and contents of a model folder's files (`CONTENT`, not in sub-folders)."""
    files = sorted(f for f in path.iterdir() if f.is_file() and f.suffix in CONTENT) if path.is_dir() else []
    if not files:
        raise ServeError(f"{path}: no model files found; expected a folder with config.json and *.safetensors")
    return _sha256("\n".join(f"{f.name} {_file_digest(f)}" for f in files))


def adapter_digest(path: Path) -> str:
    """sha256 over the adapter's weights and all fields of its configuration but `NOT_ANSWERING`."""
    weights, config = path / "adapter_model.safetensors", path / "adapter_config.json"
    for file in (weights, config):
        if not file.is_file():
            raise ServeError(f"{file}: not found; an adapter folder holds {weights.name} and {config.name}")
    fields = _adapter_fields(json.loads(config.read_text("utf-8")))
    return _sha256(f"{_file_digest(weights)}\n{json.dumps(fields, sort_keys=True)}")


def artifact_digest(path: Path) -> str:
    """Digest of what a fine-tune left: `adapter_digest` of an adapter's folder, `folder_digest` of a whole model's."""
    return adapter_digest(path) if is_adapter(path) else folder_digest(path)


def served_name(digest: str) -> str:
    """The name under which the adapter of a model is loaded; it stands for this content and for no other."""
    return f"ftgate-{digest[:20]}"


def is_adapter(path: Path) -> bool:
    """True for the folder of an adapter, False for that of a whole model."""
    return (path / "adapter_config.json").is_file()


def tuned(base: Model, folder: Path) -> Model:
    """What a fine-tune of `base` left in a folder, served at the same precision."""
    return replace(base, adapter=folder) if is_adapter(folder) else replace(base, base=str(folder), revision=None)


def _adapter_fields(config: dict[str, Any]) -> dict[str, Any]:
    """All fields but those that change no answer; one that is off, null or empty is as good as left out."""
    fields = {name: value for name, value in config.items() if name not in NOT_ANSWERING and value}
    if isinstance(fields.get("target_modules"), list):
        fields["target_modules"] = sorted(fields["target_modules"])
    return fields


def _file_digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of_version(path.resolve(), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest_of_version(path: Path, _size: int, _mtime_ns: int) -> str:
    """Read once for each version of a file in this process."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
