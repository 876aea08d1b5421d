"""`ftgate backup`, `ftgate restore`: all that a registry needs to answer again, into a folder or archive and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_ftgate.cli import audit
from pytest_ftgate.cli.common import cipher, console, open_existing, registry_options, say, task_name, verify_key
from pytest_ftgate.pipeline.production.steps import Steps

MEGA = 1_000_000


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    backup_parser = commands.add_parser(
        "backup", parents=[registry_options()], help="back up versions, runs, champions and audit log of the registry"
    )
    _where(backup_parser)
    backup_parser.add_argument("tasks", nargs="*", type=task_name, metavar="TASK", help="default: all tasks")
    backup_parser.add_argument(
        "--base", action="store_true", help="with the base models of the versions, where these are folders"
    )
    backup_parser.set_defaults(run=backup)

    restore_parser = commands.add_parser(
        "restore", parents=[registry_options()], help="restore a backup into an empty registry, of any kind, and verify"
    )
    _where(restore_parser)
    restore_parser.set_defaults(run=restore)


def backup(args: argparse.Namespace) -> int:
    """Write the backup; what an earlier call has copied into the same folder is not copied again."""
    from pytest_ftgate.registry.backup.archive import being_written
    from pytest_ftgate.registry.backup.take import take

    steps = Steps()
    registry = open_existing(args)
    registry.prepare()
    steps.done("open")
    with being_written(args.path) as folder:
        with console().step("copying and verifying"):
            manifest = take(registry, folder, args.tasks, say, with_bases=args.base)
        steps.done("copy and verify")
    steps.done("pack")
    size = sum(blob.size for blob in set(manifest.blobs())) / MEGA
    say(f"{args.path}: backup of {len(manifest.tasks)} tasks, {size:.1f} MB, after {steps.total:.0f} s ({steps})")
    return 0


def restore(args: argparse.Namespace) -> int:
    """Restore the backup, then verify as `ftgate audit verify` does; 11 if the result is not what was recorded."""
    from pytest_ftgate.registry import Keys, open_registry
    from pytest_ftgate.registry.backup import manifest as manifests
    from pytest_ftgate.registry.backup.archive import being_read
    from pytest_ftgate.registry.backup.restore import restore as bring_back

    steps = Steps()
    registry = open_registry(args.tracking_uri, args.state_dir, Keys(None, verify_key(args), cipher()))
    with being_read(args.path) as folder:
        manifests.read(folder)
        steps.done("unpack")
        registry.prepare()
        steps.done("open")
        with console().step("restoring"):
            manifest = bring_back(registry, folder, say)
        steps.done("restore")
    code = audit.verify(args)
    steps.done("verify")
    say(f"{args.path}: backup of {manifest.made_at} restored after {steps.total:.0f} s ({steps})")
    return code


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="FILE|DIR", help="folder, or archive if it ends with .tar.gz")
