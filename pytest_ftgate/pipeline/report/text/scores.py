"""Scores of a golden set -> lines: the model, what it scored, and its slices, the lowest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from pytest_ftgate.files.excerpt import brief

FEW = 30
"""Cases below which the score of a slice says little: its interval is then some 30 points wide."""
SHOWN_SLICES = 8
_WIDEST = 40

Facts = Mapping[str, Sequence[dict[str, Any]]]


class Measured(Protocol):
    """What a `ReportCollector` and a `RunReport` have in common: facts by golden set, and scores of models."""

    @property
    def metrics(self) -> Facts:
        """Of the gate."""

    @property
    def checks(self) -> Facts:
        """Of the gate."""

    @property
    def scores(self) -> Sequence[dict[str, Any]]:
        """See `pipeline.report.scores`."""


Lines = Iterator[tuple[str, str]]


def set_names(tally: Measured) -> list[str]:
    """Golden sets that there is something to say of, in the order of the run."""
    scored = [score["set"] for score in tally.scores if has_score(score)]
    return list(dict.fromkeys([*tally.metrics, *tally.checks, *scored]))


def scores_of(tally: Measured, name: str) -> list[dict[str, Any]]:
    """Of each model that was tested on a golden set in this run."""
    return [score for score in tally.scores if score["set"] == name and has_score(score)]


def has_score(score: Mapping[str, Any]) -> bool:
    """Whether a case of the set was graded, or tried."""
    return bool(score["n"] or score["failed"] or score["unscored"])


def heading(score: Mapping[str, Any]) -> str:
    """Such as "tickets: a, served at http://127.0.0.1:8000/v1; 12 of 80 cases, 2 failed"."""
    parts = [f"{score['n']:,} of {score['cases']:,} cases"] if score["n"] < score["cases"] else []
    parts += [f"{score[key]:,} {text}" for key, text in _WITHOUT.items() if score[key]]
    return f"{score['set']}: {score['title']}" + (f"; {', '.join(parts)}" if parts else "")


_WITHOUT = {"failed": "not measured", "unscored": "unscored"}


def metric_lines(metrics: Sequence[dict[str, Any]]) -> Lines:
    """Value, bounds and number of cases of each; then the confusion matrix that one of them has."""
    for metric in metrics:
        without = f", not measured: {metric['ungraded']:,}" if metric.get("ungraded") else ""
        yield f"  {metric['name']:<11} {metric['value']:.3f}  {_bounds(metric)}n = {metric['n']:,}{without}", ""
    for metric in metrics:
        yield from ((f"    {line}", "") for line in metric.get("confusion", ()))


def metrics_of(score: Mapping[str, Any], gate: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the gate looks at, then what else there is to say. gate: facts of its metrics; [] if it does not decide."""
    families = {metric["name"].partition("-")[0] for metric in gate}
    own = [metric for metric in score["metrics"] if metric["name"].partition("-")[0] not in families]
    if own and score["confusion"] and not any("confusion" in metric for metric in gate):
        own[-1] = own[-1] | {"confusion": score["confusion"]}
    return [*gate, *own]


def slice_lines(score: Mapping[str, Any], *, verbose: bool) -> Lines:
    """A table of the slices. verbose: all of them."""
    shown = score["slices"] if verbose else score["slices"][:SHOWN_SLICES]
    if not shown:
        return
    names = [brief(part["slice"], _WIDEST) for part in shown]
    width = max(map(len, ["slice", *names]))
    yield f"    {'slice':<{width}}  {'n':>6}  {score['measure']}", ""
    for name, part in zip(names, shown, strict=True):
        few = few_cases(part)
        yield f"    {name:<{width}}  {part['n']:>6,}  {part['value']:.3f}  {_bounds(part)}{few}".rstrip(), ""
    if more := len(score["slices"]) - len(shown):
        yield f"    and {more} more slices; -v lists all", ""


def few_cases(part: Mapping[str, Any]) -> str:
    """A warning beside the score of a small slice."""
    return "few cases" if part["n"] < FEW else ""


def _bounds(part: Mapping[str, Any]) -> str:
    if part["lower"] is None:
        return ""
    upper = "none" if part["upper"] is None else f"{part['upper']:.3f}"
    return f"[{part['lower']:.3f}, {upper}]  "
