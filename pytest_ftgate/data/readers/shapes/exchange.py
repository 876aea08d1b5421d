"""Keys of a row -> its messages as they are written, by the shape of the row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.data.readers.shapes.turn import TurnsError, kind
from pytest_ftgate.golden.case import answer_text

Keys = Mapping[str, Any]
Messages = list[Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """messages: question and answer as written. worse: the same with the rejected answer.

    text: of a row that is a text alone, which has no messages. learns: whether the answers before the last are learnt.
    read: keys that this row was read from, beside those that the shape needs.
    """

    messages: Messages
    worse: Messages | None = None
    text: str | None = None
    learns: bool = False
    read: tuple[str, ...] = ()


def messages_in(value: object, role: str, key: str) -> Messages:
    """A list of messages as it is, one message as a list; a text as one of that role. Raises TurnsError."""
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, Mapping) and not {"role", "from"}.isdisjoint(value):
        return [value]
    if isinstance(value, list):
        return value
    raise TurnsError(f"{key!r} is {kind(value)}; expected a string or a list of messages")


def conversation(key: str, data: Keys) -> Exchange:
    """A list of messages that ends with the answer; every answer in it is learnt."""
    if not isinstance(data[key], list):
        raise TurnsError(f"{key!r} is not a list of messages")
    return Exchange(data[key], learns=True)


def pair(question: str, answer: str, details: Sequence[str], data: Keys) -> Exchange:
    """One key asks, one answers; each a text or messages. details: keys with a text that belongs to the question."""
    asked = messages_in(data[question], "user", question)
    read = [key for key in details if key in data]
    if read:
        asked = messages_in(_joined(data, [question, *read]), "user", question)
    history = _history(data)
    answered = messages_in(data[answer], "assistant", answer)
    return Exchange([*history, *asked, *answered], learns=bool(history), read=(*read, "history"))


def instruction(answer: str, details: Sequence[str], data: Keys) -> Exchange:
    """Texts alone: the instruction, then what it is about."""
    for key in ("instruction", answer):
        if not isinstance(data[key], str):
            raise TurnsError(f"{key!r} is not a string")
    return pair("instruction", answer, details, data)


def _joined(data: Keys, keys: Sequence[str]) -> str:
    for key in keys:
        if not isinstance(data[key], str):
            raise TurnsError(f"{key!r} is not a string")
    return "\n\n".join(data[key] for key in keys if data[key])


def _history(data: Keys) -> Messages:
    """The exchanges before, as LLaMA-Factory has them: a list of [question, answer]."""
    history = data.get("history") or []
    if not isinstance(history, list):
        raise TurnsError(f"'history' is {kind(history)}; expected a list of [question, answer]")
    if not all(isinstance(each, list) and len(each) == 2 and all(isinstance(t, str) for t in each) for each in history):
        raise TurnsError("'history' has an entry that is no [question, answer] of two strings")
    return [
        {"role": role, "content": text}
        for each in history
        for role, text in zip(("user", "assistant"), each, strict=True)
    ]


def label(data: Keys) -> Exchange:
    """A text and its class."""
    if isinstance(data["label"], Mapping | list):
        raise TurnsError(f"'label' is {kind(data['label'])}; expected a string or a number")
    if not isinstance(data["text"], str):
        raise TurnsError("'text' is not a string")
    if data["label"] == "":
        raise TurnsError("'label' is empty; fill it in, or remove the row")
    answer = {"role": "assistant", "content": _answer(data, "label")}
    return Exchange([*messages_in(data["text"], "user", "text"), answer])


def own(data: Keys) -> Exchange:
    """A golden set's own keys, though of a training row."""
    said = data["input"]
    asked = messages_in(_spoken(said) if isinstance(said, Mapping) else said, "user", "input")
    return Exchange([*asked, {"role": "assistant", "content": _answer(data, "expected")}])


def _answer(data: Keys, key: str) -> str:
    try:
        return answer_text(data[key])
    except TypeError as error:
        raise TurnsError(f"{key!r} cannot be written as JSON: {error}") from None


def _spoken(variables: Keys) -> str:
    """What an object of template variables says, while there is no template: its only text, else all as JSON."""
    values = list(variables.values())
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return json.dumps(variables, ensure_ascii=False, default=str)


def text_alone(data: Keys) -> Exchange:
    """A text to go on reading: continued pretraining."""
    if not isinstance(data["text"], str) or not data["text"].strip():
        raise TurnsError("'text' is empty" if data["text"] == "" else "'text' is not a string with text")
    return Exchange([], text=data["text"])
