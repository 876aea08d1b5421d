"""Settings -> Runtime: the engines, the request pool, the journals and the registry that one run shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.progress import Console
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.targets import Target, Targets
from pytest_ftgate.serve.servers.engine_pool import EnginePool, EngineSettings

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.journal import Journal
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.running import RunLock
    from pytest_ftgate.registry import Registry
    from pytest_ftgate.serve.client.pool import Pool
    from pytest_ftgate.serve.engine import Engine


@dataclass
class Runtime:
    """Opened at the first request, closed at the end of the run, on every way out."""

    settings: Settings
    console: Console
    _journals: dict[str, Journal] = field(default_factory=dict)
    _expected: set[Evaluation] = field(default_factory=set)

    def __enter__(self) -> Runtime:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open_state(self, trains: Sequence[str] = (), group: str = "") -> None:
        """Before anything is asked: the state folder can be written, and no other run trains the same pipelines.

        group: of the processes that are one run. Another run beside this one is reported. Raises FtgateError.
        """
        from pytest_ftgate.files.text import shown
        from pytest_ftgate.pipeline.state_folder import check_state

        state = self.settings.state_dir
        check_state(state)
        for other in self._run_lock.take(trains, group):
            self.console.line(f"ftgate: another run uses {shown(state)} ({other}); both keep their answers")

    def close(self) -> None:
        """Cancel what is on its way, stop every engine."""
        try:
            if "pool" in self.__dict__:
                self.__dict__.pop("pool").close()
        finally:
            self.engines.stop()
            if "_run_lock" in self.__dict__:
                self._run_lock.release()

    @cached_property
    def _run_lock(self) -> RunLock:
        from pytest_ftgate.pipeline.running import RunLock

        return RunLock(self.settings.state_dir)

    @cached_property
    def pool(self) -> Pool:
        """The request pool of the run."""
        from pytest_ftgate.serve.client.pool import Pool

        return Pool(concurrency=self.settings.concurrency, say=self.console.line)

    @cached_property
    def engines(self) -> EnginePool:
        """The servers of the run."""
        settings = self.settings
        return EnginePool(
            EngineSettings(
                kind=settings.engine,
                logs=settings.state_dir / "logs",
                base_url=settings.base_url,
                model=settings.model,
                addresses=settings.combinations.addresses,
                vllm=settings.vllm,
                vllm_args=settings.vllm_args,
                start_limit_s=settings.start_limit_s,
            ),
            self.console,
        )

    @cached_property
    def targets(self) -> Targets:
        """The models of the registry."""
        return Targets(self.settings)

    @property
    def registry(self) -> Registry:
        """The registry, made if need be."""
        return self.targets.registry

    @property
    def counts(self) -> dict[str, int]:
        """Requests sent, failed and retried so far, and how a server limited them, see `Pool.counts` and `limits`."""
        return {**self.pool.counts, **self.pool.limits} if "pool" in self.__dict__ else {}

    def stopped(self, model_digest: str) -> str:
        """Why a model is not asked any more, and what helps; "" if it is. See `Pool.stopped`."""
        return self.pool.stopped.get(model_digest, "") if "pool" in self.__dict__ else ""

    def expect(self, evaluation: Evaluation, target: Target) -> None:
        """Announce that a target will be asked a golden set; best before its engine is started, which it may shape.

        Raises ServeError, naming the case, for one that is longer than the server can take.
        """
        if evaluation not in self._expected:
            self.engines.expect(target.model, evaluation.responses.asks())
            self._expected.add(evaluation)

    def ask(self, evaluation: Evaluation, cases: Iterable[Case], target: Target) -> int:
        """Send what is not answered yet; starts no engine if there is nothing. The number of requests sent."""
        wanted = evaluation.responses.missing(cases)
        if wanted:
            self.expect(evaluation, target)
            evaluation.responses.send(wanted, self.pool, self.started(target), target.model)
        return len(wanted)

    def started(self, target: Target) -> Engine:
        """The engine that serves a target, started if need be. Raises ServeError."""
        return self.engines.started(target.model, target.as_asked)

    def journal(self, suite: Suite) -> Journal:
        """The journal of a golden set, one file for each."""
        from pytest_ftgate.evaluate.journal import Journal

        if suite.name not in self._journals:
            self._journals[suite.name] = Journal(
                self.settings.state_dir, suite.name, lambda text: self.console.line(f"ftgate: {text}")
            )
        return self._journals[suite.name]
