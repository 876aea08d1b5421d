"""(address of a vLLM that runs, adapter) -> the adapter answers there under a name of its own, proved by a probe.

Nothing is ever loaded under a name that was used for other weights: vLLM keys its prefix cache by the adapter's name
and path, so a reload under one name answers from the old weights (vLLM issue 42125).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.secrets import plain_address
from pytest_ftgate.serve.adapter import rank_of
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.key import KEY_VARIABLES, key_from_environment, key_hint
from pytest_ftgate.serve.client.reply_body import REDIRECTS
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.vllm import probe
from pytest_ftgate.serve.vllm.command import allowed_rank

LOOK_S = 15.0
_REFUSED = 400
"""How vLLM answers to a name that is already loaded."""
_NOT_FOUND = 404
RUN_TIME_LOADING = "start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A vLLM that somebody else started. base_url: ends in /v1. The key comes from the environment alone."""

    base_url: str
    api_key: str = field(default_factory=key_from_environment, repr=False)

    def models(self) -> list[dict[str, Any]]:
        """The cards of /v1/models: "id", "root" (folder or hub id), "parent" (of adapters). Raises ServeError."""
        status, said = http.get(f"{self.base_url}/models", self.api_key, LOOK_S)
        if status == http.UNREACHABLE:
            raise ServeError(f"{self.base_url}: no response ({said}); check --server, or start the server first")
        if status in {401, 403}:
            raise ServeError(
                f"{self.base_url}: the server refused the API key (HTTP {status})\n    {key_hint(bool(self.api_key))}"
            )
        if status in REDIRECTS:
            raise ServeError(f"{self.base_url}: HTTP {status}: {said}\n    pass the address it leads to as --server")
        if status != 200 or not http.model_names(said):
            raise ServeError(f"{self.base_url}/models: HTTP {status}, no model list; is it a vLLM server?")
        return [card for card in said["data"] if isinstance(card, dict) and "id" in card]

    def base(self) -> dict[str, Any]:
        """The card of the base model. Raises ServeError."""
        found = [card for card in self.models() if not card.get("parent")]
        if not found or not found[0].get("root"):
            raise ServeError(f"{self.base_url}/models lists no base model; is it a vLLM server?")
        return found[0]

    def serves(self, name: str) -> bool:
        """Whether an adapter of that name is loaded. Raises ServeError."""
        return any(card["id"] == name for card in self.models())

    def load(self, name: str, adapter: Path, there: str) -> bool:
        """Load an adapter; False if another program has loaded it meanwhile. Raises ServeError with what to change.

        there: its folder as the server sees it.
        """
        try:
            probe.load(Endpoint(self.base_url, name, self.api_key), name, there)
        except probe.ProbeError as error:
            if error.status == _REFUSED and self.serves(name):
                return False
            raise self._refused(adapter, there, error) from error
        return True

    def unload(self, name: str) -> None:
        """Drop an adapter; does nothing if it is not loaded. Requests that it is answering are finished.

        Raises ServeError if the server keeps it.
        """
        try:
            probe.unload(Endpoint(self.base_url, name, self.api_key), name)
        except probe.ProbeError as error:
            if error.status != _NOT_FOUND or self.serves(name):
                raise ServeError(f"{self.base_url}: {error}") from error

    def drop(self, name: str) -> None:
        """As `unload` in the wake of another error, which is the one to be told."""
        with suppress(ServeError):
            self.unload(name)

    def prove(self, name: str, adapter: Path, dtype: str) -> probe.Agreement | None:
        """Ask it: it answers, and in other log-probabilities than the base model, unless B is 0. Raises ServeError.

        dtype: of the tested model. If its trainer left a proof at that precision, the server is held against it, and
        how well they agree is returned; a server of another base, precision or scale does not.
        """
        base = Endpoint(self.base_url, str(self.base()["id"]), self.api_key)
        tuned = Endpoint(self.base_url, name, self.api_key)
        try:
            return probe.prove(base, tuned, adapter, dtype)
        except ServeError as error:
            raise ServeError(f"{self.base_url}: {name} is loaded, but the probe failed: {error}") from error

    def _refused(self, adapter: Path, there: str, error: probe.ProbeError) -> ServeError:
        return ServeError(f"{self.base_url}: {error}\n    {_fix(adapter, there, error)}".rstrip())


def running_server(url: str) -> RunningServer:
    """The server at an address, with or without /v1 at its end."""
    return RunningServer(plain_address(url, "--server", KEY_VARIABLES[0]).removesuffix("/v1") + "/v1")


def _fix(adapter: Path, there: str, error: probe.ProbeError) -> str:
    """What to change, by the answers of vLLM 0.32."""
    if "greater than max_lora_rank" in error.said:
        return f"restart the server with --max-lora-rank {allowed_rank(rank_of(adapter))}"
    if "No adapter found" in error.said:
        return f"the server cannot read {there}: mount the folder there and pass its path with --server-dir DIR"
    if "LoRA is not enabled" in error.said or error.status in {403, 404, 405}:
        return f"the server does not allow loading adapters at run time: {RUN_TIME_LOADING}"
    if error.status == http.UNREACHABLE:
        return "the connection was lost during loading; check the server log"
    return "check the server log"
