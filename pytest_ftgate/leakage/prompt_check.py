"""(golden sets, their cases indexed) -> the cases that [prompt] gives away in its system turn, template or examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_ftgate.data.near.normalized import Golden
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.text import plain_text
from pytest_ftgate.files.text import shown
from pytest_ftgate.leakage.check import Scan
from pytest_ftgate.leakage.report import Leak, Report

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite


def prompt_report(scan: Scan, suites: Iterable[Suite]) -> Report:
    """What of the indexed cases the prompts of these sets hold, with file and line, as of a training row.

    A case in the system turn or the template is also found where its question and its answer are too short for the
    check of rows, if they follow each other. rows_read: texts that were looked at.
    """
    rows = list({str(row.data): row for row in reversed([*_rows(suites)])}.values())[::-1]
    report = scan.report(rows)
    known = {(leak.set, leak.golden_id, leak.file, leak.line) for leak in report.leaks}
    found = (
        leak for leak in _listed(rows, scan.goldens) if (leak.set, leak.golden_id, leak.file, leak.line) not in known
    )
    return replace(report, leaks=(*report.leaks, *found))


def with_prompts(report: Report, prompts: Report) -> Report:
    """A report on training rows with the findings in the prompts before its own."""
    return replace(
        report,
        leaks=prompts.leaks + report.leaks,
        suspects=prompts.suspects + report.suspects,
        omitted=prompts.omitted + report.omitted,
        prompt_files=tuple(sorted({leak.file for leak in prompts.found})),
    )


def describe(prompts: Report, *, strict: bool = False) -> str:
    """Why a prompt may not be used: the findings, and what to do."""
    lines = [f"  {leak.shown()}" for leak in prompts.blocking(strict=strict)]
    return "\n".join(["leakage: [prompt] holds golden cases; remove them from it, or replace the cases:", *lines])


def _rows(suites: Iterable[Suite]) -> Iterator[Row]:
    for suite in suites:
        path, prompt = shown(suite.golden.path), suite.prompt
        line = partial(suite.golden.line, *suite.prompt_keys)
        for key, text in (("system", prompt.system), ("template", prompt.template)):
            if text:
                yield Row(path, line(key), {key: text})
        for number, (asked, answer) in enumerate(prompt.examples):
            yield Row(path, line("examples", number), {"input": asked, "expected": answer})


def _listed(rows: Iterable[Row], goldens: Sequence[Golden]) -> Iterator[Leak]:
    """The cases whose question and answer stand one after the other in a system turn or template."""
    for row in rows:
        text = "" if "input" in row.data else f" {plain_text(row.whole)} "
        for golden in goldens:
            exchange = " ".join(golden.exchange)
            if golden.answer and f" {exchange} " in text:
                size = len(golden.exchange)
                yield Leak(golden.id, row.path, row.line, "exact", 1.0, exchange, size, "leak", golden.set)
