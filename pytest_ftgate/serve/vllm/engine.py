"""Model -> `vllm serve` in a process of its own, with LoRA adapters that come and go."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.adapter import rank_of
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.device import gpu_environment, this_device
from pytest_ftgate.serve.engine import Asked, Endpoint, Progress
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.local import LocalEngine
from pytest_ftgate.serve.servers.process import ProcessGroup, read_log
from pytest_ftgate.serve.template_file import check_harmony, template_file
from pytest_ftgate.serve.vllm import probe
from pytest_ftgate.serve.vllm.command import (
    CPU_IN_FLIGHT,
    RANKS,
    USUAL_RANK,
    VllmSettings,
    allowed_rank,
    arguments,
    environment,
    find_vllm,
    runs_on_cpu,
    spread,
    with_programs,
)
from pytest_ftgate.serve.vllm.context import Longest, limit_of, long_rope, longest, own_context, rounded
from pytest_ftgate.serve.vllm.failures import ARGUMENTS, KILLED, explain
from pytest_ftgate.serve.vllm.remote_code import TRUSTED, check_code

MOST_ADAPTERS = 16
"""Loaded by one server on a GPU before it is started again. vLLM itself decides which of them fill its slots."""

CALLS_TOOLS = "--enable-auto-tool-choice"
"""Without this argument, and a parser for the model's calls, vLLM refuses a request with tools."""

IN_FLIGHT = ("vllm:num_requests_running", "vllm:num_requests_waiting{")
SIGKILLED = 137


