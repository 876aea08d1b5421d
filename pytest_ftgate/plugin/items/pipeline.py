"""pipeline.toml -> items: the checks of its data, the stages of `--train`, and the promotion at its end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.data.lineage import line_of
from pytest_ftgate.errors import FtgateError, IntegrityError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.golden.paths import set_argument
from pytest_ftgate.pipeline.changed_requirements import changed_requirements
from pytest_ftgate.pipeline.decide.explain_checks import FILE, explain
from pytest_ftgate.pipeline.report.explain import Explanation
from pytest_ftgate.pipeline.run import PipelineRun, Stopped
from pytest_ftgate.pipeline.stages.baseline import measure_baseline
from pytest_ftgate.pipeline.stages.fine_tune import fine_tune
from pytest_ftgate.pipeline.stages.leakage import check_leakage
from pytest_ftgate.pipeline.stages.promote import conclude, only_proposed, warnings_about
from pytest_ftgate.pipeline.stages.serve import serve
from pytest_ftgate.plugin.items.base import PASSED, FtgateFile, FtgateItem, ItemOutcome, Properties, Rank
from pytest_ftgate.plugin.items.data import data_items

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.canary.reference import Reference

STAGES: tuple[tuple[str, Callable[[PipelineRun], None]], ...] = (
    ("leakage", check_leakage),
    ("baseline", measure_baseline),
    ("fine-tune", fine_tune),
    ("serve", serve),
)


class PipelineFile(FtgateFile):
    """A pipeline.toml that this run trains, or whose data it checks."""

    def collect(self) -> Iterator[FtgateItem]:
        """The checks of the data; if it is trained, the stages in order, then the promotion.

        Faults of the file, or in a run that trains of its golden sets, are a collection error.
        """
        name = self.path.parent.name
        try:
            items = [*self._checks(), *(self._stages(name) if self.ftgate.training.trains(self.path) else ())]
        except FtgateError as error:
            raise self.CollectError(printable(str(error))) from None
        for order, item in enumerate(items):
            item.order, item.pipeline = order, name
            yield item

    def _checks(self) -> Iterator[FtgateItem]:
        yield from data_items(self, self.ftgate.data_checks(self.path))

    def _stages(self, name: str) -> Iterator[FtgateItem]:
        run = self.ftgate.training.run(name)
        for stage, work in STAGES:
            yield StageItem.make(self, stage, run=run, work=work)
        yield PromoteItem.make(self, "promote", run=run)


class StageItem(FtgateItem):
    """One stage; a stage that fails ends the run."""

    rank = Rank.STAGE

    def __init__(self, *, run: PipelineRun, work: Callable[[PipelineRun], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run
        self.work = work

    def outcome(self) -> ItemOutcome:
        """Do the stage; record how long it took."""
        self.ftgate.console.line(f"{self.run.name}: {self.name}")
        try:
            with self.run.timed(self.name):
                self.work(self.run)
        except Stopped as stopped:
            changed = changed_requirements(self.run)
            number = conclude(self.run, stopped.verdict)
            seen = {"warnings": [*changed, *_announced(self, self.run, stopped.verdict, number)]}
            properties = _verdict_property(self.run, stopped.verdict.kind, number, stopped.verdict.reason, seen)
            return self._end(f"{stopped.verdict.kind}: {stopped}", properties)
        except IntegrityError as error:
            return replace(self._end(f"INTEGRITY: {error}"), distrusted=True)
        except FtgateError as error:
            return self._end(str(error))
        return PASSED

    def broken(self, error: BaseException) -> ItemOutcome:
        """A stage that broke ends the run."""
        return self._end(super().broken(error).text)

    def _end(self, text: str, properties: Properties = ()) -> ItemOutcome:
        self.session.shouldfail = f"{self.nodeid} failed: nothing was promoted"
        return ItemOutcome("failed", text, properties=properties)


class PromoteItem(FtgateItem):
    """Moves the production pointer if, and only if, every required check and every other test of the run passed.

    With --ftgate-propose, or without the key that a promotion needs, it only registers what it would have promoted.
    """

    rank = Rank.PROMOTION

    def __init__(self, *, run: PipelineRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    def outcome(self) -> ItemOutcome:
        """Decide, register, promote."""
        if self.run.unchanged:
            return self._unchanged()
        verdict = self.ftgate.gate.decide(self.run)
        if verdict is None:
            why = "nothing is promoted: the gate has not been judged on every golden set"
            return ItemOutcome("failed", why, unmeasured=True)
        if verdict.kind is Kind.PROMOTE and (refused := self._refused()):
            return refused
        beside = self.ftgate.gate.sensitivity.verdicts(self.run, self.ftgate.gate.checks)
        if verdict.kind is Kind.PROMOTE and self.ftgate.judges.untrusted:
            return ItemOutcome(
                "failed", "not promoted, though the gate would: a judge gave too few verdicts (INTEGRITY)"
            )
        explanation = explain(self.run, verdict, self.ftgate.gate.checks, beside)
        reference = self._measure_reference() if verdict.kind is Kind.PROMOTE else None
        with self.run.timed("promote"):
            warnings = changed_requirements(self.run)
            propose = self.ftgate.options.propose or bool(only_proposed(self.run))
            number = conclude(self.run, verdict, explanation, reference, propose=propose)
            warnings += self.run.leaked.told(self.run.sets)
            warnings += warnings_about(self.run) if number else []
        warnings += _announced(self, self.run, verdict, number)
        seen = _seen(self.run, explanation, warnings) | {"proposed": propose}
        properties = _verdict_property(self.run, verdict.kind, number, verdict.reason, seen)
        if verdict.kind is Kind.PROMOTE:
            return ItemOutcome("passed", properties=properties)
        return ItemOutcome("failed", f"{verdict.kind}: {verdict.reason}", properties=properties)

    def _refused(self) -> ItemOutcome | None:
        """What in this run, beside the gate, forbids a promotion; None if nothing does."""
        reports = self.ftgate.reports
        skipped_stages = [name for name, done in self.run.stages_done.items() if not done]
        if skipped_stages:
            why = f"stages that did not run: {', '.join(skipped_stages)}"
            return ItemOutcome("failed", f"not promoted, though the gate would: {why}", distrusted=True)
        if failed := reports.failures(self.session.testsfailed):
            why = f"failed tests, or test files that could not be collected, in this run: {failed}"
        elif reports.unmeasured:
            why = f"cases that were not measured: {reports.unmeasured}; run again: only these are asked"
        else:
            return None
        return ItemOutcome("failed", f"not promoted, though the gate would: {why}", unmeasured=not failed)

    def _measure_reference(self) -> Reference | None:
        """What later nights are compared with."""
        self.ftgate.console.line(f"{self.run.name}: reference runs for the canary")
        with self.run.timed("reference"):
            watch = self.ftgate.canary_run(self.run.name)
            return watch.at_promotion(self.run.candidate, self.ftgate.console.line)

    def _unchanged(self) -> ItemOutcome:
        assert self.run.champion is not None  # noqa: S101 - `unchanged` says so
        properties = _verdict_property(self.run, "UNCHANGED", self.run.champion.number, "")
        return ItemOutcome("skipped", "unchanged: the candidate is the champion", properties=properties)


def _announced(item: FtgateItem, run: PipelineRun, verdict: Verdict, version: int | None) -> Iterator[str]:
    """Call the hook. One that raises is reported; the verdict stays."""
    try:
        item.ihook.pytest_ftgate_verdict(task=run.name, verdict=verdict, version=version)
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:  # noqa: BLE001 - a user's code may raise anything, and skip like a test
        yield f"the hook pytest_ftgate_verdict failed: {type(error).__name__}: {error}"


def _seen(run: PipelineRun, explanation: Explanation, warnings: Sequence[str]) -> dict[str, Any]:
    """What the summary tells besides the verdict: warnings, what broke, and the page that holds all of it."""
    seen: dict[str, Any] = {"warnings": list(warnings), "beside": list(explanation.beside)}
    if not explanation.tells or run.manifest is None:
        return seen
    page = os.path.relpath(run.manifest.path.with_name(FILE))
    return seen | {"explained": list(explanation.lines()), "page": page}


def _verdict_property(
    run: PipelineRun, kind: str, version: int | None, reason: str, seen: Mapping[str, Any] | None = None
) -> Properties:
    golden = os.path.relpath(set_argument(run.suites[0].golden.path))
    facts = {"task": run.name, "verdict": kind, "version": version, "reason": reason, "golden": golden}
    facts["data"] = line_of(run.data_lineage)
    return (("ftgate_verdict", json.dumps(facts | {"seconds": run.seconds} | dict(seen or {}))),)
