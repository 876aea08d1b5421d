"""(Engine, Model) -> what the fixture `vllm_server` hands out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.engine import Engine
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.process import log_tail


@dataclass(frozen=True, slots=True)
class Server:
    """A model server that runs. base_model: what it serves without an adapter."""

    engine: Engine
    base_model: Model
    log: Path | None = None

    @property
    def address(self) -> str:
        """Its base URL; ends in /v1."""
        return self.engine.endpoint(self.base_model).base_url

    @property
    def client(self) -> Client:
        """Asks the base model: `client.text("hello", max_tokens=8)`."""
        return Client(self.engine.endpoint(self.base_model))

    def load_adapter(self, folder: str | Path) -> Client:
        """A client for the base model with the adapter of a folder, loaded and verified. Raises ServeError."""
        if self.base_model.served:
            raise ServeError("adapters can only be loaded into a server started by this run")
        return Client(self.engine.endpoint(replace(self.base_model, adapter=Path(folder))))

    def logs(self, lines: int = 50) -> str:
        """The last lines of the server's log; "" for a server that is not ours."""
        return log_tail(self.log, lines) if self.log else ""
