"""RunReport -> slices as a forest plot, with the correction for looking at many of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.gate.checks.slices import LEAST_CASES
from pytest_ftgate.metrics.intervals import ALPHA
from pytest_ftgate.pipeline.comparison.compare import is_worse
from pytest_ftgate.pipeline.report.html.intervals import Interval, of_shares
from pytest_ftgate.pipeline.report.html.render import Section, section
from pytest_ftgate.pipeline.report.html.sets import address

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

SHOWN = 100
"""Of each model, the lowest first."""


def slices(report: RunReport, *, linked: bool) -> Section | None:
    """None where no case has a slice. linked: a slice shows its cases in the table of cases."""
    found = [_of_score(report, score, linked=linked) for score in report.scores if score["slices"]]
    return section("slices", "Slices", scores=found, least=LEAST_CASES) if found else None


def _of_score(report: RunReport, score: Mapping[str, Any], *, linked: bool) -> dict[str, Any]:
    gate = next((check for check in report.checks.get(score["set"], ()) if check["check"] == "slices"), None)
    numbers = gate["numbers"] if gate else _since(report, score["set"])
    shown = score["slices"][:SHOWN]
    rows = list(_rows(shown, numbers))
    golden = next((fact["set"] for fact in report.sets if fact["title"] == score["set"]), score["set"])
    forest = of_shares([interval for _, interval in rows])
    return {
        "set": score["set"],
        "title": score["title"],
        "measure": score["measure"],
        "compared": any(f"{part['slice']} gain" in numbers for part in shown),
        "against": "the other model" if gate else "the run before",
        "tested": int(numbers.get("tested", 0)),
        "broken": int(numbers.get("broken", 0)),
        "rows": [
            row | {"plot": forest.row(interval), "link": _link(golden, row["slice"]) if linked else ""}
            for row, interval in rows
        ],
        "scale": forest.scale(),
        "more": len(score["slices"]) - len(shown),
    }


def _since(report: RunReport, title: str) -> dict[str, float]:
    """Where the gate looks at no slice: those of the run before, as the check has them."""
    rows = [row for change in report.changed if change["title"] == title for row in change.get("slices", ())]
    numbers = {f"{row['name']} gain": row["gain"] for row in rows} | {f"{row['name']} p_holm": row["p"] for row in rows}
    return numbers | {"tested": float(len(rows)), "broken": float(sum(map(is_worse, rows)))}


def _link(golden: str, name: str) -> str:
    """The table of cases writes a slice as "lang = de"."""
    return address(filter="all", set=golden, slice=" = ".join(name.split("=", 1)))


def _rows(
    shown: Sequence[Mapping[str, Any]], numbers: Mapping[str, float]
) -> Iterator[tuple[dict[str, Any], Interval]]:
    for part in shown:
        name = part["slice"]
        gain, holm = numbers.get(f"{name} gain"), numbers.get(f"{name} p_holm")
        broken = holm is not None and holm <= ALPHA
        tone = "bad" if broken else "plain" if part["n"] < LEAST_CASES else "accent"
        row = {**part, "gain": gain, "holm": holm, "broken": broken, "few": part["n"] < LEAST_CASES}
        yield row, Interval(name, part["value"], part["lower"], part["upper"], tone=tone)
