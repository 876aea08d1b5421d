"""RunReport -> how many cases are wrong, how many have no grade, and how many tests failed that are no cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport


def unmeasured(report: RunReport) -> Iterator[str]:
    """Apart from what is wrong: cases that have no grade say nothing of the model."""
    of_set: dict[str, int] = {}
    for score in report.scores:
        title = str(score["set"])
        name = _names(report).get(title, title)
        of_set[name] = max(of_set.get(name, 0), score["failed"])
    if number := len(_distinct(report, unmeasured=True)) or sum(of_set.values()):
        yield f"{cases(number)} could not be measured"


def wrong(report: RunReport) -> Iterator[str]:
    """Cases with a grade, failed or left to the gate."""
    if number := len(_distinct(report, unmeasured=False)):
        yield f"{cases(number)} {'is' if number == 1 else 'are'} wrong"


def _distinct(report: RunReport, *, unmeasured: bool) -> set[tuple[str, str]]:
    """Set and id of cases that are not right: that have no grade, or that have. A case counts once for all prompts."""
    names = _names(report)
    of_kind = [case for case in (*report.wrong, *report.missed) if bool(case.get("unmeasured")) == unmeasured]
    keys = ((case.get("set", ""), case.get("case") or case.get("test", "")) for case in of_kind)
    return {(names.get(title, title), case) for title, case in keys}


def _names(report: RunReport) -> dict[str, str]:
    """The golden set of each title, which names a prompt or a model too."""
    return {fact["title"]: fact["set"] for fact in report.sets}


def other_tests(report: RunReport) -> int:
    """Failed tests that are no cases."""
    return max(0, report.failed - sum(not case.get("apart") for case in report.wrong))


def cases(number: int) -> str:
    """Such as "1 case", "1,200 cases"."""
    return f"{number:,} case{'' if number == 1 else 's'}"
