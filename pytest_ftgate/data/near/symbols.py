"""Text -> its words and the symbols that carry meaning, as in `17*23` and C++, without those that prose may change.

`text.words_of` is the form that forgets every symbol. This one keeps operators between numbers, single letters and
brackets, signs, comparisons, decimal points, currencies, factorials, C++ and C#, and emoji; it forgets quotation marks,
dashes, bullets, Markdown, and how a name is joined (snake_case, camelCase). What is written in several ways is one: TeX
commands, `×` and `*`, `≤` and `<=`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from pytest_ftgate.data.near.text import without_thousands, words_of

_LETTERS = 0xA500
"""A kept symbol becomes a letter that no text has (of the script Vai), so that it stays when all symbols go."""
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴-⁹]+")
_SAME = str.maketrans({"−": "-", "–": "-", "×": "*", "∗": "*", "⋅": "*", "·": "*", "÷": "/", "∕": "/", "⁄": "/"})
_COMPARED = str.maketrans({"≤": "<=", "≥": ">=", "≠": "!="})
_TEX = re.compile(r"\\(times|cdot|div|leq?|geq?|neq?|lt|gt)(?![a-zA-Z])")
_TEX_SIGNS = {"times": "*", "cdot": "*", "div": "/", "le": "<=", "leq": "<=", "ge": ">=", "geq": ">="}
_TEX_SIGNS |= {"ne": "!=", "neq": "!=", "lt": "<", "gt": ">"}
_BULLET = re.compile(r"^[ \t]*(?:[-+*]|>+)[ \t]+|([-+*=<>_~])\1{3,}", re.MULTILINE)
_SPACES = re.compile(r"[ \t]{2,}")
_TEX_ESCAPED = re.compile(r"\\([%$#&])")
_NUMBER = r"\d+(?:[.,]\d+)*"
_MONEY = re.compile(rf"([€£¥₹]|\$(?![^$\n]*(?<=[^\s$])\$(?!\d)))[ ]?({_NUMBER})|({_NUMBER})[ ]?([€£¥₹])")
"""A dollar sign that no other one closes, as in TeX, and other currencies on either side of a number."""
_FACTORIAL = re.compile(r"\b(\d+|[A-Za-z])!(?!=)(?=[ ]?[-+*/^=)?])|^(\d+|[A-Za-z])!$")
"""In a formula or alone; after a number in prose it is only loud."""
_JOINED = re.compile(r"(?<=\w)_+(?=\w)")
_AFTER = r"(?:(?<=[\d)\]}])|(?<=[\d)\]}] )|(?<=\b[A-Za-z])|(?<=\b[A-Za-z] ))"
_BEFORE = r"(?=[ ]?(?:[\d(\[{\\.-]|[A-Za-z]\b))"
_APART = re.compile(
    rf"<=|>=|!=|==?|->|<|>|\^|&&|\|\||(?<=\d)%|(?<=\d )%|{_AFTER}(?:\*\*?|//?|-){_BEFORE}"
    r"|(?<![\w)\]}-])-(?=[\d.(\\]|[A-Za-z]\b)|(?<!\+)\+(?=[ ]?[\w(\\.-])"
    r"|(?:(?<=[-+*/^=<>])|(?<=[-+*/^=<>] ))\(|\)(?=[ ]?[+*/^=<>]|[ ]?-[ ]?\d)"
    "|[\U0001f300-\U0001faff\u2600-\u27bf]"
)
_ONE = {"**": "^"}
_KEPT = re.compile("\ua4fd([0-9a-f]+)|[\ua500-\ua57f]")
_WITHIN = re.compile(r"(?<=[A-Za-z])(?:\+\+|#)(?!\w)|(?<=\d)[.,](?=\d)")


@lru_cache(maxsize=8)  # one row may have several findings
def symbols_and_words(text: str) -> tuple[str, ...]:
    """Two texts are the same to a reader of code or mathematics if these are equal."""
    text = html.unescape(text) if "&" in text else text
    text = _SUPERSCRIPTS.sub(lambda found: f"^{found.group()}", text).translate(_COMPARED)
    text = unicodedata.normalize("NFKC", _TEX.sub(lambda found: f" {_TEX_SIGNS[found[1]]} ", text)).translate(_SAME)
    text = _MONEY.sub(_after_number, _TEX_ESCAPED.sub(r"\1", text))
    text = _FACTORIAL.sub(lambda found: f"{found[1] or found[2]} {_kept('!')} ", text.strip())
    text = _JOINED.sub("", _BULLET.sub(" ", without_thousands(text)))
    text = _SPACES.sub(" ", text)
    text = _WITHIN.sub(lambda found: _kept(found.group()), text)
    return words_of(_APART.sub(lambda found: f" {_kept(_ONE.get(found.group(), found.group()))} ", text))


def _after_number(found: re.Match[str]) -> str:
    return f"{found[2] or found[3]} {_kept(found[1] or found[4])} "


def _kept(symbols: str) -> str:
    return "".join(chr(_LETTERS + ord(char)) if ord(char) < 128 else f"\ua4fd{ord(char):x}" for char in symbols)


def written(words: Iterable[str]) -> str:
    """Words and symbols for a person to read, a space between them."""
    return _KEPT.sub(_symbol, " ".join(words))


def _symbol(kept: re.Match[str]) -> str:
    return chr(int(kept[1], 16)) if kept[1] else chr(ord(kept[0]) - _LETTERS)
