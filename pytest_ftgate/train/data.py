"""(file of rows, prompt, tokenizer) -> token ids of prompts and answers, in the model's own chat template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Case, Message, Prompt, make_case, render
from pytest_ftgate.train.loss import IGNORED
from pytest_ftgate.train.rendering import Span, Tools, answer_tokens, asked_tokens, earlier_answers, text_tokens
from pytest_ftgate.train.roles import TurnCheck
from pytest_ftgate.train.row_case import case_of
from pytest_ftgate.train.training_row import TrainingRow

PREFERENCE = (
    "is a preference row (chosen and rejected), expected a single answer\n"
    '    set train.method = "dpo" or "orpo" to train on preferences; validation needs one answer: input and expected'
)
JUDGED = (
    "says whether the answer was wanted (KTO), expected a row that only has an answer\n"
    '    set train.method = "kto" to train on it; else remove the key, and the rows whose answer was not wanted'
)


@dataclass(frozen=True, slots=True)
class Example:
    """One row. prompt, answer: token ids; the answer is the last one, and ends with the end of the turn.

    The loss looks at the answer, and at the assistant's turns before it that are not in `DataRow.context`: `earlier`
    says where those stand in the prompt. Few-shot examples are only read.
    left_out: earlier answers that the template writes otherwise once they are history; the loss does not see them.
    tools: functions that the prompt offers. text: of a row that is a text alone; its first token is then the prompt.
    unused: keys of the row that nothing reads.
    """

    case: Case
    messages: tuple[Message, ...]
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    earlier: tuple[Span, ...] = ()
    left_out: int = 0
    tools: Tools = ()
    text: str = ""
    unused: tuple[str, ...] = ()

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


def messages_of(prompt: Prompt, row: DataRow) -> tuple[Message, ...]:
    """What the model is asked: `input` through the prompt's template, turns of other shapes as they are written.

    The prompt's system turn stands first unless the row brings its own. Raises PromptError.
    """
    said = row.input
    return tuple(render(prompt, list(said) if isinstance(said, tuple) else said))


def example_of(prompt: Prompt, tokenizer: Any, check: TurnCheck, row: DataRow) -> Example:
    """A row as an example.

    Raises TrainError: a preference, an answer that is marked as wanted or not, a chat template that garbles or drops a
    part of the prompt; PromptError: a prompt that cannot be made.
    """
    if row.rejected is not None:
        raise TrainError(PREFERENCE)
    if row.desired is not None:
        raise TrainError(JUDGED)
    if row.shape == TEXT:
        return _text(tokenizer, row)
    messages = messages_of(prompt, row)
    check(messages, row.answer_turn, row.tools)
    asked = asked_tokens(tokenizer, messages, row.tools)
    turns = _earlier_turns(prompt, row, messages)
    earlier = earlier_answers(tokenizer, messages, asked, turns, row.tools)
    answer = answer_tokens(tokenizer, messages, row.answer_turn, row.tools)
    left_out = len(turns) - len(earlier)
    return Example(case_of(row), messages, asked, answer, tuple(earlier), left_out, row.tools, unused=row.unused)


def _text(tokenizer: Any, row: DataRow) -> Example:
    """Every token is learnt but the first, which nothing comes before; no chat template."""
    ids = text_tokens(tokenizer, row.answer)
    if len(ids) < 2:
        raise TrainError("is an empty text\n    remove the row")
    case = make_case({"input": row.answer}, row.line, row.id)
    return Example(case, (), ids[:1], ids[1:], text=row.answer, unused=row.unused)


def _earlier_turns(prompt: Prompt, row: DataRow, messages: Sequence[Message]) -> list[int]:
    """Places in the messages of the assistant's turns that are learnt before the answer."""
    examples = 2 * len(prompt.examples)
    system = len(messages) - len(row.asked) - examples
    last_user = max((place for place, turn in enumerate(row.asked) if turn["role"] == "user"), default=-1)
    return [
        system + place + (examples if place > last_user else 0)
        for place, turn in enumerate(row.asked)
        if turn["role"] == "assistant" and place not in row.context
    ]


def fits(row: TrainingRow, max_length: int) -> bool:
    """Whether it has at most `max_length` tokens. A text alone always fits: `in_pieces` cuts it."""
    return bool(row.text) or len(row) <= max_length


def in_pieces(row: TrainingRow, max_length: int) -> Iterator[dict[str, Any]]:
    """The row's columns; of a text alone those of each piece of at most `max_length` tokens, 2 or more.

    A piece begins with the last token of the one before, so that every token but the text's first is learnt once.
    """
    columns = dict(row.columns())
    if not row.text:
        yield columns
        return
    ids = [*columns["asked"], *columns["answer"]]
    for begin in range(0, len(ids) - 1, max_length - 1):
        learnt = ids[begin + 1 : begin + max_length]
        yield {"asked": ids[begin : begin + 1], "answer": learnt, "labels": learnt}
