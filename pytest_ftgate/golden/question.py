"""(Prompt, input, answers to earlier turns) -> what the model was asked, as a person or a judge reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pytest_ftgate.golden.case import Input, Message, Prompt, later_turns, render

UNKNOWN = "(the model's answer)"
"""Stands for an answer to an earlier turn that is not known, or is another for each model."""


def question_text(prompt: Prompt, input: Input, turns: Sequence[str] = ()) -> str:  # noqa: A002
    """The last turn that the user sends; of a script the dialogue up to it. Raises PromptError."""
    messages = whole_dialogue(prompt, input, turns)
    later = len(later_turns(prompt, input))
    if not later:
        return _text(messages[-1]["content"])
    return "\n".join(f"[{each['role']}] {_text(each['content'])}" for each in messages[-1 - 2 * later :])


def whole_dialogue(prompt: Prompt, input: Input, turns: Sequence[str] = ()) -> list[Message]:  # noqa: A002
    """As `render`, of a script up to its last turn, with UNKNOWN for answers that are not given. Raises PromptError."""
    missing = len(later_turns(prompt, input)) - len(turns)
    return render(prompt, input, [*turns, *[UNKNOWN] * missing])


def _text(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
