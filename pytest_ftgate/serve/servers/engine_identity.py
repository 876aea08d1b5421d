"""(engine, arguments) -> a text that stands for what serves: part of a model's digest.

The same weights at the same precision may answer otherwise through another engine, another release of it, or with
arguments such as `--quantization fp8`. A release is named by its first two numbers: those that only mend keep answers,
and must not make a champion's results stale. Where and on how many devices it runs does not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.llamacpp.gguf_folder import NAME

if TYPE_CHECKING:
    from pytest_ftgate.serve.model import Model


def identity(kind: str, vllm: str = "", arguments: Sequence[str] = (), model: Model | None = None) -> str:
    """kind: "transformers", "vllm" or "llamacpp". vllm: its executable. arguments: of `vllm serve`, all that the user
    gave. model: what is served, if its files are to be looked at, on which it depends what a context changes.
    """
    if kind == NAME:
        return (
            f"{NAME} {_installed('xllamacpp')}".strip()
        )  # its releases are numbered by date: each may answer otherwise
    if kind != "vllm":
        return " ".join(f"{name} {_release(_installed(name))}".strip() for name in ("transformers", "torch"))
    from pytest_ftgate.serve.vllm.command import find_vllm, version_of
    from pytest_ftgate.serve.vllm.context import long_rope
    from pytest_ftgate.serve.vllm.options import deciding

    try:
        release = _release(version_of(find_vllm(vllm)))
    except ServeError:  # told of when it is to be started; answers of earlier runs may do without
        release = ""
    rope = long_rope(model, arguments) if model else ""
    return " ".join(filter(None, ["vllm", release, deciding(arguments), rope]))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _release(full: str) -> str:
    """The first two numbers: "5.19" of "5.19.0"; "" of ""."""
    found = re.match(r"\d+\.\d+", full)
    return found.group() if found else full
