"""Model folder -> its GGUF, if it holds one: such a model is served by llama.cpp, whatever engine serves the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import ServeError

if TYPE_CHECKING:
    from pytest_ftgate.serve.model import Model

NAME = "llamacpp"
"""Of the engine, in tags, logs and messages."""


def is_gguf(model: Model) -> bool:
    """True for a folder that holds a GGUF, which only llama.cpp reads."""
    return not model.served and any(_files(Path(model.base)))


def gguf_file(folder: Path) -> Path:
    """The one GGUF in a folder. Raises ServeError if there is none, or more than one."""
    found = _files(folder)
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found)
    raise ServeError(
        f"{folder}: found {len(found)} GGUF files{f' ({names})' if names else ''}, expected one\n"
        "    keep each form of a model in a folder of its own"
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.gguf") if path.is_file()) if folder.is_dir() else []
