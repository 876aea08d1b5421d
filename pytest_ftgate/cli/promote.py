"""`ftgate promote TASK vN`: a registered version -> the champion; against its verdict only with a reason, on record."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from pytest_ftgate.cli.common import key_option, open_existing, registry_options, say, task_name, version_number
from pytest_ftgate.cli.deploy import deployed, server_options, unload_old
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry.judged import check_verdict
from pytest_ftgate.registry.version import number_of


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "promote",
        parents=[registry_options(), key_option(), server_options()],
        help="make a registered version the champion",
    )
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("version", type=version_number, metavar="vN")
    parser.add_argument("--reason", default="by hand", help="recorded with the version (default: by hand)")
    parser.add_argument(
        "--override",
        type=_reason,
        metavar="REASON",
        help="promote despite HOLD or REJECT; recorded in the audit log, tags and history",
    )
    parser.add_argument(
        "--pipelines",
        type=Path,
        default=Path("pipelines"),
        metavar="DIR",
        help="folder of TASK/pipeline.toml, whose promoters count (default: pipelines)",
    )
    parser.set_defaults(run=promote)


def promote(args: argparse.Namespace) -> int:
    """Move the champion; with --server, after the version answers there."""
    begin = time.monotonic()
    registry = open_existing(args)
    before, target = registry.champion(args.task), registry.version(args.task, args.version)
    if before and before.number == target.number:
        say(f"{args.task}: v{target.number} is already the champion; nothing changed")
        return 0
    check_verdict(target, before, registry.log, override=bool(args.override))
    listed = _promoters(args)
    if args.key and not listed and not registry.standing(args.task).promoters:
        raise RegistryError(
            f"{args.task} has no promoters, on record or in {args.pipelines}, so --key would sign nothing\n"
            f"    write them down first: ftgate promoters {args.task} --set FILE ... --key FILE"
        )
    with deployed(args, registry, target) as places:
        now = registry.promote(
            args.task,
            target.number,
            args.override or args.reason,
            number_of(before),
            override=bool(args.override),
            promoters=listed,
        )
    was = f" (was v{before.number})" if before else ""
    rest = f"{time.monotonic() - begin:.1f} s in total" if places else f"serve it: ftgate serve {args.task}"
    against = (
        f", overriding its verdict {now.override['verdict'] or 'none'}" if now.promotion["kind"] == "override" else ""
    )
    say(f"{args.task}: v{now.number} is the champion{was}{against}; {rest}")
    unload_old(args, before, places)
    return 0


def _promoters(args: argparse.Namespace) -> list[Path]:
    """Public keys of [registry] promoters, if the pipeline of the task is here."""
    from pytest_ftgate.pipeline.config import read_pipeline

    file = args.pipelines / args.task / "pipeline.toml"
    return [Path(key) for key in read_pipeline(file).registry.promoters] if file.is_file() else []


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a reason is required")
    return text.strip()
