"""(name such as "base", "champion" or "v3") -> Target: the model under test, fetched from the registry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.settings import Settings
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.serve.model import Model


@dataclass(frozen=True, slots=True)
class Target:
    """A model under test: its name in reports ("champion v3"), what it is, and its version if it has one."""

    title: str
    model: Model
    version: Version | None = None

    @property
    def digest(self) -> str:
        """Digest of all that decides its answers, 64 hex digits."""
        return self.model.digest

    @property
    def as_asked(self) -> str:
        """The title, for messages about its precision: a version is asked at the one that it was gated at."""
        return f"{self.title}, as it was gated" if self.version else self.title


def base_target(base: Model) -> Target:
    """The untuned model as a target."""
    return Target("base", base)


class Targets:
    """Finds models in the registry of a run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def has_registry(self) -> bool:
        """True if a registry exists; asks without importing MLflow."""
        from pytest_ftgate.registry import exists

        return exists(self._settings.tracking_uri or None, self._settings.state_dir)

    @cached_property
    def registry(self) -> Registry:
        """The registry, made if need be."""
        from pytest_ftgate.registry import Keys, open_registry
        from pytest_ftgate.registry.access.cipher import Cipher, from_environment
        from pytest_ftgate.registry.access.right import key_file

        settings = self._settings
        cipher = from_environment(Cipher(settings.encrypt, settings.decrypt))
        keys = Keys(settings.signing_key, settings.verify_key, cipher)
        opened = open_registry(settings.tracking_uri or None, settings.state_dir, keys)
        return replace(opened, promoter_key=key_file(settings.promoter_key))

    def champion(self, task: str) -> Version | None:
        """What production serves, None if nothing was ever promoted. Raises IntegrityError, see `Registry.champion`."""
        if self.has_registry:
            return self.registry.champion(task)
        from pytest_ftgate.registry.standing import check_never_had

        check_never_had(self.registry.log, task, self.registry.store.shown)
        return None

    def named(self, wanted: str, task: str, base: Model) -> Target:
        """The model that is called "base", "champion", "vN", or "" (the champion, else base). Raises FtgateError.

        A version comes at the precision it was tested at, also where this machine would choose another.
        """
        if wanted == "base":
            return base_target(base)
        from pytest_ftgate.registry.model_tags import as_tested
        from pytest_ftgate.serve.model import tuned

        version = self._version(wanted, task)
        if version is None:
            return base_target(base)
        adapter = self.registry.fetch(version)
        title = f"{wanted or 'champion'} v{version.number}".removeprefix(f"v{version.number} ")
        return Target(title, tuned(as_tested(version, base), adapter), version)

    def _version(self, wanted: str, task: str) -> Version | None:
        if wanted.startswith("v"):
            return self.registry.version(task, int(wanted[1:]))
        champion = self.champion(task)
        if champion is None and wanted == "champion":
            raise FtgateError(f"{task} has no champion yet; train one: pytest pipelines/{task} --train")
        return champion
