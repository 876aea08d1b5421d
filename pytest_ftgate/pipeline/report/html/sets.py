"""(RunReport, grades) -> each golden set: models side by side, paired outcomes, and what the set could have seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.pipeline.report.html.intervals import Interval, of_shares
from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.pipeline.report.html.grades import Column, SetGrades
    from pytest_ftgate.pipeline.report.run_report import RunReport

_ROLES = {
    "candidate": "candidate",
    "champion": "champion",
    "baseline": "baseline",
    "before": "run before",
    "tested": "tested",
}


def sets(report: RunReport, grades: Sequence[SetGrades], *, linked: bool) -> Section | None:
    """None without a measured set. linked: the counts of paired outcomes filter the table of cases, which is there."""
    known = {each.set: each for each in grades}
    facts = {fact["set"]: fact for fact in report.sets}
    names = list(dict.fromkeys([*facts, *known]))
    found = [_of_set(report, facts.get(name, {"set": name}), known.get(name), linked=linked) for name in names]
    return section("sets", "Scores", sets=found) if found else None


def _of_set(report: RunReport, fact: Mapping[str, Any], grades: SetGrades | None, *, linked: bool) -> dict[str, Any]:
    titles = [each["title"] for each in report.sets if each["set"] == fact["set"]] or [fact["set"]]
    columns = [column for column in grades.columns if column.results] if grades else []
    rows = [_row(column) for column in columns]
    forest = of_shares([interval for _, interval in rows])
    several = len(report.columns) > 0
    return {
        "set": fact["set"],
        "path": fact.get("path", ""),
        "resolution": fact["resolution"]["line"] if "resolution" in fact else "",
        "rows": [row | {"plot": forest.row(interval)} for row, interval in rows],
        "scale": forest.scale(),
        "pairs": [] if several else list(_paired(grades, linked=linked)) if grades else [],
        "metrics": _metrics(report, titles),
        "warnings": grades.warnings if grades else (),
        "asked": list(_asked(report, titles)),
    }


def _asked(report: RunReport, titles: Sequence[str]) -> Iterator[str]:
    """What was chosen from the set, as with -k."""
    for score in report.scores:
        asked = score["n"] + score["unscored"] + score["failed"]
        if score["set"] in titles and asked < score["cases"]:
            model = f"{score['set']}: " if len(titles) > 1 else ""
            yield f"{model}{asked:,} of {score['cases']:,} cases asked"


def _row(column: Column) -> tuple[dict[str, Any], Interval]:
    passed = sum(bool(result.passed) for result in column.results.values())
    n = len(column.results)
    lower, upper = wilson(passed, n)
    facts = {"role": _ROLES[column.role], "title": column.title, "passed": passed, "n": n, "value": passed / n}
    tone = "accent" if column.role in {"candidate", "tested"} else "plain"
    return facts | {"lower": lower, "upper": upper}, Interval(column.title, passed / n, lower, upper, tone=tone)


def _paired(grades: SetGrades, *, linked: bool) -> Iterator[dict[str, Any]]:
    """The first column against each other model: counts of both right, fixed, broken, both wrong."""
    first = grades.columns[0]
    for other in grades.others:
        common = [name for name in first.results if name in other.results]
        if not common:
            continue
        counts = dict.fromkeys(("right", "fixed", "broken", "wrong"), 0)
        for name in common:
            counts[outcome(bool(other.results[name].passed), now=bool(first.results[name].passed))] += 1
        sides = {"set": grades.set, "vs": other.title}
        links = {kind: address(filter=kind, **sides) for kind in counts} if linked else {}
        yield {"other": other.title, "now": first.title, "counts": counts, "n": len(common), "links": links}


def address(**filters: str) -> str:
    """What the table of cases reads from the address, beginning with the filter."""
    return f"#{urlencode(filters)}"


def outcome(before: bool, *, now: bool) -> str:
    """What became of a case: "right" and "wrong" are those of both."""
    if before == now:
        return "right" if now else "wrong"
    return "fixed" if now else "broken"


def _metrics(report: RunReport, titles: Sequence[str]) -> list[dict[str, Any]]:
    """All metrics of the gate and of the scores, each once. titles: of the set, or of it with each of its prompts."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for title in titles:
        own = report.metrics.get(title, ())
        known = {metric["name"] for metric in own}
        scores = [score for score in report.scores if score["set"] == title]
        rest = [metric for score in scores for metric in score["metrics"] if metric["name"] not in known]
        model = scores[0]["title"] if len(titles) == 1 and scores else title
        without = sum(score["unscored"] + score["failed"] for score in scores) if scores else None
        found += [(model, {"ungraded": without} | metric) for metric in (*own, *rest)]
    return [{**metric, "model": model} for model, metric in found]
