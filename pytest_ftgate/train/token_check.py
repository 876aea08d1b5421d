"""(endpoint, messages with the trainer's token ids) -> where the server reads them otherwise.

A model that is asked in other tokens than it was trained on is silently worse: another chat template, a doubled
beginning-of-sequence token, a tokenizer that was changed in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.control_http import post

if TYPE_CHECKING:
    from pytest_ftgate.serve.engine import Endpoint

SHOWN = 3
"""Rows shown, and token ids on either side of the first difference."""

LINES = 3
"""Of each row that differs."""


def check_tokens(endpoint: Endpoint, file: Path) -> int:
    """Compare every row of the trainer's tokens.json with the server's /tokenize; how many were compared.

    file: a JSON list of {"messages", "tools", "tokens", "text"}, the tools only if there are some; or of
    {"prompt", "tokens", "text"} for a text without turns. Raises ServeError that shows both, as ids and as text, for
    the rows that differ, or if the server cannot say.
    """
    rows = json.loads(file.read_text(encoding="utf-8"))
    differences = list(_differences(endpoint, rows))
    if differences:
        differ = len(differences) // LINES
        raise ServeError(
            f"the server tokenises messages differently from training ({differ} of {len(rows)} rows differ):\n"
            + "\n".join(differences[: SHOWN * LINES])
            + "\n    serve with the tokenizer and template of training (chat_template.jinja in the adapter's folder)"
        )
    return len(rows)


def _differences(endpoint: Endpoint, rows: list[dict[str, Any]]) -> Iterator[str]:
    for number, row in enumerate(rows, 1):
        served = _served_tokens(endpoint, row)
        if served != row["tokens"]:
            yield f"    row {number}: {_first_difference(row['tokens'], served)}"
            yield f"      trained on {row.get('text', '')!r}"
            yield f"      served as {_text(endpoint, served)!r}"


def _served_tokens(endpoint: Endpoint, row: dict[str, Any]) -> list[int]:
    url = endpoint.base_url.rstrip("/").removesuffix("/v1") + "/tokenize"
    body = {"model": endpoint.model, **({"prompt": row["prompt"]} if "prompt" in row else _chat(row))}
    status, said = post(url, body, endpoint.api_key)
    tokens = said.get("tokens") if status == 200 and isinstance(said, dict) else None
    if not isinstance(tokens, list):
        said = f"HTTP {status}: {str(said)[:500]}" if status else said
        raise ServeError(f"{url}: cannot compare the server's tokens with training: {said}")
    return tokens


def _chat(row: dict[str, Any]) -> dict[str, Any]:
    tools = {"tools": row["tools"]} if "tools" in row else {}
    return {"messages": [_message(turn) for turn in row["messages"]], "add_generation_prompt": True, **tools}


def _message(turn: dict[str, Any]) -> dict[str, Any]:
    """With `reasoning`, where vLLM reads what was thought in an earlier turn; it gives templates both names."""
    return turn | {"reasoning": turn["reasoning_content"]} if "reasoning_content" in turn else turn


def _text(endpoint: Endpoint, tokens: list[int]) -> str:
    """What the server takes the tokens for; "" if it does not say."""
    url = endpoint.base_url.rstrip("/").removesuffix("/v1") + "/detokenize"
    status, said = post(url, {"model": endpoint.model, "tokens": tokens}, endpoint.api_key)
    return str(said.get("prompt", "")) if status == 200 and isinstance(said, dict) else ""


def _first_difference(trained: list[int], served: list[int]) -> str:
    pairs = zip_longest(trained, served)
    place = next(i for i, (one, other) in enumerate(pairs) if one != other)
    around = slice(max(0, place - SHOWN), place + SHOWN + 1)
    return (
        f"at token {place}: trained on {trained[around]} (of {len(trained)}), served as {served[around]} "
        f"(of {len(served)})"
    )
