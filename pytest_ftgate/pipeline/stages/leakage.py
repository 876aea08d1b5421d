"""The stage `leakage`: prompts and rows against every golden case. Raises Stopped(INTEGRITY) on a leak."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ftgate.data.lineage import stepped
from pytest_ftgate.files.text import shown
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.data_access import record_access
from pytest_ftgate.pipeline.leaked_cases import LeakedCases, TooFewLeft
from pytest_ftgate.pipeline.run import LeakageResult, PipelineRun, PreparedData, Stopped
from pytest_ftgate.pipeline.stages.check_machine import check_machine
from pytest_ftgate.pipeline.stages.prepare_data import prepare_data

if TYPE_CHECKING:
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.leakage.check import Scan
    from pytest_ftgate.leakage.report import Report


def check_leakage(run: PipelineRun) -> None:
    """The machine is looked at first. What it lacks ends the run before the baseline, if no leak does.

    General skills are compared apart from the others, whose templates they do not share.
    A leak into an advisory set is reported and stops nothing. A golden case in a [prompt] stops the run whatever
    --ftgate-leak says: no row that could be dropped holds it.
    """
    prepare_data(run)
    check_machine(run)
    record_access(run.runtime.settings.state_dir, run.pipeline, "leakage", run.sets)
    cases = LeakedCases()
    report = _leaks_of(run, run.suites, cases)
    if run.general is not None:
        _leaks_of(run, (run.general,), cases, stop=run.general in run.deciding)
    run.leakage = LeakageResult(report, cases)


def _leaks_of(run: PipelineRun, suites: Sequence[Suite], cases: LeakedCases, *, stop: bool = True) -> Report:
    report, found = _compared(run, suites, stop=stop)
    run.leaking = report if stop else run.leaking
    blocks = stop and bool(report.blocking(strict=run.leak == "strict"))
    if blocks and not run.leak.startswith("drop"):
        raise Stopped(Verdict(Kind.INTEGRITY, (), report.describe(advise=True)))
    run.say(report.describe())
    if blocks and run.leak == "drop-row":
        run.data = _without(run, found)
        return _leaks_of(run, suites, cases)
    if blocks:
        _drop_cases(run, report, suites, cases)
    cases.tolerate(report)
    return report


def _drop_cases(run: PipelineRun, report: Report, suites: Sequence[Suite], cases: LeakedCases) -> None:
    try:
        cases.drop(report.leaks, suites)
    except TooFewLeft as error:
        raise Stopped(Verdict(Kind.INTEGRITY, (), f"{error}\n{report.describe()}")) from None
    for line in cases.told(suites):
        run.say(line)


def _without(run: PipelineRun, found: Mapping[str, Collection[int]]) -> PreparedData:
    """The data on copies of the files that lack the leaked rows; the files themselves stay."""
    from pytest_ftgate.leakage.drop_rows import write_clean

    data = _data(run)
    copies, lineage, folder = {}, data.lineage, run.runtime.settings.state_dir / "runs" / run.name / "clean"
    for kind, path in data.pipeline.data.files.items():
        origin = data.origins.get(path, shown(path))
        rows = found.get(origin, ())
        if rows:
            copies[kind] = write_clean(path, rows, folder / kind)
            lineage = stepped(lineage, kind, "leaked goldens", copies[kind])
            run.say(f"dropped {len(rows):,} leaked rows of {origin}: this run uses {shown(copies[kind])}")
    clean = data.pipeline.data.on(copies)
    return replace(data, pipeline=replace(data.pipeline, data=clean), lineage=lineage)


def _compared(run: PipelineRun, suites: Sequence[Suite], *, stop: bool) -> tuple[Report, Mapping[str, Collection[int]]]:
    """The report, and the numbers of the rows that leak, by file."""
    from pytest_ftgate.data.near.rows import read_rows
    from pytest_ftgate.errors import SelfTestError
    from pytest_ftgate.leakage.check import compared, scan_of

    found: dict[str, set[int]] = {}

    def keep(row: Row, verdict: str) -> None:
        if verdict == "leak":
            found.setdefault(row.path, set()).add(row.number)

    data = _data(run)
    rows = (
        replace(row, path=data.origins.get(path, row.path))
        for path in data.pipeline.data_files
        for row in read_rows(path)
    )
    try:
        scan = scan_of(suites)
    except SelfTestError as error:
        raise Stopped(Verdict(Kind.INTEGRITY, (), str(error))) from None
    _check_prompts(run, suites, scan, stop=stop)
    counted = run.runtime.console.counted("comparing training rows with the golden sets", rows)
    return compared(scan.report(counted, keep)), found


def _check_prompts(run: PipelineRun, suites: Sequence[Suite], scan: Scan, *, stop: bool) -> None:
    from pytest_ftgate.leakage.prompt_check import describe, prompt_report

    strict = run.leak == "strict"
    prompts = prompt_report(scan, suites)
    if stop and prompts.blocking(strict=strict):
        raise Stopped(Verdict(Kind.INTEGRITY, (), describe(prompts, strict=strict)))
    if prompts.leaks:
        run.say(describe(prompts))


def _data(run: PipelineRun) -> PreparedData:
    assert run.data is not None  # noqa: S101 - prepared before anything is compared
    return run.data
