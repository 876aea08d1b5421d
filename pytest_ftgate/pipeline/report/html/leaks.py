"""RunReport -> golden cases that are in training rows, their common words marked, and scores without them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

SHOWN = 200
STAGES = {
    "exact": "a whole copy",
    "containment": "share of the case's 5-word sequences in the row",
    "fuzzy": "Jaccard's index of character 5-grams",
    "edited": "share of the case's words in their order",
    "answer": "share of the answer's 5-word sequences",
    "disguise": "share of 20-letter sequences once escapes and markup are undone",
    "split": "share of 5-word sequences across neighbouring rows",
}


def leaks(report: RunReport) -> Section | None:
    """None where nothing was found."""
    found = [_of_pipeline(fact) for fact in report.pipelines if fact["leaks"]]
    parts = [
        {"set": name, "check": check["check"], "status": check["status"], "reason": check["reason"], **seen}
        for name, checks in report.checks.items()
        for check in checks
        for seen in [{"beside": check["beside"]}]
        if check.get("beside")
    ]
    return section("leaks", "Leakage", pipelines=found, parts=parts) if found or parts else None


def _of_pipeline(fact: Mapping[str, Any]) -> dict[str, Any]:
    found = sorted(fact["leaks"], key=lambda leak: (leak["verdict"] != "leak", -leak["score"]))
    pairs = [leak | {"how": STAGES.get(leak["stage"], "")} for leak in found[:SHOWN]]
    cases = {(leak["set"], leak["golden_id"]) for leak in found}
    return {"task": fact["task"], "pairs": pairs, "more": len(found) - len(pairs), "cases": len(cases)}
