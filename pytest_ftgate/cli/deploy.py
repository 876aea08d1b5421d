"""--server and what belongs to it: a version answers at running servers, and only then does the pointer move."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.numbers import seconds
from pytest_ftgate.pipeline.production.deploy import Deployed, deploy
from pytest_ftgate.registry.model_tags import name_of

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version


def server_options() -> argparse.ArgumentParser:
    """A parent parser with --server and what belongs to it."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("running servers", "API key: FTGATE_API_KEY or OPENAI_API_KEY")
    group.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="URL",
        help="running vLLM server that must load the version before promotion (repeatable)",
    )
    add_server_view(group)
    group.add_argument(
        "--unload-old",
        type=seconds,
        metavar="SECONDS",
        help="unload the former champion's adapter this long after promotion, so that clients can switch",
    )
    return options


def add_server_view(group: argparse._ArgumentGroup) -> None:
    """How servers see what is here: --server-dir and --base."""
    group.add_argument(
        "--server-dir", default="", metavar="DIR", help="path of STATE_DIR/models on the servers, if different"
    )
    group.add_argument(
        "--base",
        default="",
        metavar="NAME",
        help="the servers' name for the tested base model, if it cannot be verified from here",
    )


@contextmanager
def deployed(args: argparse.Namespace, registry: Registry, version: Version) -> Iterator[list[Deployed]]:
    """`version` answers at every --server inside the block, and after it; if the block fails, as before."""
    with ExitStack() as undo:
        made = []
        for url in args.server:
            made.append(deploy(registry, version, url, args.base, args.server_dir))
            if made[-1].new:
                undo.callback(made[-1].server.drop, made[-1].name)
            say(f"{made[-1]}; request it as: {made[-1].name}")
            if made[-1].proof:
                say(f"  {made[-1].proof}")
        yield made
        undo.pop_all()


def unload_old(args: argparse.Namespace, old: Version | None, places: Sequence[Deployed]) -> None:
    """Drop the former champion's adapter after --unload-old seconds; nothing without that option."""
    if args.unload_old is None or old is None:
        return
    places = [place for place in places if place.name != name_of(old)]
    if places and args.unload_old:
        say(f"unloading v{old.number} ({name_of(old)}) in {args.unload_old:g} s")
        time.sleep(args.unload_old)
    for place in places:
        place.server.unload(name_of(old))
        say(f"v{old.number} ({name_of(old)}) unloaded from {place.server.base_url}")
