"""request -> tokens: a likely number to tell before a run, and a sure one to reserve money for."""

from __future__ import annotations

import json
from dataclasses import asdict

from pytest_ftgate.serve.api.request import ApiRequest, Usage

BYTES_PER_TOKEN = 3
"""Of English prose and JSON, in current tokenizers: on the low side, so the estimate is on the high side."""

FRAME_TOKENS = 1_000
"""What a server adds around a question: its own words about tools, and the turns' marks."""


def likely(ask: ApiRequest) -> Usage:
    """Usage if nothing is cached and the answer is as long as it may be."""
    return Usage(input=_bytes(ask) // BYTES_PER_TOKEN + 1, output=ask.max_tokens)


def most(ask: ApiRequest) -> Usage:
    """Usage that cannot be exceeded: no token is shorter than a byte. All is written to the cache, the dearest way."""
    return Usage(cache_write=_bytes(ask) + FRAME_TOKENS, output=ask.max_tokens)


def _bytes(ask: ApiRequest) -> int:
    form = json.dumps(asdict(ask.tool)) if ask.tool else ""
    texts = (*ask.system, *(message["content"] for message in ask.messages), form)
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
