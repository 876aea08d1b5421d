"""(file of preference rows, prompt, tokenizer) -> token ids of prompts, chosen and rejected answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Message, Prompt
from pytest_ftgate.train.data import messages_of
from pytest_ftgate.train.rendering import Tools, answer_tokens, asked_tokens
from pytest_ftgate.train.roles import TurnCheck

ONE_ANSWER = (
    'has a single answer, but method = "dpo" or "orpo" needs chosen and rejected\n'
    '    use rows with prompt, chosen and rejected, or set train.method = "qlora"'
)
TEXT_ALONE = (
    "is a text alone, without a question\n"
    '    set train.method = "qlora", "lora" or "full" to train on texts, or remove the row'
)
SAME = "has identical chosen and rejected answers\n    remove the row"


@dataclass(frozen=True, slots=True)
class Pair:
    """One preference. prompt, chosen, rejected: token ids; both answers end with the end of the turn.

    tools: functions that the prompt offers. unused: keys of the row that nothing reads.
    """

    messages: tuple[Message, ...]
    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]
    tools: Tools = ()
    unused: tuple[str, ...] = ()
    text = ""

    def __len__(self) -> int:
        """Tokens of the longer of the two conversations."""
        return len(self.prompt) + max(len(self.chosen), len(self.rejected))

    @property
    def tokens(self) -> int:
        """Tokens that the model reads: the prompt twice."""
        return 2 * len(self.prompt) + len(self.chosen) + len(self.rejected)

    @property
    def left_out(self) -> int:
        """Earlier answers that should be learnt and are not: a preference learns from its last answers alone."""
        return 0

    def columns(self) -> dict[str, Sequence[int]]:
        """What TRL's collator for preferences takes."""
        return {"prompt_ids": list(self.prompt), "chosen_ids": list(self.chosen), "rejected_ids": list(self.rejected)}


def pair_of(prompt: Prompt, tokenizer: Any, check: TurnCheck, row: DataRow) -> Pair:
    """A row as a pair.

    Raises TrainError: one answer instead of two, two equal answers, a chat template that garbles the prompt;
    PromptError: a prompt that cannot be made.
    """
    if row.shape == TEXT:
        raise TrainError(TEXT_ALONE)
    if row.rejected is None:
        raise TrainError(ONE_ANSWER)
    if row.rejected == row.answer and not row.calls:
        raise TrainError(SAME)
    messages = messages_of(prompt, row)
    check(messages, row.answer_turn, row.tools)
    asked = asked_tokens(tokenizer, messages, row.tools)
    chosen, rejected = (
        answer_tokens(tokenizer, messages, answer, row.tools) for answer in (row.answer_turn, row.rejected)
    )
    return Pair(messages, asked, chosen, rejected, row.tools, row.unused)
