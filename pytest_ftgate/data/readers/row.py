"""One row of training data, whatever it was written as: what is asked, and what the model shall answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.golden.case import Message

TEXT = "text"
"""Shape of a row that is a text alone, without a question: `answer` is the text."""


@dataclass(frozen=True, slots=True)
class DataRow:
    """Treat what it holds as read-only.

    asked: the turns before the answer, in order; none if the row is a text alone. answer: the text to learn.
    rejected: the worse answer of a preference, None if there is none.
    id: the row's own, else 12 hex digits of the digest of asked, answer and rejected.
    variables: the row's `input` if that is an object for a prompt's template; `asked` then holds its only text, or
    the object as JSON, as no template was there yet.
    extras: all other keys as written, such as cluster, slices, synthetic, reviewed.
    shape: name of the shape it was written in, see `shapes.table`. written: all its keys but those that are null.
    tools: functions that the model may call. calls: those that the answer calls, in OpenAI's form. reasoning: what the
    model thinks before the answer. context: places in `asked` of the assistant's turns that are read and not learnt;
    all its other turns are learnt.
    desired: whether people wanted the answer (KTO); None if the row does not say. unused: keys that nothing reads.
    """

    path: str
    line: int
    asked: tuple[Message, ...]
    answer: str
    rejected: str | None = None
    id: str = ""
    variables: Mapping[str, Any] | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    shape: str = ""
    written: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Mapping[str, Any], ...] = ()
    calls: tuple[Mapping[str, Any], ...] = ()
    reasoning: str = ""
    context: frozenset[int] = frozenset()
    desired: bool | None = None
    unused: tuple[str, ...] = ()

    @property
    def input(self) -> Any:
        """What a prompt is rendered with: text, variables or conversation of the shape "own", else the turns asked."""
        return self.written["input"] if self.shape == "own" else self.asked

    @property
    def answer_turn(self) -> Message:
        """The answer as the assistant's turn, with its calls and what it thought, for a chat template."""
        turn: Message = {"role": "assistant", "content": self.answer}
        if self.calls:
            turn["tool_calls"] = list(self.calls)
        if self.reasoning:
            turn["reasoning_content"] = self.reasoning
        return turn

    @property
    def turns(self) -> tuple[str, ...]:
        """Role and text of every turn asked, one after the other: what two rows of the same question share.

        Of a text alone, the text: it asks nothing, and shares its question with no other.
        """
        if not self.asked:
            return ("text", self.answer)
        return tuple(part for turn in self.asked for part in (turn["role"], turn_text(turn)))

    @property
    def question(self) -> str:
        """The text of all turns before the answer but the system's, one a line; a text alone as it is."""
        if not self.asked:
            return self.answer
        return "\n".join(turn_text(turn) for turn in self.asked if turn["role"] != "system")

    @property
    def answered(self) -> str:
        """The answer with the calls that it makes: what is learnt, but for the thoughts."""
        return turn_text({"content": self.answer, "tool_calls": self.calls})

    @property
    def text(self) -> str:
        """All text of the row, one turn a line; tools are JSON."""
        thoughts = [turn["reasoning_content"] for turn in self.asked if "reasoning_content" in turn]
        answers = [self.answered] if self.rejected is None else [self.answered, self.rejected]
        told = [json.dumps(tool, ensure_ascii=False) for tool in self.tools]
        return "\n".join([*map(turn_text, self.asked), *answers, *filter(None, [*thoughts, self.reasoning]), *told])


def turn_text(turn: Mapping[str, Any]) -> str:
    """What a turn says, and the functions that it calls with their arguments, one a line."""
    calls = [call["function"] for call in turn.get("tool_calls", ())]
    content = [turn["content"]] if turn["content"] or not calls else []
    return "\n".join([*content, *(f"{call['name']} {call['arguments']}" for call in calls)])
