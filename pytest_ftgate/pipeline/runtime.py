"""Settings -> Runtime: the engines, the request pool, the journals and the registry that one run shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.progress import Console

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.journal import Journal
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.serve.client.pool import Pool
    from pytest_ftgate.serve.engine import Engine
    from pytest_ftgate.serve.model import Model


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run needs to know; see `options.Options` for the meaning of each."""

    state_dir: Path
    engine: str = "transformers"
    base_url: str = ""
    model: str = ""
    concurrency: int = 64
    tracking_uri: str = ""
    vllm: str = ""
    vllm_args: tuple[str, ...] = ()
    cache: str = ""
    cache_url: str = ""
    signing_key: Path | None = None
    verify_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A model under test: how it is called in reports ("champion v3"), what it is, and its version if it has one."""

    title: str
    model: Model
    version: Version | None = None

    @property
    def digest(self) -> str:
        """Digest of all that decides its answers, 64 hex digits."""
        return self.model.digest


@dataclass
class Runtime:
    """Opened at the first request, closed at the end of the run, on every way out."""

    settings: Settings
    console: Console
    _engines: dict[Model, Engine] = field(default_factory=dict)
    _up: list[Engine] = field(default_factory=list)
    _idle_mib: dict[str, int] | None = None
    _journals: dict[str, Journal] = field(default_factory=dict)
    _pool: Pool | None = None
    _registry: Registry | None = None

    def __enter__(self) -> Runtime:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what is on its way, stop every engine."""
        try:
            if self._pool is not None:
                self._pool.close()
                self._pool = None
        finally:
            self._stop()

    # --- asking models -----------------------------------------------------------------------------------------------

    @property
    def pool(self) -> Pool:
        """The request pool of the run."""
        if self._pool is None:
            from pytest_ftgate.serve.client.pool import Pool

            self._pool = Pool(concurrency=self.settings.concurrency)
        return self._pool

    def ask(self, evaluation: Evaluation, cases: Iterable[Case], target: Target, *, reuse: bool) -> int:
        """Send what is not answered yet; starts no engine if there is nothing. The number of requests sent."""
        wanted = evaluation.responses.missing(cases, reuse=reuse)
        if wanted:
            engine = self.started(target)
            evaluation.responses.send(wanted, self.pool, engine, target.model)
        return len(wanted)

    @property
    def counts(self) -> dict[str, int]:
        """Requests sent, failed and retried so far, see `Pool.counts`."""
        return dict(self._pool.counts) if self._pool is not None else {}

    def offers(self, target: Target) -> frozenset[str]:
        """What the engine of a target can do beyond plain chat; starts nothing."""
        return self._engine(target).offers

    def expect(self, target: Target) -> None:
        """Say that this target will be asked for in this run, before its engine starts: one start is then enough."""
        self._engine(target).expect(target.model)

    def started(self, target: Target) -> Engine:
        """The engine that serves a target, started if need be. Raises ServeError."""
        engine = self._engine(target)
        if engine not in self._up:
            self._remember_gpu_memory()
            self._say_cost(target)
            engine.expect(target.model)
            with self.console.progress(f"starting {engine.name}", None) as advance:
                engine.start(lambda now: advance(0, now))
            self._up.append(engine)
        return engine

    def _say_cost(self, target: Target) -> None:
        """One line if this machine must emulate the precision of a target that it serves itself."""
        from pytest_ftgate.serve.precision import choice, emulated

        if not target.model.served and emulated(target.model.dtype):
            gated = ", as it was gated" if target.version else ""
            self.console.line(f"  {target.title}{gated}: {choice(target.model.dtype)}")

    def running(self, target: Target) -> Engine | None:
        """The engine that serves a target now; None if it is not started."""
        engine = self._engine(target)
        return engine if engine in self._up else None

    def _engine(self, target: Target) -> Engine:
        """The engine for the target's base model, made if need be."""
        base = replace(target.model, adapter=None)
        if base not in self._engines:
            self._engines[base] = self._new_engine(base)
        return self._engines[base]

    def _new_engine(self, base: Model) -> Engine:
        if base.served:
            from pytest_ftgate.serve.servers.openai import OpenAIEngine

            return OpenAIEngine(self.settings.base_url, self.settings.model)
        log = self.settings.state_dir / "logs" / f"{self.settings.engine}-{len(self._engines)}.log"
        if self.settings.engine == "vllm":
            from pytest_ftgate.serve.vllm.command import VllmSettings
            from pytest_ftgate.serve.vllm.engine import VllmEngine

            return VllmEngine(base, log, VllmSettings(self.settings.vllm, self.settings.vllm_args))
        from pytest_ftgate.serve.hf.engine import TransformersEngine

        return TransformersEngine(base, log)

    def _remember_gpu_memory(self) -> None:
        from pytest_ftgate.serve.vllm.gpu_memory import used_mib

        if self._idle_mib is None:
            self._idle_mib = used_mib()

    def stop_engines(self) -> None:
        """Stop every server that this run started; their memory is free again afterwards. Raises ServeError if not."""
        self._stop()
        if self._idle_mib:
            from pytest_ftgate.serve.vllm.gpu_memory import wait_until_free

            with self.console.progress("waiting for GPU memory", None) as advance:
                wait_until_free(self._idle_mib, progress=lambda now: advance(0, now))

    def _stop(self) -> None:
        while self._up:
            self._up.pop().stop()

    def journal(self, suite: Suite) -> Journal:
        """The journal of a golden set, one file for each."""
        from pytest_ftgate.evaluate.journal import Journal

        if suite.name not in self._journals:
            self._journals[suite.name] = Journal(self.settings.state_dir / "journal" / f"{suite.name}.jsonl")
        return self._journals[suite.name]

    # --- the registry ------------------------------------------------------------------------------------------------

    @property
    def has_registry(self) -> bool:
        """True if a registry exists; asks without importing MLflow."""
        from pytest_ftgate.registry import exists

        return exists(self.settings.tracking_uri or None, self.settings.state_dir)

    @property
    def registry(self) -> Registry:
        """The registry, made if need be."""
        if self._registry is None:
            from pytest_ftgate.registry import Keys, open_registry

            settings = self.settings
            keys = Keys(settings.signing_key, settings.verify_key)
            self._registry = open_registry(settings.tracking_uri or None, settings.state_dir, keys)
        return self._registry

    def champion(self, task: str) -> Version | None:
        """What production serves, None if nothing was ever promoted."""
        return self.registry.champion(task) if self.has_registry else None

    def target(self, wanted: str, task: str, base: Model) -> Target:
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


def base_target(base: Model) -> Target:
    """The untuned model as a target."""
    return Target("base", base)
