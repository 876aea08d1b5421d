"""(model, what it will be asked) -> the context that its server needs, in tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from pytest_ftgate.serve.vllm.options import asked_context

LEAST = 2048
"""Tokens; a shorter context saves nothing worth having."""

STEP = 256
"""A context is a multiple of it, so that one more word in a golden case starts no other server."""


LENGTHS = (
    *("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_target_positions"),
    *("max_sequence_length", "max_seq_length", "seq_len"),
)
"""Keys of config.json for the longest context, by family; of several the smallest counts, as in vLLM."""

WITHIN = frozenset({"default", "su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling"})
"""Kinds of rope scaling whose factor is in the longest context of config.json already; vLLM multiplies by others."""

LONG_ROPE = "long-rope>"
"""In an engine's identity, before the tokens beyond which the model reads all its texts by its long factors."""


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
    if model.context and (long_rope(model, ()) or not 0 < own < model.context):
        return Limit(model.context, "as [serve] context says", "raise [serve] context")
    if own and any(map(_short_context, _parts(model))):
        why = "the most that the model reads by the short factors of its LongRoPE"
        return Limit(own, why, "set [serve] context, by which all answers change")
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
    """The longest context that a model's config.json names, as vLLM reads it; 0 if it names none, or is not here.

    Of a model with LongRoPE (Phi-3) the one that it was first trained with: vLLM reads short texts too by the long
    factors once it is started for more, so that more is taken only where the user asks for it.
    """
    for part in _parts(model):
        if lengths := [part[key] for key in LENGTHS if isinstance(part.get(key), int)]:
            return _short_context(part) or int(min(lengths) * _factor(part))
    return 0


def long_rope(model: Model, arguments: Sequence[str]) -> str:
    """What the identity of vLLM must say of a context that the user asked for; "" where it changes no answer.

    arguments: of `vllm serve`, the user's own.
    """
    asked = asked_context(arguments) or model.context
    short = next(filter(None, map(_short_context, _parts(model))), 0)
    return f"{LONG_ROPE}{short}" if 0 < short < asked else ""


def _parts(model: Model) -> list[dict[str, Any]]:
    """The tables of config.json that may name a context: its own, and that of the text model in it."""
    folder = folder_of(model)
    config = folder / "config.json" if folder else None
    if config is None or not config.is_file():
        return []
    data = json.loads(config.read_text("utf-8"))
    return [data, data.get("text_config") or {}]


def _ropes(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parameters of rope, of models with several kinds of layers those of each."""
    named = [part.get(key) for key in ("rope_parameters", "rope_scaling")]
    tables = [table for table in named if isinstance(table, dict)]
    return [each for table in tables for each in ([table], [*table.values()])[_nested(table)] if isinstance(each, dict)]


def _nested(table: Mapping[str, Any]) -> bool:
    return bool(table) and all(isinstance(each, dict) or each is None for each in table.values())


def _kind(rope: Mapping[str, Any]) -> str:
    return str(rope.get("rope_type") or rope.get("type") or "default")


def _short_context(part: Mapping[str, Any]) -> int:
    """Tokens that a model with LongRoPE reads by its short factors; 0 for others."""
    for rope in _ropes(part):
        if _kind(rope) in {"longrope", "su"}:
            key = "original_max_position_embeddings"
            return int(part.get(key) or rope.get(key) or 0)
    return 0


def _factor(part: Mapping[str, Any]) -> float:
    """By which the longest context grows; Gemma 3 names the one that has grown."""
    if "gemma3" in str(part.get("model_type", "")):
        return 1.0
    factors = [rope.get("factor") for rope in _ropes(part) if _kind(rope) not in WITHIN]
    return float(next(filter(None, reversed(factors)), 1.0))


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
