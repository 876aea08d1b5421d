"""TrainJob -> its rows as token ids on the disk: made once, by several processes if many; a kill costs little."""

from __future__ import annotations

import json
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pytest_ftgate.data.dedup.work import follow_parent
from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import Fault, TrainError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.file_lock import lock
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.judged import compared
from pytest_ftgate.train.reading import made_or_fault, refuse
from pytest_ftgate.train.rows import entries, maker
from pytest_ftgate.train.shards import Counts, read_counts, write_shard

FOLDER = "tokens"
SHARD_ROWS = 2_000
ALONE = 4
"""Shards up to which no other process is started: that takes longer."""
MOST_PROCESSES = 8
"""More would wait for the one that reads the file."""
AHEAD = 2
"""Shards under way for each process: their rows are in memory."""
WHOLE = "whole.json"

Shard = Sequence[DataRow | Fault]


@dataclass(frozen=True, slots=True)
class Tokenised:
    """dataset: of Hugging Face, memory-mapped, a row for each piece of text that is learnt; its columns are those that
    the trainer's collator takes, and `length`, in tokens. counts: of the rows.
    """

    dataset: Any
    counts: Counts


def tokenised(job: TrainJob, tokenizer: Any, out_dir: Path, say: Callable[[str], None] = print) -> Tokenised:
    """The job's rows in the order of its file, or in that of the comparisons of KTO; what is there is not made again.

    say: what is told if it will take a while.
    Raises TrainError with file and line of the first 20 different faults; if no row fits; if a process was killed.
    """
    folder = out_dir / FOLDER / _key(job)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as stream:
        lock(stream.fileno())  # of several trainers one makes them, the others find them made
        if not (folder / WHOLE).is_file():
            shards = _make(job, tokenizer, folder, say)
            write_text(folder / WHOLE, json.dumps(shards))
    paths = [_path(folder, number) for number in range(json.loads((folder / WHOLE).read_text()))]
    counts = _counted(job, paths)
    return Tokenised(_in_order(job, _dataset(paths)), counts)


def _key(job: TrainJob) -> str:
    """Of all that decides the tokens."""
    tuning, data = job.tuning, job.to_json()
    names = ("train_digest", "base_digest", "revision", "chat", "prompt", "max_rows", "versions")
    return digest_of([{name: data[name] for name in names}, tuning.method, tuning.max_length])[:16]


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.arrow"


def _make(job: TrainJob, tokenizer: Any, folder: Path, say: Callable[[str], None]) -> int:
    """Write the shards that are not there; how many there are."""
    shards = _shards(entries(job))
    first = list(islice(shards, ALONE + 1))
    processes = min(job.tuning.threads or this_device().cores or 1, MOST_PROCESSES)
    here = len(first) <= ALONE or processes == 1
    faults, count = FaultGroups(), 0
    with (_in_this_process if here else _in_processes)(job, tokenizer, processes) as submit:
        if not here:
            say(f"tokenising more than {ALONE * SHARD_ROWS:,} rows with {processes} processes; what is done is kept")
        for found in _results(folder, _chained(first, shards), submit, AHEAD * processes):
            faults.add(*found)
            count += 1
    refuse(faults)
    return count


def _chained(first: list[Shard], rest: Iterator[Shard]) -> Iterator[Shard]:
    """Without holding on to the first ones."""
    while first:
        yield first.pop(0)
    yield from rest


def _shards(rows: Iterator[DataRow | Fault]) -> Iterator[Shard]:
    while shard := list(islice(rows, SHARD_ROWS)):
        yield shard


Wait = Callable[[], Sequence[Fault]]
Submit = Callable[[Path, Shard], Wait]


def _results(folder: Path, shards: Iterable[Shard], submit: Submit, ahead: int) -> Iterator[Sequence[Fault]]:
    """The faults of each shard, in their order; a few are under way at a time."""
    under_way: deque[Wait] = deque()
    for number, shard in enumerate(shards):
        path = _path(folder, number)
        under_way.append(_nothing if read_counts(path) else submit(path, shard))
        if len(under_way) >= ahead:
            yield under_way.popleft()()
    while under_way:
        yield under_way.popleft()()


def _nothing() -> Sequence[Fault]:
    return ()


@contextmanager
def _in_this_process(job: TrainJob, tokenizer: Any, _: int) -> Iterator[Submit]:
    made = made_or_fault(maker(job, tokenizer), tokenizer)

    def submit(path: Path, shard: Shard) -> Wait:
        faults = write_shard(path, shard, made, job.tuning.max_length)
        return lambda: faults

    yield submit


@contextmanager
def _in_processes(job: TrainJob, tokenizer: Any, processes: int) -> Iterator[Submit]:
    """They end with this one, even if it is killed."""
    begin = (maker(job, tokenizer), tokenizer, job.tuning.max_length)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin, begin) as pool:
        yield lambda path, shard: _waiting(pool.submit(_write, path, shard))


def _waiting(future: Future[list[Fault]]) -> Wait:
    def wait() -> Sequence[Fault]:
        try:
            return future.result()
        except BrokenProcessPool:
            raise TrainError(
                "a process that tokenises training rows was ended from outside, perhaps for its memory\n"
                "    run again with --train to continue; what is tokenised is kept"
            ) from None

    return wait


_WORK: list[Any] = []
"""In a process of the pool: what makes rows, and max_length."""


def _begin(make: Any, tokenizer: Any, max_length: int) -> None:
    follow_parent()
    _WORK[:] = [made_or_fault(make, tokenizer), max_length]


def _write(path: Path, shard: Shard) -> list[Fault]:
    return write_shard(path, shard, *_WORK)


def _counted(job: TrainJob, paths: Sequence[Path]) -> Counts:
    counts = Counts()
    for path in paths:
        counts.merge(read_counts(path) or Counts())
    if not counts.rows:
        limit = job.tuning.max_length
        raise TrainError(f"no rows within max_length = {limit} tokens; the shortest has {counts.shortest}: raise it")
    return counts


def _dataset(paths: Sequence[Path]) -> Any:
    from datasets import Dataset, concatenate_datasets

    parts = [Dataset.from_file(str(path)) for path in paths]
    return concatenate_datasets([part for part in parts if part.num_rows])


def _in_order(job: TrainJob, dataset: Any) -> Any:
    """For KTO in an order drawn by the seed, each row with the answer of another one of its batch."""
    if job.tuning.method != "kto":
        return dataset
    from datasets import concatenate_datasets

    order, others = compared(len(dataset), job.tuning.batch_size, job.tuning.seed)
    answers = dataset.select(others).select_columns("completion_ids")
    answers = answers.rename_column("completion_ids", "KL_completion_ids")
    return concatenate_datasets([dataset.select(order), answers], axis=1)
