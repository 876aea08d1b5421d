"""TOML file -> its data, its text, and the line of every key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.text import TOO_MANY_DIGITS, Keys, deepest_line, line_of_digits, nearest, read_text, shown

_NAME = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_STRING = re.compile(r'''"""|\'\'\'|"(?:\\.|[^"\\])*"|'[^']*'|\#.*''')
_DEEPEST = 100
"""Keys below are not looked for: a key of 100,000 dots would take the memory."""
_ENDS = {'"""': re.compile(r'(?:\\.|[^\\])*?"""'), "'''": re.compile(r".*?'''")}


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """(data, text) of a TOML file. Raises FileFaults: not readable, not UTF-8, or not TOML (with its line)."""
    text = read_text(path)
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise FileFaults([_syntax_fault(path, text, str(error))]) from None
    except RecursionError:
        raise FileFaults([Fault(shown(path), deepest_line(text), "is nested too deeply")]) from None
    except ValueError:
        raise FileFaults([Fault(shown(path), line_of_digits(text), TOO_MANY_DIGITS)]) from None


def _syntax_fault(path: Path, text: str, message: str) -> Fault:
    at = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if at is None:
        what = message.removesuffix(" (at end of document)")
        return Fault(shown(path), text.rstrip().count("\n") + 1, f"is not valid TOML: {what} at the end of the file")
    return Fault(shown(path), int(at[1]), f"is not valid TOML: {message[: at.start()]} (column {at[2]})")


def toml_line(text: str, keys: Keys) -> int:
    """The 1-based line where a key stands, or the table around it if it stands nowhere; 0 if neither does.

    keys: names, with the 0-based number of the table in an array of tables: ("gate", "floor", 0, "min").
    """
    return nearest(toml_lines(text), keys)


@lru_cache(maxsize=16)
def toml_lines(text: str) -> dict[Keys, int]:
    """The line of every table and key of a valid TOML text; keys inside inline tables count as their table."""
    lines: dict[Keys, int] = {}
    counts: dict[Keys, int] = {}
    table: Keys = ()
    for number, line in _outside_strings(text):
        if header := _HEADER.match(line):
            table = _table(_names(header[2]), header[1] == "[[", counts)
            _note(lines, table, number)
        elif key := _KEY.match(line):
            _note(lines, table + _names(key[1]), number)
    return lines


def _note(lines: dict[Keys, int], keys: Keys, number: int) -> None:
    for end in range(1, min(len(keys), _DEEPEST) + 1):
        lines.setdefault(keys[:end], number)


def _names(dotted: str) -> Keys:
    return tuple(_unquoted(name) for name in re.findall(_NAME, dotted))


def _unquoted(name: str) -> str:
    return str(next(iter(tomllib.loads(f"{name}=0")))) if name[0] in "\"'" else name


def _table(names: Keys, is_array: bool, counts: dict[Keys, int]) -> Keys:
    """The keys of a header, each array of tables on the way with its present number."""
    table: Keys = ()
    for name in names[:-1]:
        table += (name,)
        table += (counts[table],) if table in counts else ()
    table += names[-1:]
    if is_array:
        counts[table] = counts.get(table, -1) + 1
        table += (counts[table],)
    return table


def _outside_strings(text: str) -> Iterator[tuple[int, str]]:
    """The numbered lines that do not begin inside a multi-line string."""
    quote = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not quote:
            yield number, line
        quote = _quote_after(line, quote)


def _quote_after(line: str, quote: str) -> str:
    """The multi-line quote that is open at the end of a line, "" if none; `quote` is open at its start."""
    at = 0
    while True:
        if quote:
            end = _ENDS[quote].match(line, at)
            if end is None:
                return quote
            at, quote = end.end(), ""
        token = _STRING.search(line, at)
        if token is None:
            return ""
        at, quote = token.end(), token[0] if token[0] in _ENDS else ""
