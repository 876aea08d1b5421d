"""A row of a question and its right answer -> a task for GRPO: token ids of the question, and what grades an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Case, Prompt, make_case
from pytest_ftgate.train.data import Example, example_of
from pytest_ftgate.train.grading import unrewardable
from pytest_ftgate.train.job import Grading
from pytest_ftgate.train.pairs import TEXT_ALONE
from pytest_ftgate.train.roles import TurnCheck
from pytest_ftgate.train.validation_rows import check_readable


@dataclass(frozen=True, slots=True)
class Task(Example):
    """The answer is not learnt: what the model says instead is graded by it. Its length counts all the same.

    path: of the file that the row is in, as messages name it.
    """

    path: str = ""

    def columns(self) -> dict[str, Any]:
        """prompt: token ids, as TRL hands them on. case: what `case_of` reads."""
        case = self.case
        said = {"id": case.id, "path": self.path, "line": case.line, "input": case.input, "expected": case.expected}
        said |= {"graders": list(case.graders), "tools": list(self.tools)}
        return {"prompt": list(self.prompt), "case": json.dumps(said)}


def task_of(grading: Grading, prompt: Prompt, tokenizer: Any, check: TurnCheck, row: DataRow) -> Task:
    """A row as a task.

    Raises TrainError, PromptError as `example_of`, for a text alone, and for a row whose answers cannot be graded here.
    """
    if row.shape == TEXT:
        raise TrainError(TEXT_ALONE)
    made = example_of(prompt, tokenizer, check, row)
    check_readable(made, row, tokenizer)
    if problem := unrewardable(grading, made.case):
        raise TrainError(f'answers to the row cannot be graded, as method = "grpo" needs: {problem}')
    return Task(made.case, made.messages, made.prompt, made.answer, tools=made.tools, unused=made.unused, path=row.path)


def case_of(written: str) -> tuple[Case, str]:
    """The inverse of the column `case`: the case, and the file that it is in."""
    said = json.loads(written)
    return make_case(said, said["line"], said["id"]), said["path"]
