"""Tasks -> their results, in order, a few at a time; what is done is kept in a folder and outlives a kill."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.dedup.tasks import Task, Workers, digest_of_task, result_of
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.serve.cgroup import usable_cores

Result = npt.NDArray[np.generic]
AHEAD = 2
"""Tasks under way for each worker: their texts are in memory."""


class Work:
    """folder: made if there is none; `close` removes it. kept: results that were there already."""

    def __init__(self, folder: Path, workers: Workers) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._workers = workers
        self.kept = 0

    def results(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """In the order of the tasks, which are made when they are needed. Raises OSError."""
        under_way: deque[Callable[[], Result]] = deque()
        for task in tasks:
            under_way.append(self._begun(task))
            if len(under_way) >= AHEAD * self._workers.count:
                yield under_way.popleft()()
        while under_way:
            yield under_way.popleft()()

    def _begun(self, task: Task) -> Callable[[], Result]:
        path = self.folder / f"{digest_of_task(task)}.npy"
        if (before := _read(path)) is not None:
            self.kept += 1
            return lambda: before
        wait = self._workers.submit(task)
        return lambda: _written(path, wait())

    def close(self) -> None:
        """Remove the folder: nothing in it is needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(path: Path) -> Result | None:
    """None if it was never written, or is damaged."""
    try:
        result: Result = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return result


def _written(path: Path, result: Result) -> Result:
    with replacing_bytes(path) as stream:
        np.save(stream, result, allow_pickle=False)
    return result


def _at_once(task: Task) -> Callable[[], Result]:
    result = task.result()
    return lambda: result


HERE = Workers(_at_once, 1)
"""No other process: one takes longer to start than a few rows."""


@contextmanager
def on_all_cores() -> Iterator[Workers]:
    """As many processes as there are cores for them; they end with this one, even if it is killed."""
    count = usable_cores()
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=follow_parent) as pool:

        def submit(task: Task) -> Callable[[], Result]:
            future = pool.submit(result_of, task)
            return lambda: _waited(future)

        yield Workers(submit, count)


def _waited(future: Future[Result]) -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        raise FtgateError(
            "a process that compares rows was ended from outside, perhaps for its memory\n"
            "    run the same command again to continue; finished pieces are kept"
        ) from None


def follow_parent() -> None:
    """In a worker: Ctrl-C is the parent's, and when that is gone, so is this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
