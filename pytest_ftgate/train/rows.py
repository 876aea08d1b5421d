"""TrainJob -> what it trains on, as the method wants it; and the file that tells the server's side of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.train.data import Example, read_examples
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.pairs import Pair, read_pairs
from pytest_ftgate.train.rendering import rendered

TOKENS_ROWS = 10
"""Rows whose token ids are written down, to be compared with the server's."""


def training_rows(job: TrainJob, tokenizer: Any, most: int = 0) -> Sequence[Example | Pair]:
    """Pairs for method "dpo", else examples. most: rows, 0 = as many as the job says. Raises TrainError."""
    prompt, path = Prompt.from_json(job.prompt), Path(job.train_file)
    limit = min(filter(None, (most, job.max_rows)), default=0)
    if job.tuning.method == "dpo":
        return read_pairs(path, prompt, tokenizer, limit)
    return read_examples(path, prompt, tokenizer, limit)


def write_tokens(path: Path, tokenizer: Any, rows: Sequence[Example | Pair]) -> None:
    """Messages, token ids and text of the first rows' prompts: the server's /tokenize must give the same ids."""
    said = [
        {
            "messages": list(row.messages),
            "tokens": list(row.prompt),
            "text": rendered(tokenizer, row.messages, asks=True),
        }
        for row in rows[:TOKENS_ROWS]
    ]
    write_text(path, json.dumps(said))
