"""(what the command line names, the pipelines) -> Target: the model that a plain run tests, and its server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, ServeError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target
    from pytest_ftgate.pipeline.training_runs import TrainingRuns
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.serve.servers.fixture_handle import Server

_URL_FLAG = "--ftgate-base-url"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderTest:
    """Which model a plain run tests, and where its answers may come from.

    target: "base", "champion", "vN" or "". regrade: "" or the run whose journal is graded again. resume: take what the
    journal holds under the same digests.
    """

    target: str
    regrade: str
    resume: bool


class ModelUnderTest:
    """Finds the model of a golden set: the one that is named, else that of the set's pipeline.

    target: "base", "champion", "vN" or "" (the champion, else base).
    """

    def __init__(
        self, target: str, catalogue: Catalogue, training: TrainingRuns, runtime: Callable[[], Runtime]
    ) -> None:
        self._target, self._catalogue, self._training, self._new_runtime = target, catalogue, training, runtime

    @property
    def _runtime(self) -> Runtime:
        return self._new_runtime()

    def target(self, suite: Suite) -> Target:
        """The model that this run tests on a golden set. Raises FtgateError."""
        from pytest_ftgate.pipeline.targets import Target, base_target
        from pytest_ftgate.serve.model import Model, own_model

        settings = self._runtime.settings
        self._check_named()
        several = suite.column.model if suite.column else ""
        name = several or settings.model
        if settings.engine == "openai":
            title = f"{name}, served at {settings.combinations.addresses.get(name, settings.base_url)}"
            return Target(title, Model(name, served=True))
        if several:
            return Target(name, self._served(own_model(name, _URL_FLAG)))
        if settings.model:
            return base_target(self._served(own_model(settings.model, _URL_FLAG)))
        task, pipeline = self._catalogue.pipeline_for(suite.name)
        return self._runtime.targets.named(self._target, task, self._served(pipeline.base_model))

    def _served(self, model: Model) -> Model:
        """As the run serves it. Raises ServeError, with what else the name may be."""
        try:
            return self._runtime.engines.as_served(model)
        except ServeError as error:
            raise self.explained(error) from None

    def _check_named(self) -> None:
        """Raises FtgateError if a server is to be asked whose address or model is not named."""
        from pytest_ftgate.serve.client.denial import models_hint, names_at
        from pytest_ftgate.serve.client.key import key_from_environment

        settings = self._runtime.settings
        if settings.unnamed:
            names = names_at(settings.base_url, key_from_environment()) if settings.base_url else []
            raise FtgateError("\n    ".join([settings.unnamed, *([models_hint("", names)] if names else [])]))

    def explained(self, error: ServeError) -> ServeError:
        """With the question whether the named model is one of a server, where it may be."""
        from pytest_ftgate.serve.model import served_question

        settings = self._runtime.settings
        if not settings.model or settings.engine == "openai" or Path(settings.model).is_dir():
            return error
        return ServeError(f"{error}\n{served_question(settings.model, _URL_FLAG)}")

    def server(self) -> Server:
        """The server of `base_model`, started if need be. Raises FtgateError."""
        from pytest_ftgate.pipeline.targets import base_target
        from pytest_ftgate.serve.servers.fixture_handle import Server

        model = self.base_model()
        engine = self._runtime.started(base_target(model))
        return Server(engine, model, getattr(engine, "log", None))

    def base_model(self) -> Model:
        """The model that was named on the command line, else the one of all pipelines. Raises FtgateError."""
        from pytest_ftgate.serve.model import Model, own_model

        settings = self._runtime.settings
        self._check_named()
        if settings.engine == "openai":
            return Model(settings.model, served=True)
        if settings.model:
            return self._served(own_model(settings.model, _URL_FLAG))
        names = list(self._training.names or self._catalogue.pipeline_paths)
        models = {self._catalogue.pipeline(name).base_model for name in names}
        if len(models) != 1:
            raise FtgateError(
                f"which model? {len(names)} pipelines here have {len(models)}; name one with --ftgate-model FOLDER"
            )
        return self._served(models.pop())
