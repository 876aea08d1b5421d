"""RunReport -> the few words that say how a run ended: for a badge, and for a page's first line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.report.text.scores import has_score

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

_ENDS = {0: "PASSED", 1: "FAILED", 10: "HOLD", 11: "INTEGRITY", 12: "DRIFT"}
_COLOURS = {0: "brightgreen", 10: "yellow"}
_NAMED = 3
"""Golden sets that a badge has room for."""


def headline(report: RunReport) -> str:
    """Such as "PROMOTED v3", "REJECT", "DRIFT v2"; of a run that decided on no version "PASSED", "FAILED", "HOLD"."""
    decided = [*map(_verdict, report.verdicts), *map(_night, report.nights)]
    return ", ".join(dict.fromkeys(decided)) or _ENDS.get(report.code, f"exit code {report.code}")


def badge(report: RunReport) -> dict[str, Any]:
    """An endpoint of shields.io: schemaVersion, label, message, color. Where nothing was decided, the score."""
    decided = [each["task"] for each in (*report.verdicts, *report.nights)]
    scored = [score for score in report.scores if has_score(score) and score["metrics"]]
    names = list(dict.fromkeys(decided or [each["set"] for each in scored or report.sets]))
    label = ", ".join(names) if 1 <= len(names) <= _NAMED else "ftgate"
    message = headline(report) if decided or not scored else _scores(scored)
    color = _COLOURS.get(report.code, "red")
    return {"schemaVersion": 1, "label": label, "message": message, "color": color}


def _scores(scored: list[dict[str, Any]]) -> str:
    """Of one model its interval too."""
    if len(scored) == 1:
        return score_of(scored[0])
    shown = ", ".join(f"{100 * score['metrics'][0]['value']:.1f} %" for score in scored[:_NAMED])
    return shown + (f" and {len(scored) - _NAMED} more" if len(scored) > _NAMED else "")


def score_of(score: dict[str, Any]) -> str:
    """Such as "94.3 % [91.1, 96.4]"."""
    first = score["metrics"][0]
    value, lower, upper = (first[name] for name in ("value", "lower", "upper"))
    return f"{100 * value:.1f} %" + ("" if None in (lower, upper) else f" [{100 * lower:.1f}, {100 * upper:.1f}]")


def _verdict(verdict: dict[str, Any]) -> str:
    kind, version = verdict["verdict"], verdict["version"]
    if kind == "PROMOTE":
        kind = "PROPOSED" if verdict.get("proposed") else "PROMOTED"
    return f"{kind} v{version}" if version else str(kind)


def _night(night: dict[str, Any]) -> str:
    kind = "NOTHING TO WATCH" if night["kind"] == "none" else str(night["kind"]).upper()
    return f"{kind} v{night['version']}" if night.get("version") else kind
