"""pipeline.toml under `--canary` -> items: tonight's panel, and with `--live` labelled production inputs."""

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
    from pytest_ftgate.pipeline.live.production_run import ProductionFinding, ProductionRun

    Found = Finding | ProductionFinding


class CanaryFile(FtgateFile):
    """A pipeline.toml whose champion this run watches."""

    def collect(self) -> Iterator[FtgateItem]:
        """The items. Faults of the file, of its golden sets or of the inputs are a collection error."""
        try:
            watch = self.ftgate.canary_run(self.path.parent.name)
            production = self.ftgate.production_run(watch.task)
        except FtgateError as error:
            raise self.CollectError(printable(str(error))) from None
        items = [CanaryItem.make(self, "canary", watch=watch)]
        items += [ProductionItem.make(self, "live", watch=production)] if production else []
        for order, item in enumerate(items):
            item.pipeline, item.order = watch.task, order
            yield item


class CanaryItem(FtgateItem):
    """One night: passed if steady, failed if anything is to be done, skipped without a champion."""

    rank = Rank.STAGE
    rolls_back = True
    """Whether drift is evidence that the champion before was better."""

    def __init__(self, *, watch: CanaryRun | ProductionRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watch = watch

    def outcome(self) -> ItemOutcome:
        """Ask, compare; on drift roll back if that was asked for, and call the hook."""
        self.ftgate.console.line(f"{self.watch.task}: {self.name}")
        finding = self.watch.look(self.ftgate.options.night)
        version = self.watch.champion.number if self.watch.champion else None
        facts: dict[str, Any] = {"task": self.watch.task, "version": version}
        facts |= finding.to_json()
        if finding.kind == "drift":
            facts |= self._answer(finding)
        return _told(finding, (("ftgate_canary", json.dumps(facts)),))

    def _answer(self, finding: Found) -> dict[str, list[str]]:
        """Audit line, rollback, hook; what there is to say of it."""
        done = list(self._audit(finding))
        if self.rolls_back and self.ftgate.options.rollback_on_drift:
            done.append(self._roll_back(finding))
        return {"done": [*done, *self._call_hook(finding)]}

    def _call_hook(self, finding: Found) -> Iterator[str]:
        """A hook that raises is reported; the outcome stays."""
        try:
            self.ihook.pytest_ftgate_drift(task=self.watch.task, finding=finding)
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException as error:  # noqa: BLE001 - a user's code may raise anything, and skip like a test
            yield f"the hook pytest_ftgate_drift failed: {type(error).__name__}: {error}"

    def _audit(self, finding: Found) -> Iterator[str]:
        champion = self.watch.champion
        facts: dict[str, Any] = {"version": champion.number, "digest": champion.digest} if champion else {}
        facts |= {"night": str(finding.day), "score": finding.score, "reason": finding.reason}
        try:
            self.ftgate.runtime.registry.record(self.watch.task, "alarm", facts)
        except FtgateError as error:
            yield f"the alarm is not in the audit log: {error}"

    def _roll_back(self, finding: Found) -> str:
        try:
            now = self.ftgate.runtime.registry.rollback(self.watch.task, f"canary: {finding.reason}")
        except FtgateError as error:
            return f"not rolled back: {error}"
        return f"rolled back: v{now.number} is the champion again"


class ProductionItem(CanaryItem):
    """One look at labelled production inputs; what the goldens did not see is no reason for a rollback."""

    rolls_back = False


def _told(finding: Found, properties: tuple[tuple[str, str], ...]) -> ItemOutcome:
    if finding.kind == "steady":
        return ItemOutcome("passed", properties=properties)
    if finding.kind == "none":
        return ItemOutcome("skipped", finding.reason, properties=properties)
    text = "\n".join([f"{finding.kind.upper()}: {finding.reason}", *(f"  {line}" for line in finding.lines())])
    return ItemOutcome("failed", text, properties=properties)
