"""A table of a configuration file -> Settings: which model is asked, where, and for how much money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal
from urllib.parse import urlsplit

from pytest_ftgate.errors import ProviderError
from pytest_ftgate.files.secrets import holds_credentials, secret_in
from pytest_ftgate.serve.api.request import ApiRequest, Tool, key_of
from pytest_ftgate.serve.api.token_prices import DEFAULT_PRICES, FREE, PRICES_AS_OF, Prices
from pytest_ftgate.serve.client.proxy import is_loopback

SMALL_CLAUDE = "claude-haiku-5-5"
ANTHROPIC_URL = "https://api.anthropic.com"
KEY_VARIABLES = {"api.anthropic.com": "ANTHROPIC_API_KEY", "api.openai.com": "OPENAI_API_KEY"}
"""Whose key goes to which host, if nobody says otherwise; no other host is ever sent one of them."""

CLAUDE_CACHE_WRITE = 1.25
"""What a token costs that is written into the cache of five minutes, in the price of an input token."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Which model is asked, and how. Holds no key, only the name of the variable that does.

    model: name of the model, as the server knows it.
    base_url: address of the server: of Anthropic's API without /v1, of an OpenAI-compatible one with it.
    api: which API the server speaks, "anthropic" (Messages) or "openai" (chat completions).
    api_key_env: environment variable with the key; "" is ANTHROPIC_API_KEY or OPENAI_API_KEY for their own hosts, and
    none for any other.
    max_tokens: longest reply, in tokens.
    concurrency: requests in flight at once.
    budget_dollars: dollars that one run may cost, never exceeded; left out: no limit.
    confirm_above_dollars: a more expensive estimate must be confirmed.
    timeout_s: time limit of one attempt, to the last byte, in seconds.
    prices: dollars for a million tokens, { input = 1.0, output = 5.0 }; left out: those of the models known here.
    thinking: lets a Claude think first; a tool cannot be forced then, so that some replies may come without one; with
    "json_schema" the form can be forced.
    stream: receive the reply as a stream, for very long ones.
    structured: how the reply gets its form: "tools" forces a strict tool; "json_schema" gives the schema for the text,
    for servers without tools (vLLM without --enable-auto-tool-choice and --tool-call-parser) and models that cannot be
    forced.
    poll_s: seconds between two looks at a message batch.
    """

    model: str = SMALL_CLAUDE
    base_url: str = ANTHROPIC_URL
    api: Literal["anthropic", "openai"] = "anthropic"
    api_key_env: str = ""
    max_tokens: int = 1024
    concurrency: int = 16
    budget_dollars: float | None = None
    confirm_above_dollars: float = 1.0
    timeout_s: float = 120.0
    prices: Prices | None = None
    thinking: bool = False
    stream: bool = False
    structured: Literal["tools", "json_schema"] = "tools"
    poll_s: float = 30.0

    def ask(  # noqa: PLR0913 - all that can be asked
        self,
        system: Sequence[str],
        messages: Sequence[Mapping[str, str]],
        tool: Tool | None = None,
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        repeat: int = 0,
    ) -> ApiRequest:
        """A request of this model. repeat: tells apart several answers to the same question (0-based)."""
        most = max_tokens or self.max_tokens
        identity = (self.api, self.model, "thinking" if self.thinking else "", self.structured)
        key = key_of(identity, system, messages, tool, most, temperature, repeat)
        return ApiRequest(key, tuple(system), tuple(messages), tool, most, temperature)

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(self._host)

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    def price_list(self) -> Prices:
        """What tokens cost; a server on this machine costs nothing. Raises ProviderError if nobody knows."""
        if self.prices is not None:
            return self.prices
        if self.local:
            return FREE
        if self.model in DEFAULT_PRICES:
            return DEFAULT_PRICES[self.model]
        raise ProviderError(
            f"no price for model '{self.model}' (known as of {PRICES_AS_OF}: "
            f"{', '.join(DEFAULT_PRICES)}), needed for the budget\n"
            "    set it in dollars per million tokens: prices = { input = 1.0, output = 5.0 }"
        )

    def key_variable(self) -> str:
        """The name of the environment variable with the key, "" if none is needed."""
        return self.api_key_env or KEY_VARIABLES.get(self._host, "")

    def key(self) -> str:
        """The key itself; "" if none is needed. Raises ProviderError if it is not set, FtgateError if not usable."""
        name = self.key_variable()
        if not name:
            return ""
        if found := secret_in(name):
            return found
        raise ProviderError(
            f"no API key for {self.base_url}: environment variable {name} is not set\n"
            f'    set {name}, or choose another variable: api_key_env = "..."'
        )


def read_settings(table: Mapping[str, Any], where: str) -> Settings:
    """Settings of a table such as [judge] with only these keys. where: for errors, such as "golden.toml: [judge]".

    Raises ProviderError with every fault.
    """
    if faults := [*_strange(table, Settings, ""), *_wrong(table)]:
        raise ProviderError("\n".join(f"{where}: {fault}" for fault in faults))
    values = dict(table)
    if "prices" in values:
        values["prices"] = _prices(values["prices"], values.get("api", "anthropic"))
    if values.get("api") == "openai" and "base_url" not in values:
        raise ProviderError(f'{where}: api = "openai" needs base_url, e.g. "http://127.0.0.1:8000/v1"')
    if values.get("api") != "openai" and "?" in str(values.get("base_url", "")):
        raise ProviderError(f'{where}: a base_url with a query needs api = "openai"')
    return Settings(**values)


def _prices(table: Mapping[str, Any], api: str) -> Prices:
    """cache_read and cache_write, where not given, never too low: a Claude charges 1.25 times input for a write."""
    write = CLAUDE_CACHE_WRITE if api == "anthropic" else 1.0
    usual = {"cache_read": table["input"], "cache_write": write * table["input"]}
    return Prices(**{**usual, **table})


def _strange(table: Mapping[str, Any], known: type, prefix: str) -> Iterator[str]:
    names = [field.name for field in fields(known)]
    for key in table:
        if key not in names:
            yield f"unknown key {prefix}{key}; known: {', '.join(names)}"


def _wrong(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if key in _CHECKS and not _CHECKS[key][0](value):
            yield f"{key} is {_shown(key, value)}; must be {_CHECKS[key][1]}"
    prices = table.get("prices")
    if isinstance(prices, Mapping):
        yield from _strange(prices, Prices, "prices.")
        for key in ("input", "output"):
            if key not in prices:
                yield f"prices.{key} is missing (dollars per million tokens)"


def _number(value: object, least: float, most: float = 1e9) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _shown(key: str, value: object) -> str:
    """A faulty address may hold a password, a faulty api_key_env the key itself: they are not repeated."""
    text = "invalid" if key in {"base_url", "api_key_env"} else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _address(value: str) -> bool:
    """Whoever puts a password into an address would find it in logs."""
    return value.startswith(("http://", "https://")) and not holds_credentials(value)


def _count(value: object, most: int) -> bool:
    return isinstance(value, int) and _number(value, 1, most)


_CHECKS: Mapping[str, tuple[Any, str]] = {
    "model": (lambda value: isinstance(value, str) and bool(value), "a model name"),
    "base_url": (lambda value: _address(str(value)), "an http:// or https:// URL without credentials (api_key_env)"),
    "api": (lambda value: value in {"anthropic", "openai"}, '"anthropic" or "openai"'),
    "api_key_env": (
        lambda value: isinstance(value, str) and value.replace("_", "a").isalnum() and not value[:1].isdigit(),
        "the name of an environment variable, not the key itself",
    ),
    "max_tokens": (lambda value: _count(value, 10_000_000), "an integer from 1 to 10,000,000"),
    "concurrency": (lambda value: _count(value, 4096), "an integer from 1 to 4,096"),
    "budget_dollars": (lambda value: _number(value, 0.0), "dollars, 0 to 1e9"),
    "confirm_above_dollars": (lambda value: _number(value, 0.0), "dollars, 0 to 1e9"),
    "timeout_s": (lambda value: _number(value, 0.001, 86_400), "seconds above 0, at most 86,400 (a day)"),
    "poll_s": (lambda value: _number(value, 0.0, 86_400), "seconds, 0 to 86,400"),
    "prices": (
        lambda value: isinstance(value, Mapping) and all(_number(price, 0.0) for price in value.values()),
        "a table of dollars per million tokens, 0 to 1e9 each",
    ),
    "thinking": (lambda value: isinstance(value, bool), "true or false"),
    "stream": (lambda value: isinstance(value, bool), "true or false"),
    "structured": (lambda value: value in {"tools", "json_schema"}, '"tools" or "json_schema"'),
}
