"""Body of an error -> what a person reads of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_ftgate.serve.client.reply_body import parse_json, storable

MESSAGES = ("message", "detail", "msg")


def message_of(body: str) -> str:
    """The message of an error in JSON, as "no such model (model_not_found)"; what is none stays as it is."""
    try:
        said = parse_json(body)
    except ValueError:
        return body
    error = said.get("error", said) if isinstance(said, Mapping) else said
    message = error if isinstance(error, str) else _first_text(error, MESSAGES)
    code = _first_text(error, ("code", "type"))
    if not message:
        return body
    return storable(f"{message} ({code})" if code and code not in message else message)


def _first_text(error: Any, names: tuple[str, ...]) -> str:
    found = [error.get(name) for name in names] if isinstance(error, Mapping) else []
    return next((text for text in found if isinstance(text, str) and text), "")
