"""(registry, version) -> the folder of the base model that the version was tested with.

With `[registry] base = true` the registry holds it, for machines where that folder is not. A base model with a hub id
comes from the hub, at its commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import RegistryError, ServeError
from pytest_ftgate.registry import bases
from pytest_ftgate.registry.model_tags import BASE, BASE_DIGEST

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.serve.model import Model

FOLDER = "bases"
"""In the state folder: base models from the registry, by the first digits of their digest."""


def _silent(_line: str) -> None:
    """Where there is no console: the line names a folder that another machine has written down."""


def keep_base(registry: Registry, base: Model) -> bool:
    """Upload the folder of a base model, unless the registry holds it or it is none of this machine's folders; whether
    it was uploaded. What was interrupted is gone on with by the next call. Raises RegistryError.
    """
    folder = Path(base.base)
    return not base.served and folder.is_dir() and bases.keep(registry.store, folder, base.base_digest)


def base_here(registry: Registry, version: Version, pipeline: Pipeline) -> Model:
    """The base model of a pipeline.toml; where its folder is not on this machine, the one that a version was tested on.

    Raises PipelineError or RegistryError, see `base_folder`.
    """
    folder = Path(pipeline.base.model)
    if not folder.is_absolute() or folder.is_dir():
        return pipeline.base_model
    return replace(pipeline, base=replace(pipeline.base, model=base_folder(registry, version))).base_model


def base_folder(
    registry: Registry, version: Version, given: str | None = None, say: Callable[[str], None] = _silent
) -> str:
    """Where the base model of a version is now: `given`, the tested folder or hub id, or a copy from the registry.

    Raises RegistryError if neither this machine nor the registry has what was tested.
    """
    tested, digest = version.tags.get(BASE, ""), version.tags.get(BASE_DIGEST, "")
    if given or not digest or _digest_of(Path(tested)) == digest:
        return given or tested
    dest = registry.state_dir / FOLDER / digest[:16]
    if _digest_of(dest) == digest:
        return str(dest.resolve())
    if not bases.has(registry.store, digest):
        raise RegistryError(_missing(version, Path(tested), digest))
    say(f"base model {Path(tested).name}: not here as tested; fetching it from the registry")
    return str(bases.fetch(registry.store, digest, dest).resolve())


def _digest_of(folder: Path) -> str:
    from pytest_ftgate.serve.model import folder_digest

    try:
        return folder_digest(folder) if folder.is_dir() else ""
    except (ServeError, OSError):
        return ""


def _missing(version: Version, tested: Path, digest: str) -> str:
    here = "is another one by now" if tested.is_dir() else "is not here"
    return (
        f"{version} was tested on the base model {tested} (digest {digest[:12]}), which {here}, and the registry does "
        "not hold it\n    Pass its folder: --base DIR; or set [registry] base = true in pipeline.toml where the folder "
        "is, and register the version again"
    )
