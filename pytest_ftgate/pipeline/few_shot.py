"""(prompt, training rows, how many) -> the examples in the best prompt of the untuned model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import Fault, PipelineError
from pytest_ftgate.golden.case import Prompt, user_text

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.row import DataRow


def examples(
    prompt: Prompt, rows: Sequence[DataRow], k: int, seed: int, named: str = "baseline.few_shot"
) -> Iterator[tuple[str, str]]:
    """(user turn, answer) of k training rows: each expected answer in turn, drawn with the seed.

    Of more than k different answers, k are drawn. Left out: conversations of several turns, which bring a prompt of
    their own; texts alone; answers that people did not want; and calls of tools, which the prompt cannot show. Raises
    PipelineError, with file and line, if too few rows are left. named: where the user has said k, for that error.
    """
    by_answer: dict[str, list[DataRow]] = {}
    for row in _fit(rows, named) if k else ():
        by_answer.setdefault(row.answer, []).append(row)
    draw = random.Random(seed)  # noqa: S311  a draw of examples, no secret
    answers = sorted(by_answer)
    if len(answers) > k:
        answers = draw.sample(answers, k)
    groups = [draw.sample(by_answer[answer], len(by_answer[answer])) for answer in answers]
    for i in range(k):
        row = _row(groups, i, named)
        yield _user_turn(prompt, row.input), row.answer


def _fit(rows: Sequence[DataRow], named: str) -> list[DataRow]:
    fit = [row for row in rows if not _is_long(row.input) and row.desired is not False and not row.calls]
    if rows and not fit:
        text = f"{named} needs one question and a wanted answer in words, and no row has them"
        fix = f"set {named} = 0, or add training rows with a string or object as input"
        raise PipelineError([Fault(rows[0].path, rows[0].line, text, fix)])
    return fit


def _is_long(said: Any) -> bool:
    """True for a conversation that is more than one user turn, or for none."""
    return isinstance(said, list | tuple) and not (len(said) == 1 and said[0]["role"] == "user")


def _row(groups: Sequence[Sequence[DataRow]], i: int, named: str) -> DataRow:
    place, group = i // len(groups), groups[i % len(groups)]
    if place >= len(group):
        only = f"{len(group)} training row{'' if len(group) == 1 else 's'} with the answer {group[0].answer!r}"
        text = f"{named} exceeds the available examples: {only}"
        raise PipelineError([Fault(group[0].path, group[0].line, text, f"lower {named}")])
    return group[place]


def _user_turn(prompt: Prompt, said: Any) -> str:
    return str(said[0]["content"]) if isinstance(said, list | tuple) else user_text(prompt, said)
