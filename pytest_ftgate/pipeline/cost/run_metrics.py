"""A measured pipeline run -> what its evaluation used, as metrics of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.cost.usage import usage_of

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.run import PipelineRun


def spent(run: PipelineRun) -> dict[str, float]:
    """Usage of candidate and base model on every golden set; eval_seconds of the serving machine, and their price.

    The training's own seconds, tokens and price stand in its manifest.
    """
    found: dict[str, float] = {}
    seconds = 0.0
    for suite in run.sets:
        for prefix, traffic in (
            (suite.name, run.candidate_of(suite).responses.traffic),
            (f"base.{suite.name}", run.base_traffic(suite)),
        ):
            usage = usage_of(traffic)
            if usage is not None:
                found |= usage.numbers(prefix)
                seconds += usage.seconds
    price = run.pipeline.tuning.price_per_hour * seconds / 3600
    return found | {"eval_seconds": seconds, "eval_cost": price}
