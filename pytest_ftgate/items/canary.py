"""pipeline.toml under `--canary` -> one item: tonight's panel, and whether the champion has drifted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.items.base import FtgateFile, FtgateItem, Rank, Told

if TYPE_CHECKING:
    from pytest_ftgate.canary.finding import Finding
    from pytest_ftgate.canary.watch import Watch


class CanaryFile(FtgateFile):
    """A pipeline.toml whose champion this run watches."""

    def collect(self) -> Iterator[FtgateItem]:
        """The item. Faults of the file or of its golden sets are a collection error."""
        try:
            watch = self.ftgate.watch(self.path.parent.name)
        except FtgateError as error:
            raise self.CollectError(str(error)) from None
        yield CanaryItem.make(self, "canary", watch=watch)


class CanaryItem(FtgateItem):
    """One night: passed if steady, failed if anything is to be done, skipped without a champion."""

    rank = Rank.STAGE

    def __init__(self, *, watch: Watch, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watch = watch

    def tell(self) -> Told:
        """Ask, compare; on drift call the hook, and roll back if that was asked for."""
        self.ftgate.console.line(f"{self.watch.task}: canary")
        finding = self.watch.look(self.ftgate.options.night)
        facts = {"task": self.watch.task, "version": self.watch.champion.number if self.watch.champion else None}
        facts |= finding.to_json()
        if finding.kind == "drift":
            facts |= self._answer(finding)
        return _told(finding, (("ftgate_canary", json.dumps(facts)),))

    def _answer(self, finding: Finding) -> dict[str, str]:
        """What was done about it: {"done": text}, or {} if nothing was asked for."""
        self.ihook.pytest_ftgate_drift(task=self.watch.task, finding=finding)
        if not self.ftgate.options.rollback_on_drift:
            return {}
        try:
            now = self.ftgate.runtime.registry.rollback(self.watch.task, f"canary: {finding.reason}")
        except FtgateError as error:
            return {"done": f"not rolled back: {error}"}
        return {"done": f"rolled back: v{now.number} is the champion again"}


def _told(finding: Finding, properties: tuple[tuple[str, str], ...]) -> Told:
    if finding.kind == "steady":
        return Told("passed", properties=properties)
    if finding.kind == "none":
        return Told("skipped", finding.reason, properties=properties)
    text = "\n".join([f"{finding.kind.upper()}: {finding.reason}", *(f"  {line}" for line in finding.lines())])
    return Told("failed", text, properties=properties)
