"""JSON value -> its text; text -> its words, with everything gone that a copy may change without being another text."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping

from pytest_ftgate.data.near.conversation import role_of, said_in
from pytest_ftgate.files.folding import folded
from pytest_ftgate.files.words import is_unspaced

_OF_LAST = " \b"
"""Before a mark of a script without spaces, until it is put to its letter."""


def text_of(value: object) -> str:
    """All texts and numbers of a JSON value, in the order of the sorted keys, one a line.

    Of a message its content and its other texts, of a part of one its text.
    """
    return "\n".join(_texts(value))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if (said := said_in(value)) is not None:
            yield from _texts(said)
        else:
            for key in sorted(value, key=str):
                yield from _texts(value[key])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif value is not None:
        yield str(value).lower()


def asked_of(value: object) -> str:
    """As `text_of`, of a conversation without its system turns: the same question under another one is still asked."""
    if isinstance(value, list | tuple):
        return text_of([turn for turn in value if role_of(turn) != "system"])
    return text_of(value)


def words_of(text: str) -> tuple[str, ...]:
    r"""The words of a text: `folded`, every character that is no letter, mark or number a space.

    HTML entities are what they stand for, <br> is a space, 1,000 is 1000, \dfrac is \frac. Invisible characters (soft
    hyphen, zero-width space) vanish. Scripts written without spaces (Chinese, Japanese, Thai ...) count a character
    with its marks as a word. A text without any word (emoji, "?!") is one word: itself.
    """
    return split(plain_text(text))


def split(plain: str) -> tuple[str, ...]:
    """The words of a text that is plain already."""
    return tuple(plain.split(" ")) if plain else ()


def plain_text(text: str) -> str:
    """`words_of`, one space between them; "" without any."""
    if "&" in text or "<" in text:
        text = _BREAK.sub(" ", html.unescape(text))
    if "\\" in text:
        text = _TEX_STYLE.sub(lambda found: "\\frac" if found["frac"] else " ", text)
    text = without_thousands(text)
    if text.isascii():
        plain = b" ".join(text.encode("ascii").translate(_LOWER).split()).decode("ascii")
    else:
        plain = " ".join(_plain(folded(text)).split())
    return plain or "".join(text.split())


def without_thousands(text: str) -> str:
    """1,000 as 1000; 1,5 and 1,0000 stay."""
    return _THOUSANDS.sub(lambda found: found.group().replace(",", ""), text) if _GROUP.search(text) else text


def _plain(text: str) -> str:
    """As `text.translate(_TABLE)`, which looks up every character of a text that is not all ASCII."""
    others = _NOT_ASCII.sub(lambda found: found.group().translate(_TABLE).replace(_OF_LAST, ""), text)
    return others.encode("utf-8", "surrogatepass").translate(_ASCII).decode("utf-8", "surrogatepass")


class _Table(dict[int, str]):
    """Code point -> what stands for it, looked up once."""

    def __missing__(self, code: int) -> str:
        self[code] = made = _replacement(chr(code))
        return made


def _replacement(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if category[0] not in "LMN":
        return " "
    if is_unspaced(char):
        return f"\b{char} " if category[0] == "M" else f" {char} "
    return char


_TABLE = _Table()
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_GROUP = re.compile(r",\d\d\d")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!,?\d)")
_TEX_STYLE = re.compile(r"\\(?:(?P<frac>[dt]frac)|left|right|displaystyle)(?![a-zA-Z])")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ASCII = bytes(ord(_replacement(chr(code))) if code < 128 else code for code in range(256))
_LOWER = bytes(ord(_replacement(chr(code).lower())) if code < 128 else code for code in range(256))
