"""Checks of a pipeline's data -> items `data[duplicates]`, ...: an error fails, a warning is in the summary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown
from pytest_ftgate.plugin.items.base import FtgateFile, FtgateItem, ItemOutcome, Properties, Rank, skipped

if TYPE_CHECKING:
    from pytest_ftgate.data.checks.finding import Outcome
    from pytest_ftgate.pipeline.stages.check_data import DataChecks


class DataItem(FtgateItem):
    """One check. The first to run reads the files, for all that were selected.

    In a run that trains, the last one ends the run if any has failed: all faults are told, and nothing is spent.
    """

    rank = Rank.DATA

    def __init__(self, *, checks: DataChecks, check: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.checks = checks
        self.check = check
        self.pipeline = checks.pipeline.name

    def outcome(self) -> ItemOutcome:
        """What the check found."""
        siblings = self._siblings()
        try:
            with self.ftgate.console.step("checking training data"):
                self.checks.look([item.check for item in siblings])
            told = self._told()
        except FtgateError as error:
            told = self._unread(error)
        self.checks.failed |= told.outcome == "failed"
        if self.checks.failed and self is siblings[-1] and self.ftgate.training.trains(self.path):
            self.session.shouldfail = f"{self.pipeline}: the data failed their checks; nothing was trained"
        return told

    def _siblings(self) -> list[DataItem]:
        """The selected checks of the same pipeline, in the order in which they run."""
        return [each for each in self.session.items if isinstance(each, DataItem) and each.path == self.path]

    def _unread(self, error: FtgateError) -> ItemOutcome:
        """The first to run says why the files cannot be read; the others that they were not."""
        if self.checks.failed:
            return skipped("the data could not be read")
        return ItemOutcome("failed", str(error))

    def _told(self) -> ItemOutcome:
        outcome = self.checks.outcome(self.check)
        if outcome is None:
            why = self.checks.why_not(self.check)
            return ItemOutcome("skipped", why, properties=self._property("skipped", why))
        from pytest_ftgate.data.checks.report import told

        properties = self._property(outcome.level, told(outcome))
        if outcome.level == "error":
            return ItemOutcome("failed", "\n".join(self._failure(outcome)), properties=properties)
        return ItemOutcome("passed", properties=properties)

    def _failure(self, outcome: Outcome) -> Iterator[str]:
        """How many, where the first are, what to do."""
        from pytest_ftgate.data.checks.all_checks import FINAL

        yield f"{self.pipeline}: {self.check}: {outcome.count:,} found in the data"
        yield from (f"  {finding}" for finding in outcome.first)
        if more := outcome.unnamed:
            yield f"  and {more:,} more"
        yield from filter(None, (outcome.note, outcome.advice and f"to do: {outcome.advice}"))
        if self.check not in FINAL:
            yield f'  or, in {shown(self.path)}: [data] allow = ["{self.check}"] makes it a warning'

    def _property(self, level: str, text: str) -> Properties:
        facts = {"task": self.pipeline, "check": self.check, "level": level, "rows": self.checks.rows, "text": text}
        return (("ftgate_data", json.dumps(facts)),)


def data_items(file: FtgateFile, checks: DataChecks) -> Iterator[DataItem]:
    """An item for each check. Raises PipelineError."""
    for name in checks.names():
        yield DataItem.make(file, f"data[{name}]", checks=checks, check=name)
