"""(address, model name) -> an Engine for a server that is not ours: anything that speaks the OpenAI chat API."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.address import address_of
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.denial import better_address, models_hint
from pytest_ftgate.serve.client.key import key_from_environment, key_hint
from pytest_ftgate.serve.client.reply_body import REDIRECTS
from pytest_ftgate.serve.engine import Asked, Endpoint, Progress
from pytest_ftgate.serve.model import Model

MODELS_S = 10.0
"""Seconds in which a server must have listed its models, to the last byte."""

SCHEMES = ("http://", "https://")


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

    def expect(self, model: Model, asks: Iterable[Asked] = ()) -> None:
        """Nothing to prepare."""

    def start(self, progress: Progress) -> None:
        """See that the server answers, takes the key and knows the model. Raises ServeError."""
        if "#" in self.base_url:
            raise ServeError(f"{self.base_url}: a base URL has no '#'; expected http://HOST:PORT/v1")
        if not self.base_url.lower().startswith(SCHEMES):
            raise ServeError(_without_scheme(self.base_url))
        progress(f"listing the models of {self.base_url}")
        status, said = http.get(address_of(self.base_url, "/models"), self.api_key, MODELS_S)
        if problem := self._problem(status, said):
            raise ServeError(f"{self.base_url}: {problem}")
        names = http.model_names(said) if status == 200 else []
        self.fingerprint = _fingerprint(said, self.model_name, time.time()) if names else ""
        if names and _is_vllm(said, self.model_name):
            self.offers |= {"neutral"}
        if names and self.model_name not in names:
            raise ServeError(f"{self.base_url}: no model '{self.model_name}'; {models_hint(self.model_name, names)}")
        if not names and status in {200, 404, 405} and (url := better_address(self.base_url, self.api_key)):
            raise ServeError(f"{self.base_url}: no models are listed there; did you mean {url}? set --ftgate-base-url")

    def _problem(self, status: int, said: Any) -> str:
        """Why nothing can be asked of a server that answered so; "" if all is well."""
        if status in {401, 403}:
            return f"the server refused the API key (HTTP {status})\n    {key_hint(bool(self.api_key))}"
        if status == http.UNREACHABLE:
            return f"no response ({said}); start the server, or check --ftgate-base-url"
        if status in REDIRECTS:
            return f"HTTP {status}: {said}\n    set --ftgate-base-url to the address it leads to"
        return ""

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


def _without_scheme(url: str) -> str:
    if "://" in url:
        return f"{url}: expected an address that begins with http:// or https://, such as http://127.0.0.1:8000/v1"
    return f"{url}: no http:// or https:// before the address; did you mean http://{url}?"


def _is_vllm(listed: Any, name: str) -> bool:
    """By the card of the model, where vLLM says so itself."""
    cards = [each for each in listed["data"] if isinstance(each, dict) and each.get("id") == name]
    return any(card.get("owned_by") == "vllm" for card in cards)


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
