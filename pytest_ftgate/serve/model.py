"""What is to be served -> a digest that stands for its content."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.digest import file_digest
from pytest_ftgate.serve.adapter import CONFIG, adapter_digest
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.precision import native_dtype

CONTENT = {".safetensors", ".bin", ".gguf", ".json", ".jinja", ".model", ".txt", ".tiktoken", ".py"}
"""Suffixes of the files that decide what a model folder answers: weights, configuration, tokenizer, template, and code
of its own, which only vLLM runs, told to by --trust-remote-code."""


@dataclass(frozen=True, slots=True)
class Model:
    """A base model, the precision it is served at, and an adapter on it.

    base: folder, hub id, or (served=True) the name under which a server that is not ours answers.
    revision: of a hub id. dtype: "bfloat16", "float16" or "float32"; left out, what this machine computes natively.
    quantization: as the engine calls it.
    adapter: folder with adapter_model.safetensors and adapter_config.json. chat: how conversations become text.
    engine: what serves it, its version and the arguments that change answers; "" = unknown.
    arguments, context: of `vllm serve`, for the server alone: those that change answers stand in `engine` too.
    """

    base: str
    revision: str | None = None
    dtype: str = field(default_factory=native_dtype)
    quantization: str | None = None
    adapter: Path | None = None
    served: bool = False
    chat: ChatFormat = field(default_factory=ChatFormat)
    engine: str = ""
    arguments: tuple[str, ...] = ()
    context: int = 0

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
        """Digest of all that decides the answers (64 hex digits). Raises ServeError, see `adapter_digest`."""
        if self.served:
            return self.base_digest
        adapter = adapter_digest(self.adapter) if self.adapter else ""
        parts = [self.base_digest, self.dtype, self.quantization or "", adapter]
        if self.chat != ChatFormat():
            parts += astuple(self.chat)
        if self.engine:
            parts.append(f"engine {self.engine}")
        return _sha256("\n".join(parts))


def own_model(name: str, url_flag: str) -> Model:
    """The model of that name, a folder or a hub id, served by ourselves.

    url_flag: the option that should have been given where the name is one that a running server knows. Raises
    ServeError for a name that is neither.
    """
    if "/" not in name and not Path(name).is_dir():
        raise ServeError(
            f"model {name!r}: no such folder, and a hub id is written 'org/name'\n{served_question(name, url_flag)}"
        )
    return Model(name)


def served_question(name: str, url_flag: str) -> str:
    """For the user who named a model that is not here."""
    return f"    if {name!r} is what a running server calls it, pass its address too: {url_flag} URL"


def folder_digest(path: Path) -> str:
    """sha256 over names and contents of a model folder's files (`CONTENT`, not in sub-folders)."""
    return _sha256("\n".join(f"{f.name} {file_digest(f)}" for f in model_files(path)))


def model_files(path: Path) -> list[Path]:
    """The files of a model folder that `folder_digest` stands for, by name. Raises ServeError if there are none."""
    files = sorted(f for f in path.iterdir() if f.is_file() and f.suffix in CONTENT) if path.is_dir() else []
    if not files:
        raise ServeError(f"{path}: no model files found; expected a folder with config.json and *.safetensors")
    return files


def artifact_digest(path: Path) -> str:
    """Digest of what a fine-tune left: `adapter_digest` of an adapter's folder, `folder_digest` of a whole model's."""
    return adapter_digest(path) if is_adapter(path) else folder_digest(path)


def served_name(digest: str) -> str:
    """The name under which the adapter of a model is loaded; it stands for this content and for no other."""
    return f"ftgate-{digest[:20]}"


def is_adapter(path: Path) -> bool:
    """True for the folder of an adapter, False for that of a whole model."""
    return (path / CONFIG).is_file()


def tuned(base: Model, folder: Path) -> Model:
    """What a fine-tune of `base` left in a folder, served at the same precision.

    A whole model's folder holds the chat template that it was trained with.
    """
    if is_adapter(folder):
        return replace(base, adapter=folder)
    return replace(base, base=str(folder), revision=None, chat=ChatFormat())


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
