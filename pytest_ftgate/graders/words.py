"""Text -> its words, by Unicode: a run of letters and digits is one; of Han, Hiragana and Katakana each character."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

_ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}"
_RUN = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{_ALONE}]]+"
_TOKEN = rf"[{_ALONE}]|{_RUN}"
_WORD = rf"[{_ALONE}]|{_RUN}(?:['\u2019]{_RUN})*"


def words(text: str) -> list[str]:
    """Words as people count them: "can't" is one."""
    return _compiled(_WORD).findall(text)


def tokens(text: str) -> list[str]:
    """Words as ROUGE compares them: in lower case, and "can't" is "can" and "t"."""
    return _compiled(_TOKEN).findall(text.lower())


@lru_cache
def _compiled(pattern: str) -> Pattern[str]:
    import regex

    return regex.compile(pattern, regex.VERSION1)
