"""(version, what the user wants) -> the engine that serves it: the one that it was gated with, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_ftgate.errors import ServeError
from pytest_ftgate.registry import Version
from pytest_ftgate.registry.model_tags import ENGINE, runs_on_llamacpp
from pytest_ftgate.serve.llamacpp.gguf_folder import NAME as LLAMACPP
from pytest_ftgate.serve.servers.engine_identity import identity
from pytest_ftgate.serve.servers.engine_pool import EngineSettings
from pytest_ftgate.serve.vllm.context import LONG_ROPE
from pytest_ftgate.serve.vllm.options import asked_context

AUTO = "auto"
"""As `kind` of EngineSettings: as the version was gated."""

KINDS = ("transformers", "vllm", LLAMACPP)


@dataclass(frozen=True, slots=True)
class Chosen:
    """kind: one of KINDS. identity: of that engine here. warning: "" if the version was gated with the same."""

    kind: str
    identity: str
    warning: str = ""


def choose(version: Version, settings: EngineSettings) -> Chosen:
    """The engine for a version. Raises ServeError if it was gated with one that is not here, and none was named.

    A GGUF is run by llama.cpp alone, whatever is named.
    """
    gated = version.tags.get(ENGINE, "")
    kind = _kind(version, gated, settings.kind)
    here = identity(kind, settings.vllm, settings.vllm_args) if kind in KINDS else ""
    here += _long_rope(gated, settings.vllm_args)
    if not gated or here == gated:
        return Chosen(kind, here)
    if settings.kind != AUTO:
        warning = f"{version} was gated with {gated}, and is served here with {here}: answers may differ"
        return Chosen(kind, here, warning)
    raise ServeError(
        f"{version} was gated with {gated}; here is {here or 'no such engine'}\n"
        f"    install that release (vLLM: name it with --vllm PATH, its arguments with --vllm-args);\n"
        f"    or serve it with another engine, whose answers may differ: --engine {kind if here else KINDS[0]}"
    )


def _long_rope(gated: str, arguments: Sequence[str]) -> str:
    """What the identity has at its end if these arguments ask for a context as long as that of the gate."""
    _, named, short = gated.rpartition(f" {LONG_ROPE}")
    return f"{named}{short}" if named and asked_context(arguments) > int(short) else ""


def _kind(version: Version, gated: str, wanted: str) -> str:
    if runs_on_llamacpp(version):
        return LLAMACPP
    if wanted == LLAMACPP:
        raise ServeError(
            f"{version} is not a GGUF, and llama.cpp runs no other form\n    leave out --engine {LLAMACPP}"
        )
    return wanted if wanted != AUTO else gated.partition(" ")[0] or KINDS[0]
