"""TrainJob -> what it trains on, as the method wants it; and the file that tells the server's side of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.reader import read_entries
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train.data import example_of, fits
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.judged import judged_of
from pytest_ftgate.train.pairs import pair_of
from pytest_ftgate.train.reading import as_found, read_as
from pytest_ftgate.train.rendering import rendered
from pytest_ftgate.train.roles import TurnCheck
from pytest_ftgate.train.tasks import task_of
from pytest_ftgate.train.training_row import Rows, TrainingRow

MAKERS: Mapping[str, Callable[..., TrainingRow]] = {"dpo": pair_of, "orpo": pair_of, "kto": judged_of}
"""By method; "grpo" makes tasks, and all others learn answers."""

TOKENS_ROWS = 10
"""Rows whose token ids are written down, to be compared with the server's."""


def maker(job: TrainJob, tokenizer: Any) -> Callable[[DataRow], TrainingRow]:
    """What makes of a row what the method learns: pairs, judged answers, tasks, or else examples.

    It raises FtgateError for a row that cannot be learnt; another process can be given it.
    """
    make: Callable[..., TrainingRow] = MAKERS.get(job.tuning.method, example_of)
    if job.tuning.method == "grpo":
        make = partial(task_of, job.grading)
    return partial(make, Prompt.from_json(job.prompt), tokenizer, TurnCheck(tokenizer))


def training_rows(job: TrainJob, tokenizer: Any, most: int = 0) -> Rows:
    """The rows of the job's file in memory. most: rows, 0 = as many as the job says. Raises TrainError."""
    limit = min(filter(None, (most, job.max_rows)), default=0)
    return read_as(Path(job.train_file), maker(job, tokenizer), tokenizer, limit, job.origins)


def entries(job: TrainJob) -> Iterator[DataRow | Fault]:
    """The rows that the job trains on, and in their place the faults of those that are none, as a stream."""
    read = 0
    for entry in as_found(read_entries(Path(job.train_file)), job.origins):
        yield entry
        read += isinstance(entry, DataRow)
        if job.max_rows and read == job.max_rows:
            return


def write_tokens(path: Path, tokenizer: Any, rows: Iterable[TrainingRow]) -> None:
    """Token ids of the first rows' prompts, and their messages and tools, or their text: see `token_check`."""
    write_text(path, json.dumps([_said(tokenizer, row) for row in islice(rows, TOKENS_ROWS)]))


def fitting_rows(job: TrainJob, tokenizer: Any) -> Iterator[TrainingRow]:
    """Those of a file without faults that are trained on, one at a time."""
    make = maker(job, tokenizer)
    made = (make(entry) for entry in entries(job) if isinstance(entry, DataRow))
    return (row for row in made if fits(row, job.tuning.max_length))


def _said(tokenizer: Any, row: TrainingRow) -> dict[str, Any]:
    if row.text:
        return {"prompt": row.text, "tokens": tokenizer(row.text)["input_ids"], "text": row.text}
    text = rendered(tokenizer, row.messages, row.tools, asks=True)
    said = {"messages": list(row.messages), "tokens": list(row.prompt), "text": text}
    return said | ({"tools": list(row.tools)} if row.tools else {})
