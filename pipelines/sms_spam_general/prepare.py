"""The rows of pipelines/sms_spam, and one general row after every nine of them -> data/train.jsonl.

    python pipelines/sms_spam/prepare.py            # first: the messages and the base model
    python pipelines/sms_spam_general/prepare.py    # then this, at once

A model that is tuned on one task alone forgets others. general.jsonl holds 120 questions of general skills, written
for this project and none of them in goldens/general_skills; as many as make 10 % of all rows are mixed in. Each brings
its own system turn, since the one of sms_spam asks for a label.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

HERE = Path(__file__).resolve().parent
TASK = HERE.parent / "sms_spam" / "data" / "train.jsonl"
GENERAL = HERE / "general.jsonl"
TRAINING = HERE / "data" / "train.jsonl"

SYSTEM = "Answer briefly."  # as in goldens/general_skills, whose examples are left out here
TASK_ROWS = 360  # as many as pipelines/sms_spam trains on
EVERY = 9  # task rows to one general row


def task_rows() -> list[str]:
    """The first rows of the task as they are, JSON lines."""
    if not TASK.is_file():
        sys.exit(f"prepare: {TASK} is not there; make it with: python pipelines/sms_spam/prepare.py --data")
    with TASK.open(encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in islice(lines, TASK_ROWS)]


def general_rows() -> Iterator[str]:
    """The general questions as conversations, JSON lines."""
    for line in GENERAL.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": row["input"]}]
        made = {"input": turns, "expected": row["expected"], "slices": row["slices"], "source": "general"}
        yield json.dumps(made, ensure_ascii=False)


def mixed() -> Iterator[str]:
    """Nine rows of the task, one general row, and so on."""
    general = general_rows()
    for number, row in enumerate(task_rows(), start=1):
        yield row
        if number % EVERY == 0:
            yield next(general)


def main() -> None:
    """Write the file, moved into place when whole; one that is already the same is left alone."""
    rows = list(mixed())
    text = "".join(f"{row}\n" for row in rows)
    print(f"prepare: {TRAINING.relative_to(HERE.parents[1])}: {len(rows)} rows, {len(rows) - TASK_ROWS} general")
    if TRAINING.is_file() and TRAINING.read_text(encoding="utf-8") == text:
        return
    TRAINING.parent.mkdir(exist_ok=True)
    part = TRAINING.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(TRAINING)


if __name__ == "__main__":
    main()
