"""(prompt, training rows, how many) -> the examples in the best prompt of the untuned model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.case import Prompt, answer_text, user_text
from pytest_ftgate.errors import Fault, PipelineError

if TYPE_CHECKING:
    from pytest_ftgate.leakage.rows import Row


def examples(prompt: Prompt, rows: Sequence[Row], k: int, seed: int) -> Iterator[tuple[str, str]]:
    """(user turn, answer) of k training rows: each expected answer in turn, drawn with the seed.

    Raises PipelineError, with file and line, for a drawn row whose input is a conversation of several turns; for fewer
    rows than asked for.
    """
    by_answer: dict[str, list[Row]] = {}
    for row in rows:
        by_answer.setdefault(answer_text(row.data["expected"]), []).append(row)
    draw = random.Random(seed)  # noqa: S311  a draw of examples, no secret
    groups = [draw.sample(by_answer[answer], len(by_answer[answer])) for answer in sorted(by_answer)]
    for i in range(k):
        row = _row(groups, i)
        yield _user_turn(prompt, row), answer_text(row.data["expected"])


def _row(groups: Sequence[Sequence[Row]], i: int) -> Row:
    place, group = i // len(groups), groups[i % len(groups)]
    if place >= len(group):
        answer = answer_text(group[0].data["expected"])
        only = f"{len(group)} training row{'' if len(group) == 1 else 's'} with the answer {answer!r}"
        text = f"baseline.few_shot asks for an example more than there are: {only}"
        raise PipelineError([Fault(group[0].path, group[0].line, text, "lower baseline.few_shot")])
    return group[place]


def _user_turn(prompt: Prompt, row: Row) -> str:
    said = row.data["input"]
    if not isinstance(said, list):
        return user_text(prompt, said)
    if len(said) == 1 and said[0]["role"] == "user":
        return str(said[0]["content"])
    text = f"baseline.few_shot makes examples of one question and its answer; this row is a conversation of {len(said)}"
    fix = "set baseline.few_shot = 0, or train on rows whose input is a text or an object"
    raise PipelineError([Fault(row.path, row.line, f"{text} turns", fix)])
