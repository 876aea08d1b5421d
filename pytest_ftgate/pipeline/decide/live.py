"""(stated split, digest of a model, now) -> CheckResult: what live users say of this very candidate."""

from __future__ import annotations

from datetime import datetime

from pytest_ftgate.gate.checks.live import live_check, no_exposures
from pytest_ftgate.gate.checks.result import CheckResult
from pytest_ftgate.gate.live.analysis import analyse
from pytest_ftgate.gate.live.log import read_log
from pytest_ftgate.gate.live.plan import Ab


def live_of(task: str, plan: Ab, digest: str, now: datetime) -> CheckResult | None:
    """The check `live`; None if nobody has met this candidate yet and the pipeline does not insist.

    digest: of the model (`Model.digest`), as `ftgate router` has the router log it. Raises FileFaults.
    """
    if plan.exposures is not None and plan.exposures.is_file():
        found = read_log(
            plan.exposures,
            plan.outcomes,
            now=now,
            kind=plan.outcome,
            window_hours=plan.window_hours,
            candidate=digest,
        )
        if found.users:
            return live_check(analyse(found, plan.share, plan.margin))
    return no_exposures(task) if plan.required else None
