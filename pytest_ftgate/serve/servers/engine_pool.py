"""EngineSettings -> EnginePool: one engine for each base model, started when first needed, all stopped together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_ftgate.serve.llamacpp.gguf_folder import NAME as LLAMACPP
from pytest_ftgate.serve.llamacpp.gguf_folder import is_gguf

if TYPE_CHECKING:
    from pytest_ftgate.serve.engine import Asked, Engine
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.serve.servers.local import LocalEngine


class Advance(Protocol):
    """Shows how far a step is. done: so many. now: what is going on. total: the whole, once it is known."""

    def __call__(self, done: int, now: str, total: int | None = None) -> None: ...  # noqa: D102


class Display(Protocol):
    """Where the pool shows what takes long."""

    def line(self, text: str) -> None:
        """Print one line."""

    def progress(self, label: str, total: int | None) -> AbstractContextManager[Advance]:
        """Show one long step."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Which engine serves. kind: "transformers", "vllm" or "openai" (a server that runs already);
    a GGUF is served by llama.cpp whatever it says.

    base_url, model: address of that server and its name for the model. addresses: of several models that are on servers
    of their own, by name. vllm, vllm_args: executable and arguments of `vllm serve`. logs: folder for the servers'
    output. start_limit_s: seconds in which a server must be ready; None for what is usual for the engine.
    """

    kind: str
    logs: Path
    base_url: str = ""
    model: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    vllm: str = ""
    vllm_args: tuple[str, ...] = ()
    start_limit_s: float | None = None


START_S, VLLM_START_S = 300.0, 600.0
"""Seconds in which a server must be ready: vLLM compiles for minutes on some cards."""


class EnginePool:
    """The engines of one run."""

    def __init__(self, settings: EngineSettings, display: Display) -> None:
        self._settings, self._display = settings, display
        self._engines: dict[Model, Engine] = {}
        self._as_served: dict[Model, Model] = {}
        self._up: list[Engine] = []
        self._idle_mib: dict[str, int] | None = None

    def as_served(self, model: Model) -> Model:
        """The model as this run serves it: a hub id at its commit, in the cache, and the engine named.

        Downloads what is not here, once. Raises ServeError, see `hub.fetched`.
        """
        if model.served:
            return model
        if model not in self._as_served:
            from pytest_ftgate.serve.servers.engine_identity import identity

            settings, here, kind = self._settings, self._fetched(model), self._kind(model)
            engine = identity(kind, settings.vllm, (*model.arguments, *settings.vllm_args), here)
            self._as_served[model] = replace(here, engine=engine)
        return self._as_served[model]

    def _fetched(self, model: Model) -> Model:
        from pytest_ftgate.serve.hub import fetched, in_megabytes, is_hub_id

        if not is_hub_id(model):
            return model
        with self._display.progress(f"downloading {model.base}", None) as advance:
            return fetched(model, in_megabytes(advance), lambda text: self._display.line(f"ftgate: {text}"))

    def offers(self, model: Model) -> frozenset[str]:
        """What the engine of a model can do beyond plain chat; starts nothing."""
        return self._engine(model).offers

    def expect(self, model: Model, asks: Iterable[Asked] = ()) -> None:
        """Announce a model that will be asked in this run: its engine is then started once for all of them.

        asks: looked at only by an engine that must know their lengths. Raises ServeError for one that is too long.
        """
        self._engine(model).expect(model, asks)

    def running(self, model: Model) -> Engine | None:
        """The engine that serves a model now; None if it is not started."""
        engine = self._engine(model)
        return engine if engine in self._up else None

    def started(self, model: Model, title: str) -> Engine:
        """The engine that serves a model, started if need be. title: of the model, in messages. Raises ServeError."""
        engine = self._engine(model)
        if engine not in self._up:
            self._remember_gpu_memory()
            self._say_cost(model, title)
            self._fetched(model)  # a champion's base may be at another commit than the run's
            engine.expect(model)
            with self._display.progress(f"starting {engine.name}", None) as advance:
                engine.start(lambda now: advance(0, now))
            self._up.append(engine)
        return engine

    def stop(self) -> None:
        """Stop every server that was started."""
        while self._up:
            self._up.pop().stop()

    def stop_and_free(self) -> None:
        """Stop them, and wait until their GPU memory is free again; if it is not, a line says who holds it."""
        self.stop()
        if self._idle_mib:
            from pytest_ftgate.serve.gpu_memory import wait_until_free

            with self._display.progress("waiting for GPU memory", None) as advance:
                held = wait_until_free(self._idle_mib, progress=lambda now: advance(0, now))
            for line in held.splitlines():
                self._display.line(f"  {line}")

    def _engine(self, model: Model) -> Engine:
        """The engine for the model's base, made if need be."""
        base = replace(model, adapter=None)
        if base not in self._engines:
            self._engines[base] = self._new(base)
        return self._engines[base]

    def _new(self, base: Model) -> Engine:
        settings = self._settings
        if base.served:
            from pytest_ftgate.serve.servers.external import OpenAIEngine

            return OpenAIEngine(settings.addresses.get(base.base, settings.base_url), base.base)
        kind = self._kind(base)
        return new_engine(settings, kind, base, settings.logs / f"{kind}-{len(self._engines)}.log")

    def _kind(self, model: Model) -> str:
        """The engine that serves a model: a GGUF is run by llama.cpp, all others as the settings say."""
        return LLAMACPP if is_gguf(model) else self._settings.kind

    def _remember_gpu_memory(self) -> None:
        from pytest_ftgate.serve.gpu_memory import used_mib

        if self._idle_mib is None:
            self._idle_mib = used_mib()

    def _say_cost(self, model: Model, title: str) -> None:
        """One line if this machine must emulate the precision of a model that it serves itself."""
        from pytest_ftgate.serve.precision import choice, emulated

        if not model.served and not is_gguf(model) and emulated(model.dtype):
            self._display.line(f"  {title}: {choice(model.dtype)}")


def new_engine(settings: EngineSettings, kind: str, base: Model, log: Path) -> LocalEngine:
    """An engine of our own for a base model, not started. kind: "transformers", "vllm" or LLAMACPP."""
    if kind == LLAMACPP:
        from pytest_ftgate.serve.llamacpp.engine import LlamaCppEngine

        return LlamaCppEngine(base, log, settings.start_limit_s or START_S)
    if kind == "vllm":
        from pytest_ftgate.serve.vllm.command import VllmSettings
        from pytest_ftgate.serve.vllm.engine import VllmEngine

        arguments = (*base.arguments, *settings.vllm_args)
        return VllmEngine(base, log, VllmSettings(settings.vllm, arguments, settings.start_limit_s or VLLM_START_S))
    from pytest_ftgate.serve.hf.engine import TransformersEngine

    return TransformersEngine(base, log, settings.start_limit_s or START_S)
