"""Model -> Endpoint: what an engine promises. All engines speak the OpenAI chat API; they only provide an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from pytest_ftgate.serve.model import Model

Progress = Callable[[str], None]
"""Called with one short line now and then while a server starts."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one model answers.

    base_url: ends in /v1. model: the name to ask for. api_key: "" if none is wanted; never printed. ours: the plugin
    started the server, on this machine, and can tell whether it is alive. fingerprint: of the model behind the name, as
    `Response.fingerprint`.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    ours: bool = False
    fingerprint: str = ""


class Engine(Protocol):
    """A model server, ours or attached."""

    @property
    def name(self) -> str:
        """As in `--ftgate-engine`."""

    @property
    def max_in_flight(self) -> int | None:
        """Requests it can bear at one time; None for no limit of its own."""

    @property
    def offers(self) -> frozenset[str]:
        """What it can do beyond plain chat, of {"choice", "json_schema", "logprobs", "stream", "tools", "adapters"}.

        "neutral": it is a vLLM that others started, and must be sent `serve.client.sampling.NEUTRAL`.
        """

    @property
    def verified(self) -> str:
        """What was verified of the adapter loaded last, beyond that it answers, in words; "" if nothing was."""

    def expect(self, model: Model) -> None:
        """Before `start`: this model will be asked for. For engines that must know what is to come."""

    def start(self, progress: Progress) -> None:
        """Return when requests can be sent. Raises ServeError, and then has left no process behind."""

    def endpoint(self, model: Model) -> Endpoint:
        """Where `model` answers; loads its adapter, under a name with its digest, if needed. Raises ServeError."""

    def check(self) -> None:
        """Raise ServeError with the last log lines if the server has died or hangs. May take some seconds."""

    def stop(self) -> None:
        """End the server and all its processes; does nothing if it is not running."""
