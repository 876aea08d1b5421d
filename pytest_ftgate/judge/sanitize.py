"""Texts that nobody vouches for -> the same texts as data: visible, and between marks that they cannot contain.

What is judged may be written to mislead the judge. Three things are done to it, and none of them changes what a person
would read: characters that cannot be seen are written as their code, tokens that end a turn in chat templates lose
their bracket, and the whole stands between two marks with a word made of the digest of all the texts, which none of
them contains.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_ftgate.files.digest import digest_of

if TYPE_CHECKING:
    import regex

_WORD = 16
"""Hex digits of the word in the marks."""
_UNSEEN = r"(?:(?![\n\t])[\p{DI}\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u2800])"
_TOKENS = (
    r"<(?=\s{0,4}[|\uFF5C])"  # <|im_end|>, <|eot_id|>, DeepSeek's full-width bars
    r"|<(?=/?(?:s|bos|eos|pad|unk|think|(?:start|end)_of_turn|/?SYS)>)"
    r"|<(?=<\s{0,2}/?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
)


def shielded(texts: Mapping[str, str]) -> dict[str, str]:
    """Each text by its name, between its marks; see `word_for` and `sanitized`."""
    shown = {name: sanitized(text) for name, text in texts.items()}
    word = word_for([*texts.values(), *shown.values()])
    return {name: f"<<{name} {word}>>\n{text}\n<<end of {name} {word}>>" for name, text in shown.items()}


def word_for(texts: Sequence[str]) -> str:
    """A word that stands in none of the texts, however it is written; the same for the same texts, 16 hex digits."""
    plain = [_plain(text) for text in texts]
    for count in range(1_000_000):
        word = digest_of([count, *texts])[:_WORD]
        if not any(word in text for text in plain):
            return word
    raise AssertionError("a million words of 16 hex digits in one text")


def sanitized(text: str) -> str:
    """The text with every character that cannot be seen written as its code, as in ⟦U+200B⟧, and chat tokens opened.

    The bracket that opens a token of a chat template is replaced by one that looks like it. CR LF becomes a new line;
    tabs and new lines stay.
    """
    unseen, tokens = _patterns()
    whole = text.replace("\r\n", "\n")
    coded = unseen.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", whole)
    return tokens.sub(lambda found: "⟨" if found[0] == "<" else "⟦", coded)


@lru_cache(maxsize=1)
def _patterns() -> tuple[regex.Pattern[str], regex.Pattern[str]]:
    import regex

    return regex.compile(_UNSEEN), regex.compile(_TOKENS, regex.IGNORECASE)


def _plain(text: str) -> str:
    """Lower case, compatible characters made one, and nothing but letters and digits: how a model might read it."""
    folded = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode()).casefold()
    return "".join(filter(str.isalnum, folded))
