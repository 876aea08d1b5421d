"""Model -> a local server in a process of its own that answers with transformers, in batches."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from pytest_ftgate.errors import MissingExtra, ServeError
from pytest_ftgate.serve.compute import COMPUTING
from pytest_ftgate.serve.device import gpu_environment, this_device
from pytest_ftgate.serve.engine import Progress
from pytest_ftgate.serve.hf.weights import check_quantization
from pytest_ftgate.serve.hub import offline
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.local import LocalEngine
from pytest_ftgate.serve.template_file import template_file

KEY_VARIABLE = "FTGATE_SERVER_KEY"


class TransformersEngine(LocalEngine):
    """Needs torch and transformers, no GPU. batch_size: conversations answered together."""

    name = "transformers"
    offers = frozenset({"choice", "adapters"})
    hints = (
        ("out of memory", "use a smaller batch, or a smaller [serve] dtype or quantization"),
        ("Address already in use", "port taken by another process; run again"),
        ("is not a local folder and is not a valid model identifier", "use a model folder or a hub id"),
        ("couldn't connect to 'https://huggingface.co'", "hub not reachable; use a model folder"),
    )

    def __init__(self, model: Model, log: Path, start_limit_s: float = 300.0, batch_size: int = 32) -> None:
        super().__init__(model, log, start_limit_s)
        self.batch_size = batch_size
        self._template: Path | None = None
        self.max_in_flight = batch_size  # more would only wait, and their time limit would run

    def start(self, progress: Progress) -> None:
        """As LocalEngine, after the faults that need no process to be seen."""
        for package in ("torch", "transformers"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtra("--ftgate-engine transformers", "serve")
        _check_base(self.model.base)
        check_quantization(self.model.quantization)
        self._template = template_file(self.model, self.log.parent)
        super().start(progress)

    def command(self) -> list[str]:
        """`python -m pytest_ftgate.serve.hf.server ...`."""
        options = {
            "--model": self.model.base,
            "--revision": self.model.revision,
            "--dtype": self.model.dtype,
            "--quantization": self.model.quantization,
            "--served-name": self.served_name,
            "--port": str(self.port),
            "--batch-size": str(self.batch_size),
            "--chat-template": str(self._template) if self._template else None,
        }
        given = [part for option, value in options.items() if value for part in (option, value)]
        return [sys.executable, "-m", "pytest_ftgate.serve.hf.server", *given]

    def environment(self) -> Mapping[str, str]:
        """The key, and what a process that computes needs."""
        gpus = gpu_environment(this_device())
        return {KEY_VARIABLE: self.api_key, **COMPUTING, **gpus, **offline(self.model)}


def _check_base(base: str) -> None:
    path = Path(base)
    if path.is_dir() and not (path / "config.json").is_file():
        raise ServeError(f"{base}: no config.json; expected a model folder as save_pretrained() writes it")
    if not path.is_dir() and (path.is_absolute() or base.startswith(".") or base.count("/") > 1):
        raise ServeError(f"{base}: no such folder; expected a model folder or a hub id such as 'org/name'")
