"""`ftgate ci retrain`: alarms and schedules -> the pipelines that are trained anew now, as JSON for a workflow."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import has_registry, open_existing, registry_options, say
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import printable

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.live.retrain import Choice


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate ci`."""
    parser = kinds.add_parser(
        "retrain",
        parents=[registry_options()],
        help="print the pipelines that [retrain] trains now, after an alarm or by schedule, as JSON; records it",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--cron", default="", metavar="CRON", help="those of this schedule (default: those with a new alarm)"
    )
    which.add_argument("--all", action="store_true", help="all pipelines with [retrain], alarm or not")
    parser.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")
    parser.set_defaults(run=retrain)


def retrain(args: argparse.Namespace) -> int:
    """Decide, record what begins, print it; why the others do not goes to standard error."""
    from pytest_ftgate.registry.audit import record

    choices = _choices(args, retrained(args.pipelines))
    for each in choices:
        sys.stderr.write(printable(f"{each.pipeline}: {'retrain' if each.due else 'not retrained'}: {each.why}\n"))
        if each.due:
            record(args.state_dir, "retrain", each.pipeline, {"reason": each.why, "promote": each.promote})
    say(json.dumps([each.to_json() for each in choices if each.due]))
    return 0


def _choices(args: argparse.Namespace, pipelines: Sequence[Pipeline]) -> list[Choice]:
    from pytest_ftgate.pipeline.live.retrain import Choice, crons_of, on_drift, on_schedule, past_of
    from pytest_ftgate.registry.audit import AuditLog
    from pytest_ftgate.registry.audit.log import FILE

    if args.all:
        asked = [(each.name, each.retrain) for each in pipelines]
        return [Choice(name, due=True, why="asked for", promote=bool(of and of.promote)) for name, of in asked]
    if args.cron:
        if args.cron not in crons_of(pipelines):
            known = ", ".join(map(repr, crons_of(pipelines))) or "none"
            raise FtgateError(
                f"--cron {args.cron!r}: no pipeline has it as [retrain] cron; they have: {known}\n"
                "    write the workflow anew: ftgate ci github"
            )
        return list(on_schedule(pipelines, args.cron))
    log, now = AuditLog(args.state_dir / FILE), datetime.now(UTC)
    registry = open_existing(args) if has_registry(args) else None
    versions = {each.name: registry.versions(each.name) if registry else () for each in pipelines}
    found = (on_drift(each, past_of(log, each.name, versions[each.name]), now) for each in pipelines)
    return [each for each in found if each]


def retrained(folder: Path) -> list[Pipeline]:
    """The pipelines with [retrain]. Raises PipelineError for one with a fault."""
    return [each for each in pipelines_in(folder) if each.retrain]


def has_promoters(args: argparse.Namespace) -> bool:
    """Whether the workflows of training need the key of a promoter."""
    return not args.model and any(each.registry.promoters for each in pipelines_in(Path(args.pipelines)))


def pipelines_in(folder: Path) -> list[Pipeline]:
    """All of a folder. Raises PipelineError for one with a fault."""
    from pytest_ftgate.pipeline.discovery import Catalogue

    catalogue = Catalogue((), (folder.absolute(),))
    return [catalogue.pipeline(name) for name in catalogue.pipeline_paths]
