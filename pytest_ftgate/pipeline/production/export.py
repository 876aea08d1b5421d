"""A registered version -> the same model in another form, in a folder. It is gated and registered elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.production.form_gate import check_parent
from pytest_ftgate.registry.model_tags import model_of
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.write_form import Tools, write_form
from pytest_ftgate.serve.hub import fetched
from pytest_ftgate.serve.model import Model, folder_digest

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """A model in another form, written and not gated yet.

    digest: of the folder, as `artifact_digest` counts it. parent: the version that it was made of, "v3@<digest>", as
    the tag PARENT holds it. model: the parent, as it was tested. checks: what was compared on the way.
    """

    folder: Path
    digest: str
    form: Form
    parent: str
    model: Model
    checks: tuple[str, ...]


def export(  # noqa: PLR0913, PLR0917
    registry: Registry,
    version: Version,
    form: Form,
    dest: Path,
    say: Say,
    base: str | None = None,
    tools: Tools | None = None,
) -> Exported:
    """Fetch a version, check its digests, and write it in another form into the folder `dest`.

    base: the base model's folder, if it was moved since the test. Raises RegistryError, ServeError, MissingExtra, see
    `model_of` and `write_form`.
    """
    check_parent(version)
    model = fetched(model_of(version, registry.fetch(version), base), say=say)
    written = write_form(model, form, dest, say, tools)
    parent = str(version.as_predecessor())
    return Exported(written.folder, folder_digest(written.folder), form, parent, model, written.checks)
