"""TrainJob -> what it trains on, as the method wants it; and the file that tells the server's side of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train.data import read_examples
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.judged import read_judged
from pytest_ftgate.train.pairs import read_pairs
from pytest_ftgate.train.rendering import rendered
from pytest_ftgate.train.training_row import Rows, TrainingRow

TOKENS_ROWS = 10
"""Rows whose token ids are written down, to be compared with the server's."""


def training_rows(job: TrainJob, tokenizer: Any, most: int = 0) -> Rows:
    """Pairs for method "dpo", judged answers for "kto", else examples.

    most: rows, 0 = as many as the job says. Raises TrainError.
    """
    prompt, path = Prompt.from_json(job.prompt), Path(job.train_file)
    limit = min(filter(None, (most, job.max_rows)), default=0)
    if job.tuning.method == "dpo":
        return read_pairs(path, prompt, tokenizer, limit)
    if job.tuning.method == "kto":
        return read_judged(path, prompt, tokenizer, limit)
    return read_examples(path, prompt, tokenizer, limit)


def write_tokens(path: Path, tokenizer: Any, rows: Rows) -> None:
    """Token ids of the first rows' prompts, and their messages and tools, or their text: see `token_check`."""
    write_text(path, json.dumps([_said(tokenizer, row) for row in rows[:TOKENS_ROWS]]))


def _said(tokenizer: Any, row: TrainingRow) -> dict[str, Any]:
    if row.text:
        return {"prompt": row.text, "tokens": tokenizer(row.text)["input_ids"], "text": row.text}
    text = rendered(tokenizer, row.messages, row.tools, asks=True)
    said = {"messages": list(row.messages), "tokens": list(row.prompt), "text": text}
    return said | ({"tools": list(row.tools)} if row.tools else {})
