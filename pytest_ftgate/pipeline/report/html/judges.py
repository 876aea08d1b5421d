"""RunReport -> the judges: agreement with people, bias, and how many verdicts lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_ftgate.judge.summary import most_frequent, summed, untrusted
from pytest_ftgate.pipeline.report.html.numbers import count, plain, share
from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

_CHECKS = ("admission", "judge", "human")


def judges(report: RunReport) -> Section | None:
    """None where no judge was asked and no check looks at one."""
    found = [_of_judge(fact) for fact in summed(report.judges)]
    people = [
        {"set": name, "check": check["check"], "reason": check["reason"].removeprefix(f"{check['check']}: ")}
        | {"numbers": list(_numbers(check["numbers"])) if check["check"] == "admission" else []}
        for name, checks in report.checks.items()
        for check in checks
        if check["check"] in _CHECKS
    ]
    return section("judges", "Judge", judges=found, people=people) if found or people else None


def _of_judge(fact: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "judge": fact["judge"],
        "sets": ", ".join(fact["names"]),
        "rows": list(_rows(fact)),
        "warnings": list(fact.get("same_family", ())),
        "untrusted": untrusted(fact),
        "bills": [bill["text"] for bill in fact["bills"]],
    }


def _rows(fact: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(what, number, what it means)."""
    asked = fact["questions"]
    yield "questions", count(asked), ""
    unscored, why = fact["unscored"], f"no grade{most_frequent(fact['reasons'])}"
    yield "without a verdict", f"{count(unscored)} ({share(unscored / max(1, asked))})", why
    for key, text in (("refused", "refusals"), ("invalid", "invalid verdicts"), ("broken", "unanswered")):
        if fact[key]:
            yield text, count(fact[key]), ""
    if fact["pairs"]:
        rate = share(fact["flips"] / fact["pairs"])
        yield "position bias", rate, f"{fact['flips']} of {fact['pairs']} pairs flip with the order of the answers"
    if "agreement" in fact:
        yield "agreement of its votes", plain(fact["agreement"]), "1 is always the same"
    if "verbosity" in fact:
        value, lower, upper = fact["verbosity"]
        bounds = f"{plain(lower)} to {plain(upper)}; rank correlation of verdict and length, 0 is no bias"
        yield "length bias", plain(value), bounds


def _numbers(numbers: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    yield from ((name, plain(value)) for name, value in numbers.items())
