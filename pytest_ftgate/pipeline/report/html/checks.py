"""RunReport.checks -> each gate check as an interval against the line that it must not cross."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_ftgate.gate.checks import CHECKS
from pytest_ftgate.pipeline.report.html.intervals import Forest, Interval, of_differences, of_shares
from pytest_ftgate.pipeline.report.html.numbers import plain, waited
from pytest_ftgate.pipeline.report.html.render import Section, section
from pytest_ftgate.pipeline.report.html.svg import Axis

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

TONES = {"pass": "good", "hold": "warn", "skip": "warn"}
MARKS = {"pass": "\N{CHECK MARK}", "hold": "?", "skip": "?"}
GRAVEST_FIRST = ("integrity", "reject", "hold", "skip")
_CROSS = "\N{HEAVY MULTIPLICATION X}"


def checks(report: RunReport) -> Section | None:
    """None without a gate check."""
    sets = [_of_set(name, found) for name, found in report.checks.items() if found]
    names = dict.fromkeys(check["check"] for found in report.checks.values() for check in found)
    asked = [(name, CHECKS.get(name, "").replace("`", "")) for name in names]
    return section("checks", "Gate checks", sets=sets, asked=asked) if sets else None


def limit_of(check: Mapping[str, Any]) -> float | None:
    """Where the good side of the difference begins, a share: minus the margin, or the least gain."""
    numbers = check["numbers"]
    if "margin" in numbers:
        return -float(numbers["margin"])
    return float(numbers["min_gain"]) if "min_gain" in numbers else None


def mark(status: str) -> dict[str, str]:
    """Sign, word and tone of a status, so that its colour says nothing that the sign does not."""
    return {"sign": MARKS.get(status, _CROSS), "word": status, "tone": TONES.get(status, "bad")}


def _of_set(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    known = {check["check"]: interval for check in found if (interval := _difference(check)) is not None}
    rows = list(known.values())
    forest = of_differences(rows)
    floors = [floor for check in found for floor in floors_of(check)]
    return {
        "set": name,
        "rows": [_row(check, forest, known.get(check["check"])) for check in found],
        "scale": forest.scale() if rows else "",
        "floors": _floor_rows(floors),
    }


def _row(check: Mapping[str, Any], forest: Forest, interval: Interval | None) -> dict[str, Any]:
    name = check["check"]
    short = [
        {"part": each["part"], **mark(each["status"]), "reason": each["reason"].removeprefix(f"{name}: ")}
        for each in check.get("beside", ())
    ]
    facts = {"name": name, "advisory": check["advisory"], "reason": check["reason"].removeprefix(f"{name}: ")}
    return facts | mark(check["status"]) | {"plot": forest.row(interval) if interval else "", "beside": short}


def _difference(check: Mapping[str, Any]) -> Interval | None:
    numbers = check["numbers"]
    if not {"gain", "lower", "upper"} <= numbers.keys():
        return None
    tone = "plain" if check["advisory"] else TONES.get(check["status"], "bad")
    return Interval(
        check["check"], numbers["gain"], numbers["lower"], numbers["upper"], limit_of(check), above=True, tone=tone
    )


def floors_of(check: Mapping[str, Any]) -> Iterator[Interval]:
    """The floors of a check, whose numbers are named "f1(spam)", "f1(spam) lower", "f1(spam) min"."""
    numbers = check["numbers"]
    for key in numbers:
        name, _, side = key.rpartition(" ")
        if check["check"] == "floors" and side in {"min", "max"} and name in numbers:
            lower, upper, limit = numbers.get(f"{name} lower"), numbers.get(f"{name} upper"), numbers[key]
            bound = lower if side == "min" else upper
            met = bound is not None and (bound >= limit if side == "min" else bound <= limit)
            missed = upper is not None and upper < limit if side == "min" else lower is not None and lower > limit
            tone = "good" if met else "bad" if missed else "warn"
            yield Interval(name, numbers[name], lower, upper, limit, above=side == "min", tone=tone)


def told_floor(floor: Interval) -> str:
    """Such as "accuracy 96.7 %, between 92.8 % and 98.5 %; at least 95.0 % are asked"."""
    forest = _forest(floor)
    lower, upper = (None if each is None else forest.shown(each) for each in (floor.lower, floor.upper))
    if lower and upper:
        bounds = f", between {lower} and {upper}"
    else:
        bounds = f", at least {lower}" if lower else f", at most {upper}" if upper else ""
    least = "at least" if floor.above else "at most"
    return f"{floor.name} {forest.shown(floor.value)}{bounds}; {least} {forest.shown(floor.limit or 0.0)} asked"


def _forest(floor: Interval) -> Forest:
    """An axis of its own: of shares from 0 to 100 %."""
    values = list(floor.values())
    if all(0 <= value <= 1 for value in values):
        return of_shares([floor])
    shown = waited if floor.name.endswith("_ms") else plain
    return Forest([floor], Axis.over(values), shown, shown)


def _floor_rows(floors: list[Interval]) -> list[dict[str, Any]]:
    """Each on its own axis: milliseconds and shares have none in common."""
    return [_floor(floor) for floor in floors]


def _floor(floor: Interval) -> dict[str, Any]:
    forest = _forest(floor)
    shown = forest.shown
    signs = {"good": mark("pass"), "warn": mark("hold"), "bad": mark("reject")}[floor.tone]
    facts = {"name": floor.name, "plot": forest.row(floor), "scale": forest.scale()}
    return (
        facts
        | signs
        | {
            "limit": f"{'at least' if floor.above else 'at most'} {shown(floor.limit or 0.0)}",
            "value": shown(floor.value),
            "bounds": " to ".join(shown(each) if each is not None else "..." for each in (floor.lower, floor.upper)),
        }
    )
