"""(graders and floor, golden cases of each label) -> a floor that a model without a mistake reaches on so few cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_ftgate.pipeline.starting.grading import Grading

STEP = 0.05
"""Of floors; the one that is set leaves as much to the best bound there can be."""


def reachable(grading: Grading, counts: Sequence[int]) -> Grading:
    """counts: golden cases of each label, one or more. Accuracy is reached with the fewest cases there may be."""
    floor = grading.floor
    if floor["metric"] != "f1":
        return grading
    best = best_macro_f1(counts)
    least = int(max(best - STEP, 0) / STEP) * STEP
    if best >= floor["min"] or least <= 0:
        return grading
    why = (
        f"the floor is {least:.2f}, as no model shows more than {best:.2f} on so few cases of one label: "
        "collect more of the rare ones, then raise it"
    )
    return replace(
        grading,
        floor={**floor, "min": round(least, 2)},
        told=grading.told.replace(f"macro F1 {floor['min']:g}", f"macro F1 {least:.2f}"),
        look=(why, *grading.look),
    )


def best_macro_f1(counts: Sequence[int]) -> float:
    """Lower bound of macro F1 where every answer is right."""
    import numpy as np

    from pytest_ftgate.metrics.posterior import macro_f1, table_bounds

    right = np.diag(np.array(counts, dtype=np.int64))
    no_label = np.zeros((len(counts), 1), dtype=np.int64)
    return table_bounds(np.hstack([right, no_label]), macro_f1, 1.0)[0]
