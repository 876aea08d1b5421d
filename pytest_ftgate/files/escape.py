r"""Text that anybody may have written -> text that a terminal, a CI job and a reader take as nothing but text.

Three kinds of characters are written as escapes, `\x1b`: what a terminal obeys, what a reader cannot see, and the
beginning of a command of GitHub (`::error`, `##[error]`), Azure (`##vso[`), TeamCity (`##teamcity[`) or GitLab
(`section_start:`). GitHub takes `::` at the beginning of a line, after spaces; the others also within a line.
"""

from __future__ import annotations

import json
import re
import unicodedata

from pytest_ftgate.files.secrets import mask

_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200d\u200c"
"""Parts of emoji and of Persian and Indic words."""

_GITHUB = (
    "add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|notice|remove-matcher|save-state|set-env|set-output|"
    "stop-commands|warning"
)
_IN_JSON = {"::": ":\\u003a", "##": "#\\u0023", "section_": "section\\u005f", "\x7f": "\\u007f"}
"""Signs of which commands are made, within the texts of a JSON value: the same texts."""
_COMMAND = re.compile(
    rf":(?=:(?:{_GITHUB})(?:\s[^\n]*?)?::)|(?<!\S):(?=:)|(?P<section>section_(?:start|end)):|#(?=#\w*\[)",
    re.IGNORECASE,
)
"""The first also within a word: pytest wraps long lines wherever they end."""


def printable(text: str) -> str:
    """A text of several lines as it may be printed: secrets masked, the rest as by `visible`."""
    return visible(mask(text))


def one_line(text: str) -> str:
    r"""The same for a text that came from outside, in one line: a line end in it is shown as \n."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def printable_json(value: object) -> str:
    """A JSON value as text of which `printable` changes nothing but secrets: it stays JSON."""
    text = json.dumps(value, ensure_ascii=True, indent=1)
    for sign, escaped in _IN_JSON.items():
        text = text.replace(sign, escaped)
    return text


def visible(text: str) -> str:
    r"""The text with escape sequences, direction marks, zero-width characters and commands as \x1b, \u202e, \x3a ..."""
    if not text.isprintable():
        text = "\n".join(line if line.isprintable() else _escaped(line) for line in text.split("\n"))
    if "::" in text or "##" in text or "section_" in text:
        text = _COMMAND.sub(_defused, text)
    return text


def _defused(found: re.Match[str]) -> str:
    return f"{found['section'] or ''}\\x{ord(found[0][-1]):x}"


def _escaped(line: str) -> str:
    return "".join(each if _harmless(each) else _escape(each) for each in line)


def _escape(each: str) -> str:
    return each.encode("unicode_escape").decode("ascii")


def _harmless(each: str) -> bool:
    return each in "\n\t" or each in _JOINERS or unicodedata.category(each) not in _STEERING
