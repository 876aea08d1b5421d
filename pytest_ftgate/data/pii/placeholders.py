"""JSON value -> the same with a typed placeholder such as <EMAIL> for each piece of personal data or key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_ftgate.data.pii.credentials import credential_spans
from pytest_ftgate.data.pii.personal import personal_spans
from pytest_ftgate.data.pii.span import rewritten

SECRET = "<SECRET>"  # noqa: S105  what stands for one


def redacted_text(text: str) -> str:
    """The text in which neither personal data nor credentials are found any more.

    What is JSON stays JSON: a number that would become a placeholder becomes a text. It is looked through again until
    nothing is found: what stood next to a span may be one itself without it.
    """
    without = _cut(text)
    if without == text or not _is_json(text) or _is_json(without):
        return without
    written = json.dumps(redacted_value(json.loads(text)), ensure_ascii=False)
    return written if _cut(written) == written else without


def _cut(text: str) -> str:
    while True:
        without = rewritten(text, [(span, SECRET) for span in credential_spans(text)])
        without = rewritten(without, [(span, placeholder(span.kind)) for span in personal_spans(without)])
        if without == text:
            return text
        text = without


def _is_json(text: str) -> bool:
    """Whether the text is an object or a list."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def placeholder(kind: str) -> str:
    """A kind of personal data in capitals: <EMAIL>, <IP_ADDRESS>."""
    return f"<{kind.upper().replace('-', '').replace(' ', '_')}>"


def redacted_value(value: Any) -> Any:
    """All texts and numbers of a JSON value, at any depth, and the keys of objects; equal ones are numbered."""
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, Mapping):
        return _redacted_object(value)
    if isinstance(value, list | tuple):
        return [redacted_value(below) for below in value]
    return value if value is None or isinstance(value, bool) else _redacted_number(value)


def _redacted_object(value: Mapping[Any, Any]) -> dict[Any, Any]:
    redacted: dict[Any, Any] = {}
    for key, below in value.items():
        name = without = redacted_text(key) if isinstance(key, str) else key
        number = 1
        while name != key and (name in redacted or name in value):
            number += 1
            name = f"{without}_{number}"
        redacted[name] = redacted_value(below)
    return redacted


def _redacted_number(value: Any) -> Any:
    """A number whose digits are a card's, say, becomes a text; any other stays a number."""
    redacted = redacted_text(str(value))
    return value if redacted == str(value) else redacted
