"""The [request] table of a golden set -> what it asks for in two places at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_KEYS = {
    **{name: name for name in ("max_tokens", "temperature", "seed", "stop", "response_format", "tools", "stream")},
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
    "stream_options": "stream",
    "n": "repeats",
}
"""Keys of a request's body that the plugin sets -> the key of [request] that says how."""

_PROMPT = {
    "model": "the model under test is named by --ftgate-model or pipeline.toml",
    "messages": "the messages are made from [prompt] and the case's input",
}


def extra_faults(request: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(key of [request.extra], what is wrong, how to fix it) of each that the plugin sets itself."""
    for key in request.get("extra", {}):
        what = f"'{key}' is not allowed in [request.extra]"
        if key in _PROMPT:
            yield key, f"{what}: {_PROMPT[key]}", "remove it"
        elif key in _KEYS:
            yield key, f"{what}: the plugin sets it", f"write `{_KEYS[key]}` in [request]"
        elif key == "structured_outputs" and request.get("choices"):
            yield key, f"{what} beside `choices`, which sets it", "remove one of them"
