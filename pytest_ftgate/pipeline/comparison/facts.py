"""Comparison -> JSON values, for scripts and CI jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from pytest_ftgate.evaluate.records.record import CaseRecord, Facts
from pytest_ftgate.gate.checks.result import CheckResult
from pytest_ftgate.pipeline.comparison.compare import Comparison, mean, speed_of
from pytest_ftgate.pipeline.comparison.match import Side
from pytest_ftgate.pipeline.comparison.settings import differences


def comparison_json(found: Comparison, check: CheckResult | None) -> dict[str, Any]:
    """All that a comparison found; shares in [0, 1], never points. p: one-sided, of the side that is ahead."""
    pairs = found.pairs
    unseen = found.unseen
    return {
        "set": found.now.set,
        "then": _side_json(found.then, [other for _, other in found.sides]),
        "now": _side_json(found.now, [case for case, _ in found.sides]),
        "changed": [{"what": what, "then": then, "now": now} for what, then, now in differences(found.now, found.then)],
        "n": pairs.n,
        "gain": pairs.gain,
        "lower": pairs.bounds[0],
        "upper": pairs.bounds[1],
        "p_better": pairs.p_better,
        "p_worse": pairs.p_worse,
        "minimum_detectable_difference": unseen if isfinite(unseen) else None,
        "fixed": [_side(side) for side in found.fixed],
        "broken": [_side(side) for side in found.broken],
        "slices": found.slice_rows,
        "warnings": found.warnings,
        "check": None if check is None else {"status": check.status, "reason": check.reason, **check.numbers},
    }


def _side_json(facts: Facts, compared: Sequence[CaseRecord]) -> dict[str, Any]:
    """compared_score: mean grade of the cases that both runs have; score: of all of this run."""
    return facts.to_json() | {"compared_score": mean(compared), "speed": asdict(speed_of(facts, compared))}


def _side(side: Side) -> dict[str, Any]:
    now, then = side
    return {
        "id": now.id,
        "id_then": then.id,
        "question": now.question,
        "expected": now.expected,
        "then": _answers(then),
        "now": _answers(now),
    }


def _answers(case: CaseRecord) -> dict[str, Any]:
    return {"answers": [answer.text for answer in case.answers], "value": case.result.value}
