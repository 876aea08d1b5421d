"""Model -> Endpoint: what an engine promises. All engines speak the OpenAI chat API; they only provide an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

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


@dataclass(frozen=True, slots=True)
class Asked:
    """One conversation that a model will be asked.

    case: its name in messages. messages: all that will stand in the prompt of the last answer, but for earlier answers.
    tools: in OpenAI's form. answer_tokens: the most that all answers of the conversation may have together.
    """

    case: str
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    answer_tokens: int = 0


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

    def expect(self, model: Model, asks: Iterable[Asked] = ()) -> None:
        """Announce what a model will be asked. For engines that must know what is to come, best before `start`.

        Raises ServeError for a conversation that is longer than the server can take.
        """

    def start(self, progress: Progress) -> None:
        """Return when requests can be sent. Raises ServeError, and then has left no process behind."""

    def endpoint(self, model: Model) -> Endpoint:
        """Where `model` answers; loads its adapter, under a name with its digest, if needed. Raises ServeError."""

    def check(self) -> None:
        """Raise ServeError with the last log lines if the server has died or hangs. May take some seconds."""

    def stop(self) -> None:
        """End the server and all its processes; does nothing if it is not running."""
