"""Model folder with a GGUF -> llama.cpp's server in a process of its own, one for each file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_ftgate.errors import MissingExtra, ServeError
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.device import gpu_environment, this_device
from pytest_ftgate.serve.engine import Asked, Endpoint, Progress
from pytest_ftgate.serve.llamacpp.gguf_folder import NAME, gguf_file
from pytest_ftgate.serve.llamacpp.prompts import check_prompts
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.local import LocalEngine
from pytest_ftgate.serve.vllm.context import Longest, limit_of, longest, own_context, rounded

KEY_VARIABLE = "FTGATE_SERVER_KEY"
SLOTS = 4
"""Conversations answered at a time; each has memory for a whole context."""

IN_FLIGHT = ("llamacpp:requests_processing", "llamacpp:requests_deferred")


class LlamaCppEngine(LocalEngine):
    """Needs xllamacpp. One model and no adapter; every announced prompt is compared with ours before it is asked."""

    name = NAME
    max_in_flight = SLOTS
    offers = frozenset({"choice", "grammar", "json_schema", "logprobs", "stream"})
    hints = (
        ("unknown model architecture", "this release of llama.cpp does not know the model: install a newer xllamacpp"),
        ("unknown pre-tokenizer type", "this release of llama.cpp does not know the tokenizer: write the GGUF again"),
        ("failed to load model", "the file is damaged or no GGUF: export it again"),
        ("couldn't bind", "port taken by another process; run again"),
        ("failed to allocate", "not enough memory: export to a smaller form, or shorten the longest golden case"),
    )

    def __init__(self, model: Model, log: Path, start_limit_s: float = 300.0) -> None:
        super().__init__(model, log, start_limit_s)
        self.context = 0  # tokens of one conversation, as the server was started
        self._longest = Longest()
        self._unchecked: list[Asked] = []
        self._progress: Progress = lambda _: None

    def expect(self, model: Model, asks: Iterable[Asked] = ()) -> None:
        """The server is started for the longest question that was announced; a longer one starts it again."""
        asks = list(asks)
        found = longest(model, asks)
        if found.tokens > self._longest.tokens:
            if limit := limit_of(self.model, 0):
                found.check(limit)
            self._longest = found
        self._unchecked += asks

    def start(self, progress: Progress) -> None:
        """As LocalEngine, after the faults that need no process to be seen."""
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtra("a GGUF model", "export")
        gguf_file(Path(self.model.base))
        self._progress, own = progress, own_context(self.model)
        self.context = min([rounded(max(self._longest.tokens, self.model.context)), *([own] if own else [])])
        super().start(progress)

    def command(self) -> list[str]:
        """`python -m pytest_ftgate.serve.llamacpp.server ...`."""
        options = {
            "--model": gguf_file(Path(self.model.base)),
            "--served-name": self.served_name,
            "--port": self.port,
            "--context": self.context,
            "--slots": SLOTS,
            "--threads": max(this_device().cores, 1),
        }
        given = [str(part) for pair in options.items() for part in pair]
        return [sys.executable, "-m", "pytest_ftgate.serve.llamacpp.server", *given]

    def environment(self) -> Mapping[str, str]:
        """The key, the GPUs in use, and threads that sleep while they wait for each other."""
        return {KEY_VARIABLE: self.api_key, "OMP_WAIT_POLICY": "PASSIVE", **gpu_environment(this_device())}

    def endpoint(self, model: Model) -> Endpoint:
        """Where the model answers, after its prompts were compared. Raises ServeError for one that differs."""
        if model.adapter is not None:
            raise ServeError(f"{model.base}: a GGUF is served without adapters; export the adapter into one of its own")
        if self.context < self._longest.tokens:
            self._start_again()
        found = super().endpoint(model)
        if self._unchecked:
            self.verified = check_prompts(found, self.model, self._unchecked)
            self._unchecked.clear()
        return found

    def _start_again(self) -> None:
        text = str(http.get(f"http://127.0.0.1:{self.port}/metrics", self.api_key)[1])
        counts = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(IN_FLIGHT)]
        if self._process and any(count != "0" for count in counts):
            raise ServeError(
                f"the {self.name} server was started for {self.context} tokens, {self._longest.tokens} requested, "
                "server busy\n    test these golden sets in separate runs"
            )
        self.stop()
        self.start(self._progress)
