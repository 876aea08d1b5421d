"""Data -> the text of a TOML file that reads as the same data; tables as people write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DELETE = "\x7f"


def toml_text(data: Mapping[str, Any]) -> str:
    """The text, with an empty line before each table. Raises ValueError for None, which TOML has not."""
    return "\n".join(_table(data, ())).lstrip("\n") + "\n"


def _table(data: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    """The values of a table, then the tables in it."""
    below = {key: value for key, value in data.items() if _is_table(value) or _is_tables(value)}
    yield from (f"{_key(key)} = {_value(value)}" for key, value in data.items() if key not in below)
    for key, value in below.items():
        path = (*keys, key)
        header = ".".join(map(_key, path))
        for table in value if _is_tables(value) else ():
            yield from ("", f"[[{header}]]")
            yield from (f"{_key(name)} = {_value(inner)}" for name, inner in table.items())
        if _is_table(value):
            only_tables = value and all(_is_table(inner) or _is_tables(inner) for inner in value.values())
            yield from () if only_tables else ("", f"[{header}]")
            yield from _table(value, path)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_table, value))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _value(value: Any) -> str:
    if value is None:
        raise ValueError("TOML has no null")
    if isinstance(value, str):
        return _text(value) if "\n" in value else _string(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_inline(below)}" for key, below in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value) if isinstance(value, bool) else repr(value)


def _inline(value: Any) -> str:
    """A value inside an inline table or an array, where a text is in one line."""
    return _string(value) if isinstance(value, str) else _value(value)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")


def _text(text: str) -> str:
    '''A text of several lines between """, as it is read.'''
    lines = [_string(line)[1:-1].replace('\\"', '"') for line in text.split("\n")]
    joined = "\n".join(lines).replace('"""', '""\\"')
    return f'"""\n{joined[:-1]}\\""""' if joined.endswith('"') else f'"""\n{joined}"""'
