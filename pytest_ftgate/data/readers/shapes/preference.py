"""Keys of a row with a better and a worse answer -> its messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_ftgate.data.readers.shapes.exchange import Exchange, Keys, Messages, instruction, messages_in
from pytest_ftgate.data.readers.shapes.messages import read_messages, role_of
from pytest_ftgate.data.readers.shapes.order import in_order
from pytest_ftgate.data.readers.shapes.turn import TurnsError, kind

QUESTIONS = ("prompt", "messages", "conversations", "question", "query", "instruction", "input")
"""Keys that ask, the first that is there."""


def preference(data: Keys) -> Exchange:
    """Chosen and rejected, each a text, a message or messages, which may repeat the question."""
    answers = {key: messages_in(data[key], "assistant", key) for key in ("chosen", "rejected")}
    key = next((key for key in QUESTIONS if key in data), "")
    asked, read = _asked(data, key)
    if all(map(_is_whole, answers.values())):
        if key and not _repeats(answers["chosen"], asked, is_text=isinstance(data[key], str)):
            raise TurnsError(
                f"{key!r} is not what chosen and rejected repeat; remove it, or the turns before the answers"
            )
        return Exchange(answers["chosen"], answers["rejected"], read=read)
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
    return isinstance(first, Mapping) and role_of(first) in ("system", "user")


def _repeats(whole: Messages, asked: Messages, *, is_text: bool) -> bool:
    """Whether a conversation begins with what is asked; a text may also be its first or last question alone.

    A system turn that only the conversation has is no difference. Faults of messages are told where they are read.
    """
    begins, question = read_messages(whole[:-1]), read_messages(asked)
    if begins.faults or question.faults:
        return True
    said, wanted = ([(turn.role, turn.content.strip()) for turn in in_order(each.turns)] for each in (begins, question))
    if wanted and wanted[0][0] != "system":
        said = [turn for turn in said if turn[0] != "system"]
    users = [turn for turn in said if turn[0] == "user"]
    return said == wanted or (is_text and any([turn] == wanted for turn in (*users[:1], *users[-1:])))


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
