"""Tokenizer -> rows whose text holds special tokens, which the model reads as its own marks and not as text.

An end of turn cuts an answer off, a beginning of turn in a question puts words in another's mouth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.serve.hf.template_turns import template_turns

_MARK = re.compile(r"<[|｜].+[|｜]>")
_MEDIUM = re.compile(r"[<\[]\|?(?:image|img|video|audio|vision)\w*\|?[>\]]", re.I)

FindSpecial = Callable[[DataRow], Iterator[str]]
"""Row -> each place that holds special tokens, in a few words."""


def special_tokens(tokenizer: Any) -> frozenset[str]:
    """Those that no row may hold as text.

    All that the tokenizer calls special; of its other added tokens those in place of a picture or sound, and marks such
    as <|user|> that its chat template writes. Tags that answers hold, such as <think>, are none.
    """
    template = str(tokenizer.chat_template or "")
    added = {str(token): token.special for token in tokenizer.added_tokens_decoder.values()}
    marks = {token for token, special in added.items() if special or _is_mark(token, template)}
    return frozenset(filter(str.strip, {*marks, *map(str, tokenizer.all_special_tokens)}))


def _is_mark(token: str, template: str) -> bool:
    return bool(_MEDIUM.fullmatch(token) or (_MARK.fullmatch(token) and token in template))


def special_in(tokenizer: Any) -> FindSpecial:
    """A function from a row to what is wrong with it. A text alone may end with the end token."""
    tokens = special_tokens(tokenizer)
    if not tokens:
        return lambda _: iter(())
    pattern = re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))))
    end = str(tokenizer.eos_token or "")

    def find(row: DataRow) -> Iterator[str]:
        for place, said in _places(row, end):
            if found := sorted({token for text in _texts(said) for token in pattern.findall(text)}):
                yield f"special token {', '.join(found)} in {place}"

    return find


def _places(row: DataRow, end: str) -> Iterator[tuple[str, Any]]:
    """All that is learnt or read of a row, as a template is given it, and where it stands."""
    if row.shape == TEXT:
        yield "the text", row.answer.removesuffix(end)
        return
    asked: Sequence[Mapping[str, Any]] = template_turns(row.asked)
    for number, turn in enumerate(asked, 1):
        yield f"turn {number} ({turn['role']})", turn
    yield "the tools", row.tools
    yield "the answer", template_turns([row.answer_turn])
    yield "the rejected answer", row.rejected


def _texts(value: Any) -> Iterator[str]:
    """Every text of a JSON value, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _texts(key)
            yield from _texts(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _texts(below)
