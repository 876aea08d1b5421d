"""Endpoint -> a small synchronous client, for tests in Python that want to ask a server something themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.address import address_of
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.completion import fields_of
from pytest_ftgate.serve.client.reasoning import split
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import RequestError


@dataclass(frozen=True, slots=True)
class Client:
    """Asks one model of one server. endpoint: its address, its name for the model, and the key."""

    endpoint: Endpoint
    timeout_s: float = 120.0

    def chat(self, messages: str | Sequence[Mapping[str, str]], **settings: Any) -> dict[str, Any]:
        """The answer of /chat/completions as JSON; a text is one user message. Raises ServeError."""
        talk = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        return self.post("/chat/completions", {"messages": talk, "temperature": 0, **settings})

    def text(self, messages: str | Sequence[Mapping[str, str]], **settings: Any) -> str:
        """The text of the answer, without reasoning. Raises ServeError."""
        try:
            return split(str(fields_of(self.chat(messages, **settings))["text"]))[1]
        except RequestError as error:
            raise ServeError(f"/chat/completions for {self.endpoint.model}: {error.text}") from None

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of any other address below /v1. Raises ServeError."""
        line = self.endpoint
        status, said = http.post(
            address_of(line.base_url, path), {"model": line.model, **body}, line.api_key, self.timeout_s
        )
        if status != 200 or not isinstance(said, dict):
            told = one_line(f"{path} for {line.model}: {f'HTTP {status}: ' if status else ''}{said}")
            raise ServeError(told[:1000])
        return said
