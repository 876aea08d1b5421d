"""A network at the serving precision -> proof.json in its adapter's folder: what a server of it must compute.

The trainer writes it with the very weights it leaves; every server that loads the adapter is held against it, today's
and the one that serves it from the registry next year.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "proof.json"

TALKS = (
    [{"role": "user", "content": "Reply with one word: is the sky blue?"}],
    [{"role": "user", "content": 'Classify: "You have won £1,000, call 0900 now!" Answer {"label": "spam"}.'}],
)
"""What is asked: short, with digits, quotes and a letter outside ASCII."""

LENGTH = 16
"""Tokens of each answer."""


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """One greedy answer. prompt, tokens: token ids; logprobs: of each token, in nats."""

    prompt: tuple[int, ...]
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ReferenceLogprobs:
    """Answers of one model at one precision. dtype: as torch names it; it holds for this precision alone."""

    dtype: str
    said: tuple[TokenLogprobs, ...]


def prove(network: Any, tokenizer: Any) -> ReferenceLogprobs:
    """Ask a loaded causal language model of transformers, with the adapter applied."""
    from pytest_ftgate.serve.hf.generate import prompt_tokens

    prompts = [tuple(prompt_tokens(tokenizer, talk)) for talk in TALKS]
    said = tuple(TokenLogprobs(ids, *greedy(network, ids)) for ids in prompts)
    return ReferenceLogprobs(str(network.dtype).removeprefix("torch."), said)


def greedy(network: Any, prompt: Sequence[int], length: int = LENGTH) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The likeliest token `length` times, an end of text included, and its log-probability in nats."""
    import torch

    tokens, logprobs, cache = [], [], None
    ids = torch.tensor([list(prompt)], device=network.device)  # 1, tokens
    with torch.inference_mode():
        for _ in range(length):
            out = network(input_ids=ids, past_key_values=cache, use_cache=True)
            best, token = out.logits[0, -1].float().log_softmax(-1).max(-1)
            tokens.append(int(token))
            logprobs.append(float(best))
            ids, cache = token.view(1, 1), out.past_key_values
    return tuple(tokens), tuple(logprobs)


def write_proof(proof: ReferenceLogprobs, folder: Path) -> Path:
    """Keep it beside the weights, which its presence does not change: no digest counts it."""
    path = folder / FILE
    path.write_text(json.dumps(asdict(proof)), encoding="utf-8")
    return path


def read_proof(folder: Path) -> ReferenceLogprobs | None:
    """What the trainer wrote; None for an adapter that another program made. Raises ValueError if it is unreadable."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        said = tuple(TokenLogprobs(**{key: tuple(values) for key, values in each.items()}) for each in data["said"])
        return ReferenceLogprobs(data["dtype"], said)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is no proof of this program: {error!r}") from None
