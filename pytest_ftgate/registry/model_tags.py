"""Model -> tags of its version, and back: what must be known to serve exactly the model that was tested."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry.version import FORM, MODEL, Version

if TYPE_CHECKING:
    from pytest_ftgate.serve.chat_format import ChatFormat
    from pytest_ftgate.serve.model import Model

BASE, REVISION, DTYPE, QUANTIZATION = "ftgate.base", "ftgate.revision", "ftgate.dtype", "ftgate.quantization"
ENGINE = "ftgate.engine"
BASE_DIGEST = "ftgate.base_digest"
"""Of an adapter's base in a local folder: its content, by which the registry may hold it too. A whole model has no base
that must be found again: it is fetched itself.
"""

TEMPLATE, VARIABLES, DATE = "ftgate.chat_template", "ftgate.chat_template_kwargs", "ftgate.date"
"""Of `ChatFormat`; the template as text, so that a version is asked as it was tested wherever it is served."""


def tags_of(model: Model) -> dict[str, str]:
    """The tags from which `model_of` makes the same model again. A base in a local folder is named by its full path."""
    folder = Path(model.base)
    base = str(folder.resolve()) if folder.exists() else model.base
    tags = {MODEL: model.digest, BASE: base, DTYPE: model.dtype}
    kept = model.base_digest if model.adapter and folder.is_dir() and not model.served else ""
    optional = {BASE_DIGEST: kept, REVISION: model.revision, QUANTIZATION: model.quantization, ENGINE: model.engine}
    optional |= {TEMPLATE: model.chat.template, VARIABLES: model.chat.variables, DATE: model.chat.date}
    return tags | {name: value for name, value in optional.items() if value}


def name_of(version: Version) -> str:
    """The name under which servers answer as this version; it holds its digest. Raises RegistryError if unknown."""
    from pytest_ftgate.serve.model import served_name

    if MODEL not in version.tags:
        raise RegistryError(f"{version} was registered by another program without digests and cannot be served")
    return served_name(version.tags[MODEL])


def as_tested(version: Version, base: Model) -> Model:
    """The base model at the commit and precision, and with the chat template, that a version was tested with.

    They may be those of another machine, of an earlier pipeline.toml, and of a branch on the hub that has moved since.
    The engine is that of this run: a champion that was tested with another one is asked anew. See `engine_here` too.
    """
    tags = version.tags
    if DTYPE not in tags:
        return base
    if tags.get(BASE) == base.base:
        base = replace(base, revision=tags.get(REVISION, base.revision))
    return replace(
        base,
        dtype=tags[DTYPE],
        quantization=tags.get(QUANTIZATION),
        chat=_chat_of(version),
        engine=engine_here(version, base.engine),
    )


def runs_on_llamacpp(version: Version) -> bool:
    """Whether a version is a GGUF, which no other engine reads."""
    return version.tags.get(FORM, "").startswith("gguf")


def engine_here(version: Version, engine: str) -> str:
    """The engine that serves a version in a run of the engine `engine`, both as `engine_identity.identity`."""
    if not engine or not runs_on_llamacpp(version):
        return engine
    from pytest_ftgate.serve.servers.engine_identity import identity

    return identity("llamacpp")


def _chat_of(version: Version) -> ChatFormat:
    from pytest_ftgate.serve.chat_format import ChatFormat

    return ChatFormat(*(version.tags.get(name, "") for name in (TEMPLATE, VARIABLES, DATE)))


def model_of(version: Version, adapter: Path, base: str | None = None) -> Model:
    """The model of a version, its adapter, or whole model, being fetched to `adapter`.

    base: where the base model is now; of no interest for a whole model.

    Raises RegistryError if base, precision and adapter together are not the model that was tested.
    """
    from pytest_ftgate.serve.model import Model, tuned

    tags = version.tags
    if BASE not in tags or MODEL not in tags:
        raise RegistryError(f"{version} was registered without a base model and cannot be served from the registry")
    tested = Model(
        base or tags[BASE],
        tags.get(REVISION),
        tags[DTYPE],
        tags.get(QUANTIZATION),
        chat=_chat_of(version),
        engine=tags.get(ENGINE, ""),
    )
    model = tuned(tested, adapter)
    if model.digest != tags[MODEL]:
        raise RegistryError(
            f"{version} was tested as model {tags[MODEL]}, but {model.base} with its adapter is {model.digest}: "
            "the base model has changed\n    Restore the tested one, or pass its folder: --base DIR"
        )
    return model
