"""`ftgate push TASK vN --repo ORG/NAME`: a version that passed the gate -> the Hugging Face Hub, with its evidence."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import open_existing, registry_options, say, task_name, version_number
from pytest_ftgate.cli.ini import ini_path
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.registry.hub.repository import Repository


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "push", parents=[registry_options()], help="push a promoted version to the Hugging Face Hub, with its evidence"
    )
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("version", type=version_number, metavar="vN", nargs="?")
    parser.add_argument("--repo", required=True, metavar="ORG/NAME", help="repository; created if there is none")
    parser.add_argument("--mirror", action="store_true", help="every champion so far, and the branch `champion`")
    parser.add_argument("--public", action="store_true", help="let everybody see it (default: private)")
    parser.add_argument("--form-dir", type=Path, metavar="DIR", help="folder of the exported form that vN is")
    parser.add_argument("--replace", action="store_true", help="overwrite what was edited on the Hub")
    parser.add_argument(
        "--override", default="", metavar="REASON", help="push despite HOLD or REJECT; recorded in the audit log"
    )
    parser.set_defaults(run=push)


def push(args: argparse.Namespace) -> int:
    """Push one version, or all champions."""
    from pytest_ftgate.registry.hub import mirror as mirrors
    from pytest_ftgate.registry.hub import push as pushes
    from pytest_ftgate.registry.hub.repository import Repository

    if (args.version is None) != args.mirror:
        raise FtgateError("push needs either a version, as in `ftgate push TASK v3 --repo ORG/NAME`, or --mirror")
    if args.mirror and args.form_dir:
        raise FtgateError(
            "--form-dir is the folder of one version, and --mirror pushes many\n    push that one first: name its vN"
        )
    registry, repo = open_existing(args), Repository(args.repo)
    key = ini_path("ftgate_signing_key", Path.cwd())
    options = pushes.Options(args.public, args.override.strip(), args.replace, key, args.form_dir)
    if args.mirror:
        champion, moved = mirrors.mirror(registry, args.task, repo, options, say)
        say(f"{args.repo}: the branch champion {'is now' if moved else 'was already'} v{champion.number}")
        _say_private(args, repo)
        return 0
    version = registry.version(args.task, args.version)
    done = pushes.push(registry, version, repo, options, say)
    kept = "pushed" if done.new else "is there already, nothing changed"
    say(f"{version} {kept}: {args.repo}@v{version.number} ({repo.visibility()})")
    _say_private(args, repo)
    say(f"fetch it with its digests checked: ftgate pull {args.repo}@v{version.number} DIR")
    return 0


def _say_private(args: argparse.Namespace, repo: Repository) -> None:
    if args.public and repo.visibility() == "private":
        say(f"{args.repo} was private before, and stays private: change that in its settings on the Hub")
