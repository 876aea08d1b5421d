"""`ftgate pull REPO[@REV]`: what was pushed to the Hugging Face Hub, checked -> a folder, or a version of a task."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_ftgate.cli.common import cipher, registry_options, say, task_name, verify_key
from pytest_ftgate.errors import FtgateError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pull", parents=[registry_options()], help="fetch a pushed version from the Hugging Face Hub, and check it"
    )
    parser.add_argument("repo", metavar="REPO[@REV]", help="ORG/NAME, with a tag, branch or commit (default: main)")
    parser.add_argument("folder", type=Path, metavar="DIR", nargs="?", help="new folder for the files")
    parser.add_argument("--task", type=task_name, metavar="TASK", help="register it as a version of this task")
    parser.add_argument("--base", default="", metavar="DIR", help="base model folder, if it is not on the Hub")
    parser.set_defaults(run=pull)


def pull(args: argparse.Namespace) -> int:
    """Fetch, check, and put it where it was asked for."""
    from pytest_ftgate.registry import Keys, open_registry
    from pytest_ftgate.registry.hub import pull as pulls
    from pytest_ftgate.registry.hub.repository import Repository

    if args.folder is None and args.task is None:
        raise FtgateError("pull needs a folder, as in `ftgate pull ORG/NAME@v3 DIR`, or --task TASK")
    if args.base and args.task is None:
        raise FtgateError("--base says what a version is served with: pass --task TASK too, or leave it out")
    name, at, revision = args.repo.partition("@")
    if at and not revision:
        raise FtgateError(f"{args.repo} names no revision after the @; expected {name}, or {name}@v3")
    repo, key = Repository(name), verify_key(args)
    registry = open_registry(args.tracking_uri, args.state_dir, Keys(None, key, cipher()))
    with pulls.pulled(repo, revision, registry.log, key) as found:
        checked = "digest and signature" if key else "digest"
        say(f"{name} v{found.manifest.version} of {found.manifest.task} ({found.commit[:12]}): {checked} verified")
        if args.folder is not None:
            pulls.into_folder(found, args.folder)
            say(f"written to {args.folder}")
        if args.task is not None:
            version, new = pulls.register(registry, found, repo, args.task, args.base)
            say(f"registered as {version}" if new else f"already registered as {version}, nothing changed")
            if not version.tags.get("verdict"):
                say("  it has no verdict here: test it with pytest, or promote it on the record with --override")
    return 0