class VllmEngine(LocalEngine):
    """One server for one base model and all its adapters.

    log: file for the server's output; a folder `vllm-cache` is made beside it.
    """

    name = "vllm"
    offers = frozenset({"choice", "json_schema", "logprobs", "stream", "adapters"})
    grace_s = 15.0  # SIGTERM during start-up is not heard for minutes

    def __init__(self, model: Model, log: Path, settings: VllmSettings | None = None) -> None:
        self.settings = settings or VllmSettings()
        super().__init__(model, log, self.settings.start_limit_s)
        if CALLS_TOOLS in self.settings.arguments:
            self.offers |= {"tools"}
        self.max_rank = self.settings.max_rank
        self.context = 0  # tokens of the server as it was started, 0 = as vLLM chose
        self._longest = Longest()
        self._seen = 0  # bytes of the log that are no longer about what happens now
        self._warm: Future[None] | None = None
        self._progress: Progress = lambda _: None
        self._loads, self._most_loads = 0, MOST_ADAPTERS
        self.verified = ""

    # --- starting ----------------------------------------------------------------------------------------------------

    def expect(self, model: Model, asks: Iterable[Asked] = ()) -> None:
        """The server is started for the highest rank and the longest question that was announced here.

        A longer question starts it again when it is next asked for an address.
        """
        if model.adapter is not None and not self._process and not self.settings.max_rank:
            self.max_rank = max(self.max_rank, allowed_rank(rank_of(model.adapter)))
        found = longest(self.model, asks)
        if found.tokens > self._longest.tokens:
            if limit := limit_of(self.model, self.settings.context):
                found.check(limit)
            self._longest = found

    def _context(self, *, cpu: bool) -> int:
        """What the server is started with, never more than the model reads.

        0 lets vLLM choose, where nothing is known of what will be asked.
        """
        if self.settings.context:
            return self.settings.context
        if not self.model.context and not self._longest.tokens and not cpu:
            return 0
        own = 0 if long_rope(self.model, ()) else own_context(self.model)
        return min([self.model.context or rounded(self._longest.tokens), *([own] if own else [])])

    def start(self, progress: Progress) -> None:
        """As LocalEngine; ready after an answer with log-probabilities."""
        self._doing, self._warm, self._progress, self._seen = "starting", None, progress, 0
        self.max_rank = self.max_rank or USUAL_RANK
        super().start(progress)

    def command(self) -> list[str]:
        """`vllm serve ...`; the user's own arguments stand last and win."""
        executable = find_vllm(self.settings.executable)
        cpu = runs_on_cpu(executable)
        slots = self.settings.slots(cpu=cpu)
        self.max_in_flight = CPU_IN_FLIGHT if cpu else None
        self._most_loads = slots - 1 if cpu else MOST_ADAPTERS
        self.context = self._context(cpu=cpu)
        check_harmony(self.model)
        if self.settings.sets(TRUSTED):
            check_code(self.model)
        template = template_file(self.model, self.log.parent)
        ours = arguments(self.model, self.served_name, self.port, self.max_rank, cpu=cpu, context=self.context)
        ours += ["--chat-template", str(template)] if template else []
        return [str(executable), *ours, *spread(self.settings), *self.settings.arguments]

    def environment(self) -> Mapping[str, str]:
        """The key, no network if the model is here, no telemetry."""
        ours = environment(self.model, self.api_key, self.log.parent / "vllm-cache", self.start_limit_s)
        programs = with_programs(find_vllm(self.settings.executable), os.environ)
        return {**ours, **programs, **gpu_environment(this_device())}

    def _ready(self) -> bool:
        if self._warm is None:
            if super()._ready():
                self._warm_up()
            return False
        if not self._warm.done():
            return False
        try:
            self._warm.result()
        except probe.ProbeError as error:
            if error.status != http.UNREACHABLE and self._process:
                raise self._error(self._process, f"the vllm server is running but not responding: {error}") from error
            self._warm = None  # it has just died, which is seen next
            return False
        self._seen = self.log.stat().st_size if self.log.is_file() else 0
        return True

    def _warm_up(self) -> None:
        """In a thread, so that a server that dies or hangs meanwhile is seen."""
        self._doing, warm, line = "warming up", Future[None](), self._line()
        self._warm = warm

        def run() -> None:
            try:
                probe.warm_up(line, self.start_limit_s)
            except Exception as error:  # noqa: BLE001 - raised again where the future is read
                warm.set_exception(error)
            else:
                warm.set_result(None)

        threading.Thread(target=run, name="ftgate-warm-up", daemon=True).start()

    def _line(self) -> Endpoint:
        return Endpoint(self.base_url, self.served_name, self.api_key)

    def _error(self, process: ProcessGroup, what: str) -> ServeError:
        """With the line of the log that says why, which is seldom among the last ones."""
        if process.exit_code() == SIGKILLED:
            return process.error(f"{what}: {KILLED.meaning}", KILLED.fix)
        found = explain(read_log(process.log)[self._seen :].decode("utf-8", "replace"))
        if found is None:
            return process.error(what)
        failure, line = found
        return process.error(f"{what}: {failure.meaning}\n    {line}", failure.fix)

    # --- adapters ----------------------------------------------------------------------------------------------------

    def endpoint(self, model: Model) -> Endpoint:
        """Where `model` answers; loads and verifies its adapter.

        A rank above the server's, or a question that is too long for it, starts the server again.
        """
        if self.context and self._longest.tokens > self.context:
            self._start_again(self.max_rank, f"for {self.context} tokens, {self._longest.tokens} requested")
        if model.adapter is None:
            return super().endpoint(model)
        if (rank := allowed_rank(rank_of(model.adapter))) > self._limit():
            self._start_again(rank, f"for adapters of rank {self.max_rank}, rank {rank} requested")
        if model.digest not in self._loaded and self._loads >= self._most_loads:
            self._start_again(self.max_rank, f"for {self._most_loads} adapters, one more requested")
        return super().endpoint(model)

    def takes(self, model: Model) -> bool:
        """As LocalEngine: also with a rank and a free slot for its adapter."""
        if not super().takes(model) or model.adapter is None or model.digest in self._loaded:
            return super().takes(model)
        return allowed_rank(rank_of(model.adapter)) <= self._limit() and self._loads < self._most_loads

    def unload(self, model: Model) -> None:
        """As LocalEngine; on a GPU its place is free again, on the CPU a slot may stay filled."""
        loaded = model.digest in self._loaded
        super().unload(model)
        if loaded and self.max_in_flight is None:
            self._loads -= 1

    def _limit(self) -> int:
        """The highest rank the server takes; if the user set it, the server itself says no."""
        return RANKS[-1] if self.settings.max_rank else self.max_rank

    def _start_again(self, rank: int, why: str) -> None:
        if self._process and self._busy():
            raise ServeError(
                f"the vllm server was started {why}, server busy\n"
                f"    test these models in separate runs, or raise --max-lora-rank, --max-loras or --max-model-len in "
                f"{ARGUMENTS}"
            )
        self.stop()
        self.max_rank = rank
        self.start(self._progress)

    def _busy(self) -> bool:
        text = str(http.get(f"http://127.0.0.1:{self.port}/metrics", self.api_key)[1])
        counts = [line for line in text.splitlines() if line.startswith(IN_FLIGHT)]
        return any(line.rpartition(" ")[2] not in {"0", "0.0"} for line in counts)

    def _load(self, adapter: Path, name: str) -> str:
        self.check()
        self._loads += 1  # also if it is refused, or dropped again: its slot may stay filled
        try:
            probe.load(self._line(), name, str(adapter))
            tuned = Endpoint(self.base_url, name, self.api_key)
            self.verified = str(probe.prove(self._line(), tuned, adapter, self.model.dtype) or "")
        except ServeError as error:
            self.check()
            with suppress(ServeError):
                probe.unload(self._line(), name)
            raise self._not_loaded(adapter, error) from error
        finally:
            self._seen = self.log.stat().st_size if self.log.is_file() else 0
        return name

    def _not_loaded(self, adapter: Path, error: ServeError) -> ServeError:
        what = f"cannot serve adapter {adapter}: {error}"
        found = explain(str(error))
        fix = f"{found[0].meaning}: {found[0].fix}" if found else ""
        return self._process.error(what, fix) if self._process else ServeError(what)

    def stop(self) -> None:
        """As LocalEngine."""
        self._loads = 0
        super().stop()
