"""Keys of a row with a better and a worse answer -> its messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_ftgate.data.readers.shapes.exchange import Exchange, Keys, Messages, instruction, messages_in
from pytest_ftgate.data.readers.shapes.turn import TurnsError, kind

QUESTIONS = ("prompt", "messages", "conversations", "question", "query", "instruction", "input")
"""Keys that ask, the first that is there."""


def preference(data: Keys) -> Exchange:
    """Chosen and rejected, each a text, a message or messages, which may repeat the question."""
    answers = {key: messages_in(data[key], "assistant", key) for key in ("chosen", "rejected")}
    key = next((key for key in QUESTIONS if key in data), "")
    if all(map(_is_whole, answers.values())):
        return Exchange(answers["chosen"], answers["rejected"], read=("prompt",))
    asked, read = _asked(data, key)
    chosen, rejected = (said if _is_whole(said) else asked + said for said in answers.values())
    return Exchange(chosen, rejected, read=read)


def _asked(data: Keys, key: str) -> tuple[Messages, tuple[str, ...]]:
    if not key:
        return [], ()
    if key == "instruction":
        made = instruction("chosen", ("input",), {**data, "chosen": ""})
        return made.messages[:-1], (key, *made.read)
    return messages_in(data[key], "user", key), (key,)


def _is_whole(messages: Messages) -> bool:
    """Whether a chosen or rejected answer repeats the question before it."""
    first = messages[0] if messages else None
    return isinstance(first, Mapping) and first.get("role", first.get("from")) in ("system", "user", "human")


def openai_preference(data: Keys) -> Exchange:
    """`input` with messages, and two lists of messages that answer them."""
    asked = _messages_of(data["input"])
    keys = ("preferred_output", "non_preferred_output")
    better, worse = (messages_in(data[key], "assistant", key) for key in keys)
    return Exchange([*asked, *better], [*asked, *worse])


def _messages_of(value: Any) -> Messages:
    messages = value.get("messages") if isinstance(value, Mapping) else None
    if not isinstance(messages, list):
        raise TurnsError(f"'input' is {kind(value)}; expected an object with a list of messages")
    return messages
