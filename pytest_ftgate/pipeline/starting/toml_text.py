"""(tables of JSON values) -> their text in TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def toml_value(value: Any) -> str:
    """A text, number, true, false, a list or an object, in one line; a text of several lines is escaped too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def table(head: str, values: Mapping[str, Any]) -> str:
    """A table with its head, "[prompt]" or "[[grader]]", and an empty line before."""
    return "\n".join(["", head, *(f"{key} = {toml_value(value)}" for key, value in values.items()), ""])
