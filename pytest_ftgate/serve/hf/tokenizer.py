"""(base model, ChatFormat) -> its tokenizer with the chat template that [base] wants, and the tokens that end a turn.

The one place where a tokenizer is loaded: training, data checks, perplexity and the server must render the same.
"""

from __future__ import annotations

from typing import Any

from pytest_ftgate.serve.chat_format import ChatFormat


def load_tokenizer(base: str, revision: str | None, chat: ChatFormat | None = None, **options: Any) -> Any:
    """The tokenizer. options: of `from_pretrained`. `chat_template` is one text, or None if there is none.

    Raises ServeError as `ChatFormat.applied`.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base, revision=revision, **options)
    tokenizer.chat_template = (chat or ChatFormat()).applied(tokenizer.chat_template) or None
    tokenizer.end_tokens = frozenset([*_listed(base, revision, options), *end_tokens(tokenizer)])
    return tokenizer


def end_tokens(tokenizer: Any) -> frozenset[int]:
    """Ids that end an answer: the tokenizer's own, and those of generation_config.json if `load_tokenizer` read it.

    Gemma's turns end with <end_of_turn>, which that file alone lists.
    """
    own = tokenizer.eos_token_id
    return getattr(tokenizer, "end_tokens", frozenset()) | ({own} if own is not None else frozenset())


def ids_in(eos_token_id: Any) -> frozenset[int]:
    """The ids of a configuration's `eos_token_id`: none, one or a list."""
    listed = eos_token_id if isinstance(eos_token_id, list | tuple) else [eos_token_id]
    return frozenset(one for one in listed if isinstance(one, int))


def _listed(base: str, revision: str | None, options: dict[str, Any]) -> frozenset[int]:
    """What the model's generation_config.json lists; without that file, its config.json, as engines do."""
    from transformers import AutoConfig, GenerationConfig

    for kind in (GenerationConfig, AutoConfig):
        try:
            return ids_in(getattr(kind.from_pretrained(base, revision=revision, **options), "eos_token_id", None))
        except (OSError, ValueError):
            continue
    return frozenset()
