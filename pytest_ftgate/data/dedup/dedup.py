"""(training files, target) -> Deduplicated: of rows that say the same one is written, the others are reported."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pytest_ftgate.data.dedup.groups import PIECE, near_groups
from pytest_ftgate.data.dedup.parts import By
from pytest_ftgate.data.dedup.source import Source
from pytest_ftgate.data.dedup.tasks import Workers
from pytest_ftgate.data.dedup.texts import Texts
from pytest_ftgate.data.dedup.work import HERE, Work, on_all_cores
from pytest_ftgate.data.dedup.write import Counts, write_kept
from pytest_ftgate.data.near.common_grams import common_grams, shared_note
from pytest_ftgate.data.near.near_pairs_within import NEAR
from pytest_ftgate.data.near.together import Together
from pytest_ftgate.data.readers.json_line import check_target
from pytest_ftgate.data.readers.renamed import Columns
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.ordinary import is_file
from pytest_ftgate.files.text import shown

Keep = Literal["first", "longest"]
Advance = Callable[[int, str], None]
Progress = Callable[[str, int | None], AbstractContextManager[Advance]]
"""(name of a step, its rows) -> where to say how many are done."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to do. against: rows that are there already; what is near to them is dropped.

    report: gets a line of JSON for each row that was dropped, with the row that stands for it.
    least: Jaccard's index of near rows, in [.7, 1]; below .8 more than one pair in a hundred is missed.
    columns: of all files, see `read_records`; the target has the keys that are read.
    """

    files: Sequence[Path]
    target: Path
    against: Sequence[Path] = ()
    report: Path | None = None
    by: By = "row"
    keep: Keep = "first"
    least: float = NEAR
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """counts: of rows. resumed: pieces of work that an earlier call had done. note: what was not compared."""

    counts: Counts
    resumed: int
    note: str


@contextmanager
def silent(_label: str, _total: int | None) -> Iterator[Advance]:
    """Progress that is not shown."""
    yield lambda _done, _now: None


def deduplicate(job: Job, workers: Workers | None = None, progress: Progress = silent) -> Deduplicated:
    """Write one row of each group of equal or near ones as JSON Lines, in the order and the shape that they have.

    Equal rows ask the same in normal form and answer the same to the letter: case and white space inside count. Near
    rows have similar questions and similar answers (chosen and rejected each): Jaccard's index of character 5-grams,
    without those that stand in a fifth of the rows and in ten; texts under five words must be equal, and so must system
    turns. Near to near is one group. A synthetic row that nobody reviewed stands for no row that may be trained.
    workers: by default all cores.
    What is done is kept beside the target until it is written: the same call goes on after a crash.
    Raises FtgateError, and then writes nothing: a row that cannot be read or written, a target that is one of the
    files, a folder, or called as if it were no JSON Lines, a process that was killed; OSError.
    """
    _check_outputs(job)
    folder = job.target.with_name(f".{job.target.name}.dedup")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            source, texts = Source([*job.against, *job.files], job.columns), stack.enter_context(Texts(folder))
            with progress("reading rows", None) as advance:
                for number, row in enumerate(source.rows(), 1):
                    texts.add(row, job.by)
                    advance(number, "")
            if workers is None:
                workers = stack.enter_context(on_all_cores()) if len(texts) > PIECE else HERE
            work, templates = Work(folder, workers), common_grams(texts.sample)
            note = shared_note(texts.sample, templates)
            with progress("comparing rows", len(texts)) as advance:
                together = near_groups(texts, templates, work, job.least, advance)
            keepers = _keepers(texts, together, source.count(len(job.against)), job.keep)
            try:
                counts = write_kept(source, len(job.against), [texts.numbers, keepers], job.target, job.report)
            except DataError:
                work.close()  # the files have to change first, and with them the work
                raise
        work.close()
        return Deduplicated(counts, work.kept, note)
    finally:
        with suppress(OSError):
            folder.rmdir()  # unless there is work in it


def _check_outputs(job: Job) -> None:
    known = {path.resolve() for path in (*job.against, *job.files)}
    for path in filter(None, (job.target, job.report)):
        check_target(path)
        try:
            is_file(path)
        except OSError as error:
            raise DataError([Fault(shown(path), 0, str(error))]) from None
        if path.resolve() in known:
            raise DataError([Fault(shown(path), 0, "is also an input or output; use another name")])
        known.add(path.resolve())


def _keepers(texts: Texts, together: Together, there: int, keep: Keep) -> array[int]:
    """For each number the row that stands for it. there: so many first rows stand for all that is near to them.

    Of the others, a row that may be trained before one that waits for its review, then by `keep`.
    """
    ranks: dict[object, tuple[bool, bool, int, int]] = {}
    for row, number in enumerate(texts.numbers):
        new = row >= there
        length = texts.lengths[number] if new and keep == "longest" else 0
        rank = (new, new and bool(texts.unreviewed[row]), -length, row)
        root = together.of(number)
        ranks[root] = min(ranks.get(root, rank), rank)
    return array("q", [ranks[together.of(number)][-1] for number in range(len(texts))])
