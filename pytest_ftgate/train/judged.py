"""(file of answers that were wanted or not, prompt, tokenizer) -> token ids, and the answers that KTO compares with."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Message, Prompt
from pytest_ftgate.train.data import messages_of
from pytest_ftgate.train.pairs import TEXT_ALONE
from pytest_ftgate.train.rendering import Tools, answer_tokens, asked_tokens
from pytest_ftgate.train.roles import TurnCheck
from pytest_ftgate.train.tuning import Tuning

UNJUDGED = (
    'does not say whether its answer was wanted, but method = "kto" needs it\n'
    '    use rows with prompt, completion and label (true or false), or set train.method = "qlora"'
)
PREFERENCE = (
    'is a preference row (chosen and rejected), but method = "kto" needs one answer and a label\n'
    '    set train.method = "dpo" or "orpo", or write two rows: chosen with "label": true, rejected with false'
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer. prompt, answer: token ids; the answer ends with the end of the turn. desired: it was wanted.

    tools: functions that the prompt offers. unused: keys of the row that nothing reads.
    """

    messages: tuple[Message, ...]
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    desired: bool
    tools: Tools = ()
    unused: tuple[str, ...] = ()
    text = ""

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)

    @property
    def tokens(self) -> int:
        """Tokens that the model reads, the answer of another row to the same prompt not counted."""
        return len(self)

    @property
    def left_out(self) -> int:
        """Earlier answers that should be learnt and are not: a judged answer is the last one."""
        return 0

    def columns(self) -> dict[str, Any]:
        """What TRL's collator for unpaired preferences takes, but for the answers to compare with."""
        return {"prompt_ids": list(self.prompt), "completion_ids": list(self.answer), "label": self.desired}


def judged_of(prompt: Prompt, tokenizer: Any, check: TurnCheck, row: DataRow) -> Judged:
    """A row as a judged answer.

    Raises TrainError: an answer that does not say whether it was wanted, a preference, a text alone, a chat template
    that garbles the prompt; PromptError: a prompt that cannot be made.
    """
    if row.shape == TEXT:
        raise TrainError(TEXT_ALONE)
    if row.rejected is not None:
        raise TrainError(PREFERENCE)
    if row.desired is None:
        raise TrainError(UNJUDGED)
    messages = messages_of(prompt, row)
    check(messages, row.answer_turn, row.tools)
    asked = asked_tokens(tokenizer, messages, row.tools)
    answer = answer_tokens(tokenizer, messages, row.answer_turn, row.tools)
    return Judged(messages, asked, answer, row.desired, row.tools, row.unused)


def imbalance(wanted: int, unwanted: int, tuning: Tuning) -> str:
    """A sentence if the two kinds of answers weigh too differently; "" otherwise.

    Of the wanted ones all losses together shall weigh 1 to 4/3 times what those of the unwanted ones weigh
    (Ethayarajh et al. 2024, equation 8).
    """
    if not wanted or not unwanted:
        kind = "wanted" if wanted else "unwanted"
        return f"all {wanted + unwanted:,} answers are {kind}; KTO learns from wanted and unwanted ones"
    weight = tuning.desirable_weight * wanted / (tuning.undesirable_weight * unwanted)
    if 0.99 <= weight <= 1.34:
        return ""
    key, value = (
        ("undesirable_weight", tuning.desirable_weight * wanted / unwanted)
        if weight > 1
        else ("desirable_weight", tuning.undesirable_weight * unwanted / wanted)
    )
    numbers = f"{wanted:,} answers are wanted and {unwanted:,} are not"
    return (
        f"{numbers}; wanted ones weigh {weight:.2f} times as much, advised is 1 to 1.33: set train.{key} = {value:.3g}"
    )


def compared(count: int, batch_size: int, seed: int) -> tuple[list[int], list[int]]:
    """An order of `count` rows drawn by the seed, and for each of its places another row of the same batch.

    KTO takes the distance of the model from its reference on answers of that other row as its zero; TRL reads the rows
    in this order, `batch_size` at a time, 2 or more. A row alone in the last batch takes the one before it.
    """
    order = random.Random(seed).sample(range(count), count)  # noqa: S311  an order of rows, no secret
    return order, [order[_other(place, batch_size, count)] for place in range(count)]


def _other(place: int, batch_size: int, count: int) -> int:
    """The place before in its batch; of the first one the last, or if there is no other the place before the batch."""
    begin = place - place % batch_size
    end = min(begin + batch_size, count)
    return end - 1 if place == begin and end - begin > 1 else place - 1
