"""`ftgate status`, `history`, `rollback`, `reset`, `unlock`: what the registry holds, and the way back."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import (
    has_registry,
    key_option,
    open_existing,
    registry_options,
    say,
    say_table,
    task_name,
    version_number,
)
from pytest_ftgate.cli.deploy import deployed, server_options, unload_old
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.gate.exit_code import EXIT_CODES, Kind
from pytest_ftgate.pipeline.golden_reuse import goldens_of, uses, wear
from pytest_ftgate.pipeline.production.steps import Steps
from pytest_ftgate.registry.access.promoter_key import shown
from pytest_ftgate.registry.model_tags import name_of
from pytest_ftgate.registry.version import MODEL, number_of

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.registry.standing import Standing

KINDS = {"promote": "promoted", "override": "promoted by override", "rollback": "rolled back to"}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    status_parser = commands.add_parser(
        "status", parents=[registry_options()], help="show champions and promotion locks"
    )
    status_parser.add_argument("task", nargs="?", type=task_name, metavar="TASK", help="default: all tasks")
    status_parser.add_argument("--name", action="store_true", help="print only the served model name")
    status_parser.set_defaults(run=status)

    history_parser = commands.add_parser("history", parents=[registry_options()], help="list all versions of a task")
    history_parser.add_argument("task", type=task_name, metavar="TASK")
    history_parser.set_defaults(run=history)

    rollback_parser = commands.add_parser(
        "rollback", parents=[registry_options(), key_option(), server_options()], help="restore the previous champion"
    )
    rollback_parser.add_argument("task", type=task_name, metavar="TASK")
    rollback_parser.add_argument(
        "--to", type=version_number, metavar="vN", help="an earlier champion (default: the previous one)"
    )
    rollback_parser.add_argument("--reason", default="by hand", help="recorded with the version (default: by hand)")
    rollback_parser.set_defaults(run=rollback)

    reset_parser = commands.add_parser(
        "reset",
        parents=[registry_options(), key_option()],
        help="begin without a champion, if all champions on record were deleted",
    )
    reset_parser.add_argument("task", type=task_name, metavar="TASK")
    reset_parser.add_argument("reason", metavar="REASON", help="recorded in the audit log")
    reset_parser.set_defaults(run=reset)

    unlock_parser = commands.add_parser(
        "unlock", parents=[registry_options(), key_option()], help="break the promotion lock of a process that is dead"
    )
    unlock_parser.add_argument("task", type=task_name, metavar="TASK")
    unlock_parser.add_argument("--reason", default="by hand", help="recorded in the audit log (default: by hand)")
    unlock_parser.set_defaults(run=unlock)


def status(args: argparse.Namespace) -> int:
    """Print the champion of each task."""
    if args.name:
        return _say_names(args)
    if not has_registry(args):
        say(f"no registry in {args.state_dir} yet; `pytest GOLDENS --train` creates it")
        return 0
    registry = open_existing(args)
    tasks = [args.task] if args.task else registry.recorded_tasks()
    faults = False
    for task in tasks:
        standing = registry.standing(task)
        say(task)
        say_table(list(_status_rows(registry, task, standing)), indent="  ")
        faults = faults or bool(standing.faults)
    if not tasks:
        say("no versions registered yet")
    return EXIT_CODES[Kind.INTEGRITY] if faults else 0


def _say_names(args: argparse.Namespace) -> int:
    """For scripts: nothing but the name. RegistryError if there is none."""
    registry = open_existing(args)
    for task in [args.task] if args.task else registry.tasks():
        champion = registry.champion(task)
        if champion is None:
            raise RegistryError(f"{task} has no champion yet; see `ftgate status`")
        say(name_of(champion))
    return 0


def history(args: argparse.Namespace) -> int:
    """Print all versions of a task, the newest first."""
    registry = open_existing(args)
    versions = registry.versions(args.task)
    if not versions:
        raise _unknown(registry, args.task)
    champion = registry.standing(args.task).version
    rows = [("version", "registered", "verdict", "digest", "", "reason")]
    rows += [_history_row(version, champion) for version in reversed(versions)]
    say_table(rows)
    return 0


def rollback(args: argparse.Namespace) -> int:
    """Move the champion back; with --server, after the version before answers there."""
    steps = Steps()
    registry = replace(open_existing(args), on_step=steps.done)
    standing = registry.standing(args.task)
    before = standing.version
    target = registry.rollback_target(args.task, args.to)
    steps.done("find")
    with deployed(args, registry, target) as places:
        if args.server:
            steps.done("deploy")
        now = registry.rollback(args.task, args.reason, target.number, number_of(standing.recorded))
    was = f" (was v{before.number})" if before else ""
    rest = f"{steps.total:.1f} s in total" if places else f"serve it: ftgate serve {args.task}"
    say(f"{args.task}: v{now.number} is the champion again{was}; {rest}")
    say(f"  {steps}")
    unload_old(args, before, places)
    return 0


def reset(args: argparse.Namespace) -> int:
    """Begin anew without a champion, where none of those on record is left."""
    open_existing(args).reset(args.task, args.reason)
    say(f"{args.task}: no champion from now on, as the audit log says; the next candidate is judged as a first model")
    return 0


def unlock(args: argparse.Namespace) -> int:
    """Break the lock of a promotion whose process is dead; a living one stops before its next write."""
    claim = open_existing(args).unlock(args.task, args.reason)
    say(f"{args.task}: lock of {claim} broken; recorded in the audit log")
    return 0


def _status_rows(registry: Registry, task: str, standing: Standing) -> Iterator[tuple[str, str]]:
    versions = registry.versions(task)
    if not versions and task not in registry.recorded_tasks():
        raise _unknown(registry, task)
    champion = None if standing.faults else standing.version
    for fault in standing.faults:
        yield "INTEGRITY", fault
    if standing.faults:
        yield "", standing.cure
    else:
        yield "champion", _described(champion) if champion else "none yet"
    if standing.promoters:
        yield "promoters", shown(standing.promoters[-1].keys)
    if champion and MODEL in champion.tags:
        yield "served as", name_of(champion)
    if champion and champion.predecessors:
        yield "previous", ", ".join(f"v{each.number}" for each in champion.predecessors)
    for newest in versions[-1:]:
        yield "newest", f"v{newest.number}  {newest.tags.get('verdict', '')}".rstrip()
    for name, digest, questions in goldens_of(versions[-1]) if versions else ():
        yield f"golden set {name}", f"{wear(uses(registry, questions))}  (digest {digest[:12]})"
    if holder := registry.lock_holder(task):
        yield "locked by", holder


def _described(version: Version) -> str:
    promotion = version.promotion
    made = (
        f"{KINDS.get(promotion['kind'], promotion['kind'])} at {promotion['at']} by {promotion['by']}"
        if promotion
        else "set by another program"
    )
    return f"v{version.number}  digest {version.digest[:12]}  {made}"


def _history_row(version: Version, champion: Version | None) -> tuple[str, str, str, str, str, str]:
    past = {each.number for each in champion.predecessors} if champion else set()
    role = (
        "champion"
        if champion and version.number == champion.number
        else "was champion"
        if version.number in past
        else ""
    )
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(version.created_s))
    verdict, reason = version.tags.get("verdict", ""), version.tags.get("reason", "")
    if made := version.override:
        verdict, reason = f"{verdict}, overridden", f"{made['by']} at {made['at']}: {made['reason']}"
    return f"v{version.number}", when, verdict, version.digest[:12], role, reason[:100]


def _unknown(registry: Registry, task: str) -> RegistryError:
    return RegistryError(f"no task {task!r} in the registry; available: {', '.join(registry.tasks()) or 'none'}")
