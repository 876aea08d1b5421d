"""A command that serves -> an Engine: start, readiness, adapters, failures and end of a server process of our own."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.secrets import Secret
from pytest_ftgate.serve.adapter import check_unchanged, copy_adapter
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.engine import Asked, Endpoint, Progress
from pytest_ftgate.serve.model import Model, served_name
from pytest_ftgate.serve.servers.process import ProcessGroup, read_log

Hint = tuple[str, str]
"""(text to look for anywhere in the log, what to do about it)."""


class LocalEngine:
    """Base of the engines that start a server process for one base model; several adapters share the server.

    model: what is served without adapter. log: file for the server's output. start_limit_s: seconds until it must be
    ready. Subclasses say how the server is called (`command`) and what its failures mean (`hints`).
    """

    name = "local"
    max_in_flight: int | None = None
    offers: frozenset[str] = frozenset({"adapters"})
    hints: Sequence[Hint] = ()
    grace_s = 5.0
    health_s = 15.0
    """Seconds that /health may take while the server answers."""
    ending_s = 3.0
    """Seconds until the end of a server that no longer listens can be seen."""
    verified = ""

    def __init__(self, model: Model, log: Path, start_limit_s: float = 300.0) -> None:
        self.model, self.log, self.start_limit_s = model, log, start_limit_s
        self.served_name = f"ftgate-{secrets.token_hex(6)}"
        self.api_key = Secret(secrets.token_urlsafe(24))
        self.port = 0
        self._doing = "starting"
        self._process: ProcessGroup | None = None
        self._loaded: dict[str, str] = {}
        self._copies: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self._gone: ServeError | None = None
        self._lock = threading.Lock()

    def command(self) -> list[str]:
        """The server's command line, on 127.0.0.1 and `self.port`, answering as `self.served_name`."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Variables beside those of this process. The key travels here: a command line can be read by everybody."""
        return {}

    @property
    def base_url(self) -> str:
        """Ends in /v1; valid after `start`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def pid(self) -> int | None:
        """The process group of the running server."""
        return self._process.pid if self._process else None

    def expect(self, model: Model, asks: Iterable[Asked] = ()) -> None:
        """Nothing to prepare; an engine that must know what is to come says so."""

    def start(self, progress: Progress) -> None:
        """Return when the server is ready. Raises ServeError, and then no process is left."""
        self.port = _free_port()
        self._gone = None
        self._process = ProcessGroup(self.command(), self.log, {**os.environ, **self.environment()}, self.grace_s)
        try:
            self._wait_until_ready(self._process, progress)
            self._process.remember_shared_memory()
        except BaseException:  # also Ctrl-C: nothing may be left
            self.stop()
            raise

    def _wait_until_ready(self, process: ProcessGroup, progress: Progress) -> None:
        begin = time.monotonic()
        told = 0.0
        while not self._ready():
            passed = time.monotonic() - begin
            if (code := process.exit_code()) is not None:
                raise self._error(process, f"the {self.name} server ended with exit code {code} while starting")
            if passed > self.start_limit_s:
                late = f"not ready within {self.start_limit_s:g} s; raise --ftgate-start-limit if it only needs longer"
                raise self._error(process, f"the {self.name} server was {late}")
            if passed - told >= 1:
                told = passed
                progress(self._doing)
            time.sleep(0.1)

    def _ready(self) -> bool:
        """Healthy, and really ours: on a port conflict another server would answer /health."""
        if http.get(f"http://127.0.0.1:{self.port}/health", self.api_key, 2.0)[0] != 200:
            return False
        return self.served_name in http.model_names(http.get(f"{self.base_url}/models", self.api_key)[1])

    def _error(self, process: ProcessGroup, what: str) -> ServeError:
        log = read_log(process.log).decode("utf-8", "replace")
        fixes = [fix for text, fix in self.hints if text in log]
        return process.error(what, fixes[0] if fixes else "")

    def check(self) -> None:
        """Raise ServeError if the server has ended or no longer answers /health within `health_s`."""
        with self._lock:
            if self._gone is None:
                self._gone = self._look()
            if self._gone is not None:
                raise self._gone

    def _look(self) -> ServeError | None:
        if self._process is None:
            return ServeError(f"the {self.name} server is not running")
        if (code := self._process.exit_code()) is not None:
            return self._error(self._process, f"the {self.name} server ended with exit code {code} while serving")
        status, said = http.get(f"http://127.0.0.1:{self.port}/health", self.api_key, self.health_s)
        if status == 200:
            return None
        if (code := self._exit_code_soon(self._process, self.ending_s)) is not None:
            return self._error(self._process, f"the {self.name} server ended with exit code {code} while serving")
        return self._error(self._process, f"the {self.name} server hangs: /health returned {status or said}")

    @staticmethod
    def _exit_code_soon(process: ProcessGroup, limit_s: float) -> int | None:
        """A server no longer listens a moment before its end can be seen."""
        end = time.monotonic() + limit_s
        while process.exit_code() is None and time.monotonic() < end:
            time.sleep(0.05)
        return process.exit_code()

    def endpoint(self, model: Model) -> Endpoint:
        """Where `model` answers. Its adapter is loaded once, under a name that contains its digest."""
        if _server_of(model)[:3] != _server_of(self.model)[:3]:
            raise ServeError(f"the {self.name} server serves {_about(self.model)}, not {_about(model)}")
        if model.adapter is None:
            return Endpoint(self.base_url, self.served_name, self.api_key, ours=True, fingerprint=model.digest[:12])
        digest = model.digest
        if digest not in self._loaded:
            self._loaded[digest] = self._load_copy(model, model.adapter, digest)
        return Endpoint(self.base_url, self._loaded[digest], self.api_key, ours=True, fingerprint=digest[:12])

    def _load_copy(self, model: Model, adapter: Path, digest: str) -> str:
        """Load a checked copy that nobody else writes to: vLLM reads the folder again whenever a slot is refilled."""
        self.log.parent.mkdir(parents=True, exist_ok=True)  # a person may have cleared the logs
        made = tempfile.TemporaryDirectory(prefix="adapter-", dir=self.log.parent, ignore_cleanup_errors=True)
        copy = Path(made.name).resolve()
        try:
            copy_adapter(adapter, copy)
            check_unchanged(adapter, replace(model, adapter=copy).digest, digest)
            name = self._load(copy, served_name(digest))
        except BaseException as error:
            made.cleanup()
            if isinstance(error, ServeError) and str(copy) in str(error):
                raise ServeError(str(error).replace(str(copy), str(adapter))) from error
            raise
        self._copies[digest] = made
        return name

    def _load(self, adapter: Path, name: str) -> str:
        self.check()
        body = {"lora_name": name, "lora_path": str(adapter)}
        status, said = http.post(f"{self.base_url}/load_lora_adapter", body, self.api_key, 120.0)
        if status != 200 and self._process:
            raise self._error(self._process, f"cannot load adapter {adapter} (HTTP {status}): {said}")
        return name

    def has(self, model: Model) -> bool:
        """Whether the running server answers as `model` already."""
        return model.adapter is None or model.digest in self._loaded

    def takes(self, model: Model) -> bool:
        """Whether the running server can answer as `model` without being started again."""
        return _server_of(model) == _server_of(self.model)

    def unload(self, model: Model) -> None:
        """Drop the adapter of `model` from the server; does nothing if it is not loaded."""
        digest = model.digest
        if name := self._loaded.pop(digest, None):
            http.post(f"{self.base_url}/unload_lora_adapter", {"lora_name": name}, self.api_key)
            self._copies.pop(digest).cleanup()

    def stop(self) -> None:
        """End the server and all its processes; does nothing if it is not running."""
        process, self._process = self._process, None
        self._loaded.clear()
        if process:
            process.stop()
        while self._copies:
            self._copies.popitem()[1].cleanup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _server_of(model: Model) -> tuple[str, str, str | None, ChatFormat]:
    """What a server is started with."""
    return (model.base_digest, model.dtype, model.quantization, model.chat)


def _about(model: Model) -> str:
    return f"{model.base} ({', '.join(filter(None, [model.revision, model.dtype, model.quantization]))})"
