"""(file of validation rows, prompt, tokenizer) -> examples whose answers can be graded."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.graders.grade import GraderError, case_fault
from pytest_ftgate.train.call_text import calls_in
from pytest_ftgate.train.data import Example, example_of
from pytest_ftgate.train.grading import compiled
from pytest_ftgate.train.job import Grading
from pytest_ftgate.train.reading import read_as
from pytest_ftgate.train.roles import TurnCheck

TEXT_ALONE = (
    "is a text alone, expected a question and its answer: validation asks and grades\n"
    "    use rows such as input and expected in data.validation"
)
JUDGED = (
    "says whether the answer was wanted (KTO), expected a question and its answer: validation asks and grades\n"
    "    remove the key from rows whose answer was wanted, and the other rows, in data.validation"
)
UNREADABLE = (
    "calls functions in a form of the chat template that cannot be read back from text, so that the trainer cannot "
    "grade it: {!r}\n    use rows without tool calls here; golden sets are graded by the server's own parser"
)


def read_validation(path: Path, prompt: Prompt, tokenizer: Any, grading: Grading) -> list[Example]:
    """All rows as examples. Raises TrainError as `example_of`, and for what cannot be graded, with file and line."""
    return read_as(path, partial(_gradable, grading, prompt, tokenizer, TurnCheck(tokenizer)), tokenizer)


def _gradable(grading: Grading, prompt: Prompt, tokenizer: Any, check: TurnCheck, row: DataRow) -> Example:
    if row.shape == TEXT:
        raise TrainError(TEXT_ALONE)
    if row.desired is not None:
        raise TrainError(JUDGED)
    example = example_of(prompt, tokenizer, check, row)
    check_readable(example, row, tokenizer)
    try:
        fault = case_fault(compiled(example.case.graders or grading.graders), example.case)
    except GraderError as error:
        fault = str(error)
    if fault:
        raise TrainError(f"cannot be graded: {fault}")
    return example


def check_readable(example: Example, row: DataRow, tokenizer: Any) -> None:
    """Raises TrainError for calls that are not what is read of their text."""
    if row.calls:
        said = tokenizer.decode(example.answer, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if [dict(call) for call in calls_in(said)[1]] != example.case.expected:
            raise TrainError(UNREADABLE.format(said))
