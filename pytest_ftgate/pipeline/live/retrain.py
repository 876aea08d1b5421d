"""(pipelines, audit log, registry) -> which of them are trained anew now, and why the others are not.

An alarm of the canary, of labelled production inputs or of `ftgate drift inputs` is a line of the audit log, and so is
the beginning of a retraining. An alarm is answered once, by the first training after it; after a training there is no
other for seven days, whatever alarms come: a candidate that does not pass would else be trained every night.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_ftgate.registry.audit.moves import entries_of
from pytest_ftgate.registry.version import FORM

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.registry import Version
    from pytest_ftgate.registry.audit import AuditLog

REST = timedelta(days=7)
ALARM, BEGUN = "alarm", "retrain"
PROPOSE = "--ftgate-propose"


@dataclass(frozen=True, slots=True)
class Choice:
    """Of one pipeline with [retrain]. due: whether it is trained now. why: for people. promote: as it says."""

    pipeline: str
    due: bool
    why: str
    promote: bool = False

    def to_json(self) -> dict[str, str]:
        """For the matrix of a workflow. propose: the flag of pytest, "" if the champion may be moved."""
        return {"pipeline": self.pipeline, "propose": "" if self.promote else PROPOSE}


@dataclass(frozen=True, slots=True)
class Past:
    """What there was of a task. alarms, trainings: when, in UTC."""

    alarms: tuple[datetime, ...] = ()
    trainings: tuple[datetime, ...] = ()

    @property
    def last_training(self) -> datetime | None:
        """None if there was none."""
        return max(self.trainings, default=None)


def past_of(log: AuditLog, task: str, versions: Iterable[Version]) -> Past:
    """versions: those that are registered; each was trained, here or elsewhere, but the exported forms of others."""
    entries = entries_of(log, task)
    at = {kind: tuple(_time(each.at) for each in entries if each.kind == kind) for kind in (ALARM, BEGUN)}
    trained = (each for each in versions if not each.tags.get(FORM))
    registered = tuple(datetime.fromtimestamp(int(each.created_s), tz=UTC) for each in trained)  # as the log: seconds
    return Past(at[ALARM], (*at[BEGUN], *registered))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def on_drift(pipeline: Pipeline, past: Past, now: datetime) -> Choice | None:
    """None for a pipeline that does not retrain on drift."""
    if pipeline.retrain is None or pipeline.retrain.on != "drift":
        return None
    last = past.last_training
    alarm = max((at for at in past.alarms if last is None or at >= last), default=None)
    if alarm is None:
        return Choice(pipeline.name, due=False, why="no alarm since the last training")
    if last is not None and now - last < REST:
        when = last.strftime("%Y-%m-%d")
        return Choice(pipeline.name, due=False, why=f"trained on {when}; at most one retraining in {REST.days} days")
    return Choice(pipeline.name, due=True, why=f"alarm of {alarm:%Y-%m-%d}", promote=pipeline.retrain.promote)


def on_schedule(pipelines: Iterable[Pipeline], cron: str) -> Iterator[Choice]:
    """Those that retrain at this time."""
    for each in pipelines:
        if each.retrain and each.retrain.on == "schedule" and each.retrain.cron == cron:
            yield Choice(each.name, due=True, why=f"schedule {cron}", promote=each.retrain.promote)


def crons_of(pipelines: Iterable[Pipeline]) -> list[str]:
    """The times at which any of them retrains, each once."""
    scheduled = [each.retrain for each in pipelines if each.retrain and each.retrain.on == "schedule"]
    return list(dict.fromkeys(each.cron for each in scheduled))
