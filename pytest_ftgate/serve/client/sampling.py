"""Settings of a golden set's [request] -> keys of a chat request's body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_ftgate.errors import ServeError


def sampling(  # noqa: PLR0913 - the settings of [request]
    *,
    max_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    stop: Sequence[str] = (),
    choices: Sequence[str] = (),
    response_format: Mapping[str, Any] | None = None,
    logprobs: int = 0,
    repeat: int = 0,
    stream: bool = False,
    offers: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The body's keys beside model and messages. `seed + repeat` is the seed of a repeat; empty settings are left out.

    stream: the answer comes token by token, with its usage at the end.
    offers: what the engine can do. Raises ServeError for a setting it cannot honour: to drop it would measure
    something else than what was asked for.
    """
    wanted = {"choice": choices, "json_schema": response_format, "logprobs": logprobs}
    for feature, value in wanted.items():
        if value and feature not in offers:
            raise ServeError(
                f"[request] uses '{feature}', not supported by this engine (supported: {_list(offers)})\n"
                f"    remove the setting, or choose another engine with --ftgate-engine"
            )
    body: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed + repeat}
    optional = {
        "stop": list(stop),
        "structured_outputs": {"choice": list(choices)} if choices else None,
        "response_format": response_format,
        "logprobs": bool(logprobs),
        "top_logprobs": logprobs,
        "stream": stream,
        "stream_options": {"include_usage": True} if stream else None,
    }
    return body | {name: value for name, value in optional.items() if value}


def _list(offers: frozenset[str]) -> str:
    return ", ".join(sorted(offers)) or "plain chat only"
