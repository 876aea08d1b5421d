"""pipeline.toml -> items: the checks of its data, the stages of `--train`, and the promotion at its end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.data.lineage import line_of
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.decide.explain import FILE, explain
from pytest_ftgate.pipeline.report.explain import Explanation
from pytest_ftgate.pipeline.run import Rollout, Stopped
from pytest_ftgate.pipeline.stages.promote import conclude, warnings_about
from pytest_ftgate.plugin.items.base import PASSED, FtgateFile, FtgateItem, Properties, Rank, Told, skipped
from pytest_ftgate.plugin.items.data import data_items

STAGES: tuple[tuple[str, Callable[[Rollout], None]], ...] = (
    ("leakage", Rollout.check_leakage),
    ("baseline", Rollout.measure_baseline),
    ("fine-tune", Rollout.fine_tune),
    ("serve", Rollout.serve),
)


class PipelineFile(FtgateFile):
    """A pipeline.toml that this run trains, or whose data it checks."""

    def collect(self) -> Iterator[FtgateItem]:
        """The checks of the data; if it is trained, the stages in order, then the promotion.

        Faults of the file, or in a run that trains of its golden sets, are a collection error.
        """
        name = self.path.parent.name
        try:
            items = [*self._checks(), *(self._stages(name) if self.ftgate.trains(self.path) else ())]
        except FtgateError as error:
            raise self.CollectError(str(error)) from None
        for order, item in enumerate(items):
            item.order, item.pipeline = order, name
            yield item

    def _checks(self) -> Iterator[FtgateItem]:
        yield from data_items(self, self.ftgate.data_checks(self.path))

    def _stages(self, name: str) -> Iterator[FtgateItem]:
        rollout = self.ftgate.rollout(name)
        for stage, work in STAGES:
            yield StageItem.make(self, stage, rollout=rollout, work=work)
        yield PromoteItem.make(self, "promote", rollout=rollout)


class StageItem(FtgateItem):
    """One stage; a stage that fails ends the run."""

    rank = Rank.STAGE

    def __init__(self, *, rollout: Rollout, work: Callable[[Rollout], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rollout = rollout
        self.work = work

    def tell(self) -> Told:
        """Do the stage; record how long it took."""
        self.ftgate.console.line(f"{self.rollout.name}: {self.name}")
        try:
            with self.rollout.timed(self.name):
                self.work(self.rollout)
        except Stopped as stopped:
            number = conclude(self.rollout, stopped.verdict)
            seen = {"warnings": list(_announced(self, self.rollout, stopped.verdict, number))}
            properties = _verdict_property(self.rollout, stopped.verdict.kind, number, stopped.verdict.reason, seen)
            return self._end(f"{stopped.verdict.kind}: {stopped}", properties)
        except FtgateError as error:
            return self._end(str(error))
        return PASSED

    def _end(self, text: str, properties: Properties = ()) -> Told:
        self.session.shouldfail = f"{self.nodeid} failed: nothing was promoted"
        return Told("failed", text, properties=properties)


class PromoteItem(FtgateItem):
    """Moves the production pointer if, and only if, every required arm and every other test of the run passed."""

    rank = Rank.PROMOTION

    def __init__(self, *, rollout: Rollout, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rollout = rollout

    def tell(self) -> Told:
        """Decide, register, promote."""
        if self.rollout.unchanged:
            return self._unchanged()
        verdict = self.ftgate.decide(self.rollout)
        if verdict is None:
            return skipped("nothing is promoted: the gate has not been judged on every golden set")
        failed = self.ftgate.tally.other_failures
        if verdict.kind is Kind.PROMOTE and failed:
            return Told("failed", f"not promoted, though the gate would: {failed} other tests of this run failed")
        beside = self.ftgate.beside.verdicts(self.rollout, self.ftgate.arms)
        if verdict.kind is Kind.PROMOTE and self.ftgate.judges_untrusted:
            return Told("failed", "not promoted, though the gate would: a judge gave too few verdicts (INTEGRITY)")
        explanation = explain(self.rollout, verdict, self.ftgate.arms, beside)
        if verdict.kind is Kind.PROMOTE:
            self._measure_reference()
        with self.rollout.timed("promote"):
            number = conclude(self.rollout, verdict, explanation)
            warnings = self.rollout.exposed.told(self.rollout.sets)
            warnings += warnings_about(self.rollout) if number else []
        warnings += _announced(self, self.rollout, verdict, number)
        seen = _seen(self.rollout, explanation, warnings)
        properties = _verdict_property(self.rollout, verdict.kind, number, verdict.reason, seen)
        if verdict.kind is Kind.PROMOTE:
            return Told("passed", properties=properties)
        return Told("failed", f"{verdict.kind}: {verdict.reason}", properties=properties)

    def _measure_reference(self) -> None:
        """What later nights are compared with."""
        self.ftgate.console.line(f"{self.rollout.name}: reference runs for the canary")
        with self.rollout.timed("reference"):
            watch = self.ftgate.watch(self.rollout.name)
            self.rollout.reference = watch.at_promotion(self.rollout.candidate, self.ftgate.console.line)

    def _unchanged(self) -> Told:
        assert self.rollout.champion is not None  # noqa: S101 - `unchanged` says so
        properties = _verdict_property(self.rollout, "UNCHANGED", self.rollout.champion.number, "")
        return Told("skipped", "unchanged: the candidate is the champion", properties=properties)


def _announced(item: FtgateItem, rollout: Rollout, verdict: Verdict, version: int | None) -> Iterator[str]:
    """Call the hook. One that breaks is told of: what was decided stays decided."""
    try:
        item.ihook.pytest_ftgate_verdict(task=rollout.name, verdict=verdict, version=version)
    except Exception as error:  # noqa: BLE001 - a user's code may raise anything
        yield f"the hook pytest_ftgate_verdict failed: {type(error).__name__}: {error}"


def _seen(rollout: Rollout, explanation: Explanation, warnings: Sequence[str]) -> dict[str, Any]:
    """What the summary tells besides the verdict: warnings, what broke, and the page that holds all of it."""
    seen: dict[str, Any] = {"warnings": list(warnings), "beside": list(explanation.beside)}
    if not explanation.tells or rollout.manifest is None:
        return seen
    page = os.path.relpath(rollout.manifest.path.with_name(FILE))
    return seen | {"explained": list(explanation.lines()), "page": page}


def _verdict_property(
    rollout: Rollout, kind: str, version: int | None, reason: str, seen: Mapping[str, Any] | None = None
) -> Properties:
    golden = os.path.relpath(rollout.suites[0].golden.path.parent)
    facts = {"task": rollout.name, "verdict": kind, "version": version, "reason": reason, "golden": golden}
    facts["data"] = line_of(rollout.data_lineage)
    return (("ftgate_verdict", json.dumps(facts | {"seconds": rollout.seconds} | dict(seen or {}))),)
