"""pipeline.toml under `--canary` -> one item: tonight's panel, and whether the champion has drifted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.plugin.items.base import FtgateFile, FtgateItem, ItemOutcome, Rank

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.canary.result import Finding
    from pytest_ftgate.pipeline.canary.run import CanaryRun


class CanaryFile(FtgateFile):
    """A pipeline.toml whose champion this run watches."""

    def collect(self) -> Iterator[FtgateItem]:
        """The item. Faults of the file or of its golden sets are a collection error."""
        try:
            watch = self.ftgate.canary_run(self.path.parent.name)
        except FtgateError as error:
            raise self.CollectError(printable(str(error))) from None
        item = CanaryItem.make(self, "canary", watch=watch)
        item.pipeline = watch.task
        yield item


class CanaryItem(FtgateItem):
    """One night: passed if steady, failed if anything is to be done, skipped without a champion."""

    rank = Rank.STAGE

    def __init__(self, *, watch: CanaryRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watch = watch

    def outcome(self) -> ItemOutcome:
        """Ask, compare; on drift roll back if that was asked for, and call the hook."""
        self.ftgate.console.line(f"{self.watch.task}: canary")
        finding = self.watch.look(self.ftgate.options.night)
        version = self.watch.champion.number if self.watch.champion else None
        facts: dict[str, Any] = {"task": self.watch.task, "version": version}
        facts |= finding.to_json()
        if finding.kind == "drift":
            facts |= self._answer(finding)
        return _told(finding, (("ftgate_canary", json.dumps(facts)),))

    def _answer(self, finding: Finding) -> dict[str, list[str]]:
        """Audit line, rollback, hook; what there is to say of it."""
        done = list(self._audit(finding))
        if self.ftgate.options.rollback_on_drift:
            done.append(self._roll_back(finding))
        return {"done": [*done, *self._call_hook(finding)]}

    def _call_hook(self, finding: Finding) -> Iterator[str]:
        """A hook that raises is reported; the outcome stays."""
        try:
            self.ihook.pytest_ftgate_drift(task=self.watch.task, finding=finding)
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException as error:  # noqa: BLE001 - a user's code may raise anything, and skip like a test
            yield f"the hook pytest_ftgate_drift failed: {type(error).__name__}: {error}"

    def _audit(self, finding: Finding) -> Iterator[str]:
        champion = self.watch.champion
        facts: dict[str, Any] = {"version": champion.number, "digest": champion.digest} if champion else {}
        facts |= {"night": str(finding.day), "score": finding.score, "reason": finding.reason}
        try:
            self.ftgate.runtime.registry.record(self.watch.task, "alarm", facts)
        except FtgateError as error:
            yield f"the alarm is not in the audit log: {error}"

    def _roll_back(self, finding: Finding) -> str:
        try:
            now = self.ftgate.runtime.registry.rollback(self.watch.task, f"canary: {finding.reason}")
        except FtgateError as error:
            return f"not rolled back: {error}"
        return f"rolled back: v{now.number} is the champion again"


def _told(finding: Finding, properties: tuple[tuple[str, str], ...]) -> ItemOutcome:
    if finding.kind == "steady":
        return ItemOutcome("passed", properties=properties)
    if finding.kind == "none":
        return ItemOutcome("skipped", finding.reason, properties=properties)
    text = "\n".join([f"{finding.kind.upper()}: {finding.reason}", *(f"  {line}" for line in finding.lines())])
    return ItemOutcome("failed", text, properties=properties)
