"""Options of a run -> the pool of its judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_ftgate.judge.pool import Judges
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.plugin.options import Options


def open_judges(config: pytest.Config, options: Options, catalogue: Catalogue) -> Judges:
    """With a share of the budget and a folder of its own on each worker of xdist that asks by itself."""
    from pytest_ftgate.judge.pool import Judges
    from pytest_ftgate.plugin.items.confirm import confirmer

    xdist = getattr(config, "workerinput", {})
    worker, budget = xdist.get("workerid", ""), options.judge_budget
    alone = not worker or bool(catalogue.golden_paths)  # else all workers ask, and a folder has one writer
    return Judges(
        options.state_dir / "judge" / ("" if alone else worker),
        budget=budget if alone or budget is None else budget / xdist["workercount"],
        batch=options.judge_batch,
        confirm=confirmer(config),
    )
