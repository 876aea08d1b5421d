"""Evaluations of a run -> its records in the state folder, and what changed since an earlier run on the same set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.records.record import Facts, Record
    from pytest_ftgate.evaluate.records.store import RecordStore, Stored
    from pytest_ftgate.pipeline.comparison.against import Against
    from pytest_ftgate.pipeline.targets import Target

CANDIDATE = "candidate"
"""The title of what a run has trained, see `PipelineRun.candidate`."""
Tested = tuple["Evaluation", "Target"]


class RunRecords:
    """state, root: the state folder, and the folder whose git revision counts. args: of pytest. say: prints a line.

    against: the earlier run that was named; None to compare with the last.
    """

    def __init__(
        self, state: Path, root: Path, args: Iterable[str], say: Callable[[str], None], against: Against | None = None
    ) -> None:
        self._state, self._root, self._args, self._say = state, root, tuple(args), say
        self._against = against
        self._kept = False

    @cached_property
    def about(self) -> dict[str, Any]:
        """run, at, git, dirty, args of every record of this run; its folder is made. Raises RecordError."""
        from pytest_ftgate.evaluate.records.store import RecordStore
        from pytest_ftgate.files.secrets import mask
        from pytest_ftgate.pipeline.git_revision import git_revision

        git, dirty = git_revision(self._root)
        args = tuple(map(mask, self._args))
        return {"run": RecordStore(self._state).new_run(), "at": time.time(), "git": git, "dirty": dirty, "args": args}

    def keep(self, tested: Iterable[Tested]) -> list[dict[str, Any]]:
        """Once: a record of each evaluation that measured something; for each what changed, see `comparison.since`."""
        if self._kept:
            return []
        self._kept = True
        try:
            return list(self._keep(list(tested)))
        except (FtgateError, OSError) as error:
            self._say(f"ftgate: no record of this run is kept for `ftgate show` and `ftgate compare`: {error}")
            return []

    def _keep(self, tested: list[Tested]) -> Iterator[dict[str, Any]]:
        from pytest_ftgate.evaluate.records.record import Record
        from pytest_ftgate.evaluate.records.store import RecordStore

        store = RecordStore(self._state)
        measured = [(each[0].suite, record) for each in tested if (record := _record(*each, store)) is not None]
        if not measured:
            return
        records = [(suite, Record(replace(found.facts, **self.about), found.cases)) for suite, found in measured]
        for path in {each: None for _, record in records for each in store.edited(record.facts.set)}:
            self._say(f"ftgate: {shown(path)}: edited after it was written; not used, remove it")
        for suite, record in records:
            if record.facts.n:
                yield from (change | {"title": suite.title} for change in self._changes(record, store))
        for _, record in records:
            store.write(record)

    def _changes(self, record: Record, store: RecordStore) -> Iterator[dict[str, Any]]:
        from pytest_ftgate.pipeline.comparison.compare import NothingInCommon
        from pytest_ftgate.pipeline.comparison.since_last import not_compared, since

        facts = record.facts
        golden, like = facts.set, (facts.digest, facts.variant)
        try:
            if self._against is not None:
                then, name = self._against.record(golden, *like), self._against.name
            else:
                latest = _before(store, facts)
                then, name = store.read(latest) if latest else None, ""
            if then is not None:
                yield since(record, then, name)
            elif name:
                yield not_compared(facts, name)
        except NothingInCommon:
            return
        except FtgateError as error:
            self._say(f"ftgate: {golden}: not compared with an earlier run: {error}")


def _before(store: RecordStore, facts: Facts) -> Stored | None:
    """What a run without --ftgate-against is compared with: of a candidate the one before, of others what ran last."""
    if facts.title == CANDIDATE:
        return next((each for each in store.all(facts.set) if each.facts.title == CANDIDATE and each.facts.whole), None)
    return store.latest(facts.set, facts.digest, facts.variant)


def _record(evaluation: Evaluation, target: Target, store: RecordStore) -> Record | None:
    """A grading of old answers has the model's name from the run that asked for them."""
    from pytest_ftgate.evaluate.records.make import record_of

    model, title = _called(target)
    if evaluation.responses.regrade:
        known = (
            each.facts for each in store.all(evaluation.suite.name) if each.facts.digest == evaluation.model_digest
        )
        model, title = next(((facts.model, facts.title) for facts in known), (model, title))
    column = evaluation.suite.column
    return record_of(evaluation, model, title, column.variant if column else "")


def _called(target: Target) -> tuple[str, str]:
    """(model as it was named, the same as people call it)."""
    plain = target.version is None and target.model.adapter is None
    return (target.model.base if plain else target.title), target.title
