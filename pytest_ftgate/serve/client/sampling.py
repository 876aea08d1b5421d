"""Settings of a golden set's [request] -> keys of a chat request's body."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_ftgate.errors import ServeError

_NEW_LIMIT = "max_completion_tokens"
"""What OpenAI's reasoning models take in place of max_tokens; they refuse a request with both."""


NEUTRAL: Mapping[str, float] = {
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.0,
}
"""What vLLM else takes from the model's generation_config.json, which neither trainer nor validation knows.

Only a server that is known to be vLLM is sent it: others refuse fields that they do not know."""


def sampling(  # noqa: PLR0913 - the settings of [request]
    *,
    max_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    stop: Sequence[str] = (),
    choices: Sequence[str] = (),
    response_format: Mapping[str, Any] | None = None,
    logprobs: int = 0,
    tools: Sequence[Mapping[str, Any]] = (),
    extra: Mapping[str, Any] | None = None,
    repeat: int = 0,
    stream: bool = False,
    offers: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The body's keys beside model and messages. `seed + repeat` is the seed of a repeat; empty settings are left out.

    extra: further keys, sent as they are; with "max_completion_tokens" among them there is no "max_tokens".
    stream: the answer comes token by token, with its usage at the end.
    offers: what the engine can do; with "neutral" among it, `NEUTRAL` is sent too; with "grammar", choices are written
    as one, as llama.cpp takes them. Raises ServeError for a setting it cannot honour: to drop it would measure
    something else than what was asked for.
    """
    wanted = {"choice": choices, "json_schema": response_format, "logprobs": logprobs, "tools": tools}
    for feature, value in wanted.items():
        if value and feature not in offers:
            raise ServeError(
                f"[request] uses '{feature}', not supported by this engine (supported: {_list(offers)})\n"
                f"    remove the setting, or choose another engine with --ftgate-engine"
            )
    more = dict(extra or {})
    limit = {} if _NEW_LIMIT in more else {"max_tokens": max_tokens}
    neutral = NEUTRAL if "neutral" in offers else {}
    body: dict[str, Any] = {**neutral, **more, **limit, "temperature": temperature, "seed": seed + repeat}
    optional = {
        "stop": list(stop),
        **_one_of(choices, offers),
        "response_format": response_format,
        "logprobs": bool(logprobs),
        "top_logprobs": logprobs,
        "tools": list(tools),
        "stream": stream,
        "stream_options": {"include_usage": True} if stream else None,
    }
    return body | {name: value for name, value in optional.items() if value}


def _one_of(choices: Sequence[str], offers: frozenset[str]) -> dict[str, Any]:
    """That the answer is one of these, in the server's own words."""
    if choices and "grammar" in offers:
        return {"grammar": f"root ::= {' | '.join(json.dumps(each, ensure_ascii=False) for each in choices)}"}
    return {"structured_outputs": {"choice": list(choices)}} if choices else {}


def _list(offers: frozenset[str]) -> str:
    return ", ".join(sorted(offers)) or "plain chat only"
