"""(address, model name) -> an Engine for a server that is not ours: anything that speaks the OpenAI chat API."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import mask, secret_in
from pytest_ftgate.serve.address import address_of
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.reply_body import REDIRECTS
from pytest_ftgate.serve.engine import Endpoint, Progress
from pytest_ftgate.serve.model import Model

MODELS_S = 10.0
"""Seconds in which a server must have listed its models, to the last byte."""

KEY_VARIABLES = ("FTGATE_API_KEY", "OPENAI_API_KEY")


def key_from_environment() -> str:
    """The first of `KEY_VARIABLES` that is set; "" if none is. Raises FtgateError for one that cannot be sent."""
    return next(filter(None, map(secret_in, KEY_VARIABLES)), "")


@dataclass(slots=True)
class OpenAIEngine:
    """Attaches to `base_url` (usually ends in /v1). The key comes from the environment and is never printed.

    model_name: as the server calls it. offers: what the server is known to do beyond plain chat. fingerprint: what
    /v1/models says of the model behind the name, known after `start`.
    """

    base_url: str
    model_name: str
    offers: frozenset[str] = frozenset({"json_schema", "logprobs", "stream", "tools"})
    verified: str = ""
    api_key: str = field(default_factory=key_from_environment, repr=False)
    max_in_flight: int | None = None
    name: str = "openai"
    fingerprint: str = ""

    @property
    def model(self) -> Model:
        """What this server serves; its digest stands for the name alone, wherever the server is."""
        return Model(self.model_name, served=True)

    def expect(self, model: Model) -> None:
        """Nothing to prepare."""

    def start(self, progress: Progress) -> None:
        """See that the server answers, takes the key and knows the model. Raises ServeError."""
        if "#" in self.base_url:
            raise ServeError(f"{self.base_url}: a base URL has no '#'; expected http://HOST:PORT/v1")
        progress(f"listing the models of {self.base_url}")
        status, said = http.get(address_of(self.base_url, "/models"), self.api_key, MODELS_S)
        if status in {401, 403}:
            raise ServeError(f"{self.base_url}: API key rejected (HTTP {status}); set {' or '.join(KEY_VARIABLES)}")
        if status == http.UNREACHABLE:
            raise ServeError(f"{self.base_url}: no response ({said}); check --ftgate-base-url")
        if status in REDIRECTS:
            raise ServeError(
                f"{self.base_url}: HTTP {status}: {said}\n    set --ftgate-base-url to the address it leads to"
            )
        names = http.model_names(said) if status == 200 else []
        self.fingerprint = _fingerprint(said, self.model_name, time.time()) if names else ""
        if names and self.model_name not in names:
            raise ServeError(
                f"{self.base_url}: no model '{self.model_name}'; it serves {one_line(', '.join(sorted(names)[:10]))}"
            )

    def endpoint(self, model: Model) -> Endpoint:
        """The server's address, for the one model it was attached for."""
        if model != self.model:
            raise ServeError(
                f"{self.base_url} serves '{self.model_name}' only; "
                f"{model.adapter or model.base} needs an engine that loads it (--ftgate-engine transformers)"
            )
        return Endpoint(self.base_url.rstrip("/"), self.model_name, self.api_key, fingerprint=self.fingerprint)

    def check(self) -> None:
        """Nothing to see: a server that is not ours may come back, so broken connections are retried."""

    def stop(self) -> None:
        """Nothing to end."""


MADE_UP_S = 3600.0
"""A `created` younger than this is the time of the request or of the server's start, as with vLLM and llama.cpp."""


def _fingerprint(listed: Any, name: str, now: float) -> str:
    """What tells the model apart from another that is served under this name later; "" if the entry says nothing."""
    entry = next((each for each in listed["data"] if isinstance(each, dict) and each.get("id") == name), {})
    root, created = entry.get("root"), entry.get("created")
    told = [f"root={root}"] if isinstance(root, str) and root not in {"", name} else []
    if isinstance(created, int) and 0 < created < now - MADE_UP_S:
        told.append(f"created={created}")
    return mask(" ".join(told))[:200]
