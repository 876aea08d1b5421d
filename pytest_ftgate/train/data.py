"""(file of rows, prompt, tokenizer) -> token ids of prompts and answers, in the model's own chat template."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Case, Message, Prompt, make_case, render
from pytest_ftgate.train.loss import IGNORED
from pytest_ftgate.train.reading import read_as
from pytest_ftgate.train.rendering import Span, answer_tokens, asked_tokens, earlier_answers
from pytest_ftgate.train.roles import RoleCheck

PREFERENCE = (
    "is a preference row (chosen and rejected), expected a single answer\n"
    '    set train.method = "dpo" to train on preferences; validation rows need one answer, e.g. input and expected'
)
S = TypeVar("S", bound=Sized)


@dataclass(frozen=True, slots=True)
class Example:
    """One row. prompt, answer: token ids; the answer is the last one, and ends with the end of the turn.

    The loss looks at the answer, and at the assistant's turns before it that are not in `DataRow.context`: `earlier`
    says where those stand in the prompt. Few-shot examples are only read.
    left_out: earlier answers that the template writes otherwise once they are history; the loss does not see them.
    """

    case: Case
    messages: tuple[Message, ...]
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    earlier: tuple[Span, ...] = ()
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)

    @property
    def tokens(self) -> int:
        """Tokens that the model reads."""
        return len(self)

    def columns(self) -> dict[str, list[int]]:
        """What `loss.Collator` takes: the tokens before the first one to learn, those from there, and their labels."""
        begin = min((begin for begin, _ in self.earlier), default=len(self.prompt))
        both = [*self.prompt, *self.answer]
        learnt = [*self.earlier, (len(self.prompt), len(both))]
        labels = [IGNORED] * len(both)
        for start, end in learnt:
            labels[start:end] = both[start:end]
        return {"asked": both[:begin], "answer": both[begin:], "labels": labels[begin:]}


def read_examples(path: Path, prompt: Prompt, tokenizer: Any, max_rows: int = 0) -> list[Example]:
    """The first `max_rows` rows (0 = all) as examples.

    Raises TrainError with file and line: no row of a known shape, a preference, a prompt that cannot be made, a chat
    template that garbles it; and for no rows.
    """
    return read_as(path, partial(_example, prompt, tokenizer, RoleCheck(tokenizer)), max_rows)


def messages_of(prompt: Prompt, row: DataRow) -> tuple[Message, ...]:
    """What the model is asked: `input` through the prompt's template, turns of other shapes as they are written.

    The prompt's system turn stands first unless the row brings its own. Raises PromptError.
    """
    said = row.input
    return tuple(render(prompt, list(said) if isinstance(said, tuple) else said))


def _example(prompt: Prompt, tokenizer: Any, check: Callable[[Sequence[Message]], None], row: DataRow) -> Example:
    if row.rejected is not None:
        raise TrainError(PREFERENCE)
    messages = messages_of(prompt, row)
    check(messages)
    asked = asked_tokens(tokenizer, messages)
    begin = len(messages) - 2 * len(prompt.examples) - len(row.asked)  # 1 if the prompt's system turn was put first
    learnt = (place for place, turn in enumerate(row.asked) if turn["role"] == "assistant" and place not in row.context)
    turns = [begin + place for place in learnt]
    earlier = earlier_answers(tokenizer, messages, asked, turns)
    answer = answer_tokens(tokenizer, messages, row.answer)
    return Example(_case(row), messages, asked, answer, tuple(earlier), len(turns) - len(earlier))


def _case(row: DataRow) -> Case:
    """For the graders. A text that is a JSON object or list is expected as that: chats can hold it as text only."""
    expected = row.written["expected"] if row.shape == "own" else _value_of(row.answer)
    graders = row.extras.get("graders", [])
    if not isinstance(graders, list):
        raise TrainError(f"'graders' is {graders!r:.40}; expected a list of graders")
    return make_case({"input": row.input, "expected": expected, "graders": graders}, row.line, row.id)


def _value_of(answer: str) -> Any:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return answer
    return value if isinstance(value, dict | list) else answer


def fitting(rows: Sequence[S], max_length: int) -> tuple[list[S], int]:
    """(those of at most `max_length` tokens, number of the longer ones). Raises TrainError if none is left."""
    kept = [row for row in rows if len(row) <= max_length]
    if not kept:
        shortest = min(map(len, rows))
        raise TrainError(f"no rows within max_length = {max_length} tokens; the shortest has {shortest}: raise it")
    return kept, len(rows) - len(kept)
