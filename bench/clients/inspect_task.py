"""Inspect AI: a task of plain samples with the scorer exact(), run by its command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import exact
from inspect_ai.solver import generate


@task
def bench() -> Task:
    rows = map(json.loads, Path(os.environ["BENCH_CASES"]).read_text(encoding="utf-8").splitlines())
    samples = [Sample(id=row["id"], input=row["input"], target=row["expected"]) for row in rows]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=exact())
