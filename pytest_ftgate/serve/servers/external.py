"""(address, model name) -> an Engine for a server that is not ours: anything that speaks the OpenAI chat API."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import secret_in
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.proxy import proxy_for
from pytest_ftgate.serve.engine import Endpoint, Progress
from pytest_ftgate.serve.model import Model

KEY_VARIABLES = ("FTGATE_API_KEY", "OPENAI_API_KEY")


def key_from_environment() -> str:
    """The first of `KEY_VARIABLES` that is set; "" if none is. Raises FtgateError for one that cannot be sent."""
    return next(filter(None, map(secret_in, KEY_VARIABLES)), "")


@dataclass(frozen=True, slots=True)
class OpenAIEngine:
    """Attaches to `base_url` (usually ends in /v1). The key comes from the environment and is never printed.

    model_name: as the server calls it. offers: what the server is known to do beyond plain chat.
    """

    base_url: str
    model_name: str
    offers: frozenset[str] = frozenset({"json_schema", "logprobs", "stream"})
    verified: str = ""
    api_key: str = field(default_factory=key_from_environment, repr=False)
    max_in_flight: int | None = None
    name: str = "openai"

    @property
    def model(self) -> Model:
        """What this server serves; its digest stands for the name alone, wherever the server is."""
        return Model(self.model_name, served=True)

    def expect(self, model: Model) -> None:
        """Nothing to prepare."""

    def start(self, progress: Progress) -> None:
        """See that the server answers, takes the key and knows the model. Raises ServeError."""
        progress(f"listing the models of {self.base_url}")
        status, said = self._get("/models", 10.0)
        if status in {401, 403}:
            raise ServeError(f"{self.base_url}: API key rejected (HTTP {status}); set {' or '.join(KEY_VARIABLES)}")
        if status == http.UNREACHABLE:
            raise ServeError(f"{self.base_url}: no response ({said}); check --ftgate-base-url")
        names = http.model_names(said) if status == 200 else []
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
        return Endpoint(self.base_url.rstrip("/"), self.model_name, self.api_key)

    def check(self) -> None:
        """Nothing to see: a server that is not ours may come back, so broken connections are retried."""

    def stop(self) -> None:
        """Nothing to end."""

    def _get(self, path: str, timeout_s: float) -> tuple[int, object]:
        url = self.base_url.rstrip("/") + path
        return http.get(url, self.api_key, timeout_s, proxy_for(url))
