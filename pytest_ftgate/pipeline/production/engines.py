"""Version -> it answers at an engine of ours, proved by a probe; the engine that runs takes it, or a second one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, ServeError
from pytest_ftgate.pipeline.production.base_models import base_folder
from pytest_ftgate.pipeline.production.log_folder import OwnFolder, own_folder
from pytest_ftgate.pipeline.production.served_engine import Chosen, choose
from pytest_ftgate.pipeline.production.steps import Steps
from pytest_ftgate.registry.model_tags import model_of
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.hub import fetched, in_megabytes
from pytest_ftgate.serve.servers.engine_pool import EngineSettings, new_engine
from pytest_ftgate.serve.servers.local import LocalEngine

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.serve.engine import Endpoint
    from pytest_ftgate.serve.model import Model

PROBE = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1, "temperature": 0}
PROBE_S = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A version that answers. digest: of the model with the engine that serves it. proof: what the probe showed.

    steps: what was done for it, with the seconds of each. seconds: of them all.
    """

    version: Version
    model: Model
    engine: LocalEngine
    endpoint: Endpoint
    digest: str
    proof: str = ""
    steps: str = ""
    seconds: float = 0.0


class Engines:
    """The servers of `ftgate serve`: one, and for a moment two. All methods block; one at a time but for `stop`.

    settings: kind AUTO is the engine that each version was gated with. base: where the base model is now, None: where
    it was. label: of their folder among the logs.
    """

    def __init__(
        self, registry: Registry, settings: EngineSettings, console: Console, base: str | None, label: str
    ) -> None:
        self.registry, self._settings, self._console = registry, settings, console
        self._base, self._label = base, label
        self._folder: OwnFolder | None = None
        self._running: list[tuple[str, LocalEngine]] = []  # with the identity of each
        self._stopped = False
        self._logs = count()

    def load(self, version: Version) -> Loaded:
        """Fetch, check, load and ask a version. Raises FtgateError, and then is as before."""
        chosen, steps = choose(version, self._settings), Steps()
        adapter = self.registry.fetch(version)
        steps.done("fetch and verify")
        base = base_folder(self.registry, version, self._base, self._console.line)
        steps.done("base model")
        model = self._here(model_of(version, adapter, base))
        steps.done("verify base model")
        if chosen.warning:
            self._console.line(chosen.warning)
        same = [engine for identity, engine in self._running if identity == chosen.identity]
        engine = next((engine for engine in reversed(same) if engine.takes(model)), None)
        loaded = self._at(engine, version, model, chosen) if engine else self._at_new(version, model, chosen)
        steps.done("start and probe" if engine is None else "load and probe")
        return replace(loaded, steps=str(steps), seconds=steps.total)

    def _here(self, model: Model) -> Model:
        """The model, with its base downloaded."""
        with self._console.progress(f"downloading {model.base}", None) as advance:
            return fetched(model, in_megabytes(advance), self._console.line)

    def _at_new(self, version: Version, model: Model, chosen: Chosen) -> Loaded:
        engine = self._new(model, chosen)
        beside = bool(self._running)
        self._running.append((chosen.identity, engine))
        if self._stopped:
            raise ServeError("the server is shutting down")
        try:
            engine.expect(model)
            with self._console.progress(f"starting {engine.name}", None) as advance:
                engine.start(lambda line: advance(0, line))
            return self._at(engine, version, model, chosen)
        except BaseException as error:
            self.end(engine)
            if beside and isinstance(error, ServeError):
                raise ServeError(f"{error}\n    {BESIDE}") from error
            raise

    def _at(self, engine: LocalEngine, version: Version, model: Model, chosen: Chosen) -> Loaded:
        was_there = engine.has(model)
        try:
            endpoint = engine.endpoint(model)
            _ask(endpoint)
        except FtgateError:
            if not was_there:
                engine.unload(model)
            raise
        digest = replace(model, engine=chosen.identity).digest
        return Loaded(version, model, engine, endpoint, digest, engine.verified)

    def _new(self, model: Model, chosen: Chosen) -> LocalEngine:
        if self._folder is None:
            self._folder = own_folder(self._settings.logs, self._label)
        log = self._folder.path / f"{chosen.kind}-{next(self._logs)}.log"
        return new_engine(self._settings, chosen.kind, replace(model, adapter=None), log)

    def retire(self, old: Loaded, current: Loaded) -> None:
        """Unload a version that answers nothing any more, and end its engine if it is not the current one's."""
        if old.engine is not current.engine:
            self.end(old.engine)
        elif old.endpoint.model != current.endpoint.model:
            old.engine.unload(old.model)

    def end(self, engine: LocalEngine) -> None:
        """Stop an engine; nothing is loaded into it again."""
        self._running = [pair for pair in self._running if pair[1] is not engine]
        engine.stop()

    def stop(self) -> None:
        """End all of them, also one that is starting: then `load` raises."""
        self._stopped = True
        for _, engine in list(self._running):
            engine.stop()
        folder, self._folder = self._folder, None
        if folder:
            folder.release()


BESIDE = (
    "it was started beside the one that serves, so that no request is lost: both must fit into memory\n"
    "    where they do not, restart `ftgate serve`: it begins with the champion"
)


def _ask(endpoint: Endpoint) -> None:
    """One answer of the version, as a client would get it. Raises ServeError."""
    url = f"{endpoint.base_url}/chat/completions"
    status, said = http.post(url, {**PROBE, "model": endpoint.model}, endpoint.api_key, PROBE_S)
    if status != 200 or not (isinstance(said, dict) and said.get("choices")):
        raise ServeError(f"the probe was not answered: HTTP {status}: {said}")
