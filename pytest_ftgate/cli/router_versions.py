"""(registry, kind, champion and candidate) -> nothing, or why another model than the gated one would answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.registry.model_tags import (
    BASE,
    BASE_DIGEST,
    DATE,
    DTYPE,
    QUANTIZATION,
    REVISION,
    TEMPLATE,
    VARIABLES,
)
from pytest_ftgate.registry.version import FORM

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

LOADS_ADAPTERS = ("gateway-api", "production-stack", "ray-serve")
_RAY_CANNOT = {
    QUANTIZATION: "quantization",
    TEMPLATE: "a chat template of its own",
    VARIABLES: "variables of the chat template",
    DATE: "a fixed date",
}
_INSTEAD = "    Start the servers by `ftgate serve`, and write a router of --kind nginx or litellm"


def check_versions(registry: Registry, kind: str, versions: Sequence[Version]) -> None:
    """Raises FtgateError if what is written would have servers answer as another model than the one that was tested."""
    if kind not in LOADS_ADAPTERS:
        return
    for version in versions:
        _check_adapter(registry, kind, version)
        if kind == "ray-serve":
            _check_ray(version)
    for version in versions[1:]:
        _check_base(kind, versions[0], version)


def _check_adapter(registry: Registry, kind: str, version: Version) -> None:
    from pytest_ftgate.serve.model import is_adapter

    form = version.tags.get(FORM)
    if form or not is_adapter(registry.fetch(version)):
        what = f"the form {form}" if form else "a full model"
        raise FtgateError(f"--kind {kind} has servers load adapters, but {version} is {what}\n{_INSTEAD}")


def _check_ray(version: Version) -> None:
    if found := [what for tag, what in _RAY_CANNOT.items() if version.tags.get(tag)]:
        raise FtgateError(
            f"--kind ray-serve cannot state what {version} was tested with: {', '.join(found)}\n{_INSTEAD}"
        )


def _check_base(kind: str, champion: Version, candidate: Version) -> None:
    """One base model serves both. In a local folder it is known by its digest, wherever it was."""
    by = BASE_DIGEST if champion.tags.get(BASE_DIGEST) and candidate.tags.get(BASE_DIGEST) else BASE
    for tag in (by, REVISION, DTYPE):
        ours, theirs = champion.tags.get(tag), candidate.tags.get(tag)
        if ours != theirs:
            raise FtgateError(
                f"--kind {kind} has one base model serve both, but {candidate} was tested with {tag} {theirs}, "
                f"{champion} with {ours}\n    Give the candidate its own servers: --kind nginx --candidate-server URL"
            )
