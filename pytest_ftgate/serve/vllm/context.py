"""(model, what it will be asked) -> the context that its server needs, in tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.engine import Asked
from pytest_ftgate.serve.hf.template_turns import template_tools, template_turns
from pytest_ftgate.serve.hf.tokenizer import load_tokenizer
from pytest_ftgate.serve.hub import folder_of
from pytest_ftgate.serve.model import Model

LEAST = 2048
"""Tokens; a shorter context saves nothing worth having."""

STEP = 256
"""A context is a multiple of it, so that one more word in a golden case starts no other server."""


LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length")
"""Keys of config.json for the longest context, by family; of several the smallest counts, as in vLLM."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest of all that is asked. case: its name. prompt, answer: tokens, each 0 or more."""

    case: str = ""
    prompt: int = 0
    answer: int = 0

    @property
    def tokens(self) -> int:
        """Of prompt and answer together."""
        return self.prompt + self.answer

    def check(self, limit: Limit) -> None:
        """Raises ServeError, naming the case, if it is longer than a server can take."""
        if self.tokens > limit.tokens:
            raise ServeError(
                f"{self.case} needs {self.tokens} tokens: {self.prompt} of the prompt and max_tokens {self.answer}; "
                f"the server takes {limit.tokens}, {limit.reason}\n"
                f"    shorten the case, lower [request] max_tokens, or {limit.way_out}"
            )


@dataclass(frozen=True, slots=True)
class Limit:
    """The most tokens that a server takes, why no more, and what else helps."""

    tokens: int
    reason: str
    way_out: str


def limit_of(model: Model, argument: int) -> Limit | None:
    """argument: the user's own --max-model-len, 0 for none. None where nothing is known."""
    if argument:
        return Limit(argument, "as --max-model-len says", "raise --max-model-len")
    own = own_context(model)
    if model.context and not 0 < own < model.context:
        return Limit(model.context, "as [serve] context says", "raise [serve] context")
    return Limit(own, "the most that the model itself reads", "use a model with a longer context") if own else None


def longest(model: Model, asks: Iterable[Asked]) -> Longest:
    """The longest of these in the model's own tokens; Longest() where no tokenizer can count them."""
    count = _counter(model)
    if count is None:
        return Longest()
    return max((Longest(each.case, count(each), each.answer_tokens) for each in asks), key=_tokens, default=Longest())


def _tokens(found: Longest) -> int:
    return found.tokens


def rounded(tokens: int) -> int:
    """The context for a need: at least `LEAST`, and a multiple of `STEP`."""
    return max(LEAST, -(-tokens // STEP) * STEP)


def own_context(model: Model) -> int:
    """The longest context that a model's config.json names; 0 if it names none, or is not here."""
    folder = folder_of(model)
    config = folder / "config.json" if folder else None
    if config is None or not config.is_file():
        return 0
    data = json.loads(config.read_text("utf-8"))
    for part in (data, data.get("text_config") or {}):
        if lengths := [part[key] for key in LENGTHS if isinstance(part.get(key), int)]:
            return int(min(lengths))
    return 0


def _counter(model: Model) -> Callable[[Asked], int] | None:
    """A function that counts the tokens of a conversation in the chat template; None without transformers or files."""
    folder = folder_of(model)
    tokenizer = _tokenizer(folder, model.chat) if folder else None
    if tokenizer is None:
        return None

    def count(asked: Asked) -> int:
        from jinja2 import TemplateError

        turns, tools = template_turns(asked.messages), template_tools(asked.tools)
        try:
            text = tokenizer.apply_chat_template(turns, tools=tools, add_generation_prompt=True, tokenize=False)
        except (TemplateError, TypeError, ValueError):
            return 0  # the server will say what is wrong with it
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    return count


def _tokenizer(folder: Path, chat: ChatFormat) -> Any:
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")):
        return None
    try:
        return load_tokenizer(str(folder), None, chat, local_files_only=True)
    except (ImportError, OSError, ValueError):
        return None
