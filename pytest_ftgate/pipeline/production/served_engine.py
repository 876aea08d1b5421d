"""(version, what the user wants) -> the engine that serves it: the one that it was gated with, or none."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ftgate.errors import ServeError
from pytest_ftgate.registry import Version
from pytest_ftgate.registry.model_tags import ENGINE
from pytest_ftgate.serve.servers.engine_identity import identity

AUTO = "auto"
KINDS = ("transformers", "vllm")


@dataclass(frozen=True, slots=True)
class Wanted:
    """kind: one of KINDS, or AUTO: as the version was gated. vllm, vllm_args: executable and arguments of vLLM."""

    kind: str = AUTO
    vllm: str = ""
    vllm_args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """kind: one of KINDS. identity: of that engine here. warning: "" if the version was gated with the same."""

    kind: str
    identity: str
    warning: str = ""


def choose(version: Version, wanted: Wanted) -> Chosen:
    """The engine for a version. Raises ServeError if it was gated with one that is not here, and none was named."""
    gated = version.tags.get(ENGINE, "")
    kind = wanted.kind if wanted.kind != AUTO else gated.partition(" ")[0] or KINDS[0]
    here = identity(kind, wanted.vllm, wanted.vllm_args) if kind in KINDS else ""
    if not gated or here == gated:
        return Chosen(kind, here)
    if wanted.kind != AUTO:
        return Chosen(
            kind, here, f"{version} was gated with {gated}, and is served here with {here}: answers may differ"
        )
    other = next(name for name in KINDS if name != kind)
    raise ServeError(
        f"{version} was gated with {gated}; here is {here or 'no such engine'}\n"
        f"    install that release (vLLM: name it with --vllm PATH, its arguments with --vllm-args);\n"
        f"    or serve it with another engine, whose answers may differ: --engine {here.partition(' ')[0] or other}"
    )
