"""`ftgate router TASK`: champion, and candidate -> the configuration of a router in front of the servers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.ab import plan_of
from pytest_ftgate.cli.common import open_existing, registry_options, say, task_name
from pytest_ftgate.cli.router_options import READ, add_cluster, add_proxy, add_split, refuse_unread
from pytest_ftgate.cli.router_versions import check_versions
from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.escape import printable
from pytest_ftgate.pipeline.production.wanted import Wanted, names_of_task, wanted_now
from pytest_ftgate.registry.model_tags import BASE, DTYPE, REVISION, name_of
from pytest_ftgate.registry.version import MODEL

if TYPE_CHECKING:
    from pytest_ftgate.cli.router_route import Route, Served
    from pytest_ftgate.registry import Registry, Version

MOST_SUPERSEDED = 20
"""Of the versions that servers are to drop, the newest."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "router",
        parents=[registry_options()],
        help="write a router configuration: clients ask for TASK, the champion answers, and a candidate some users",
    )
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("--kind", choices=tuple(READ), default="nginx", help="default: nginx")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    add_split(parser)
    add_proxy(parser)
    add_cluster(parser)
    parser.set_defaults(run=router)


def router(args: argparse.Namespace) -> int:
    """Name the versions, write the configuration."""
    from pytest_ftgate.cli.router_files import configuration

    refuse_unread(args)
    if args.out and args.out.is_dir():
        raise FtgateError(f"--out: {args.out} is a folder; expected the path of a file")
    text = configuration(_route(args), args.kind)
    if args.out is None:
        sys.stdout.write(text)
        return 0
    write_text(args.out, text)
    say(f"{args.out}: written; test it: nginx -t" if args.kind == "nginx" else f"{args.out}: written")
    return 0


def _route(args: argparse.Namespace) -> Route:
    from pytest_ftgate.cli.router_files import server_urls
    from pytest_ftgate.cli.router_route import Route

    registry = open_existing(args)
    wanted = wanted_now(registry, args.task, args.candidate)
    champion, candidate = wanted.versions[0], _candidate(args, wanted)
    check_versions(registry, args.kind, wanted.versions)
    urls = server_urls(args.server, "--server")
    others = server_urls(args.candidate_server, "--candidate-server") or urls
    given = {"header": args.user_header, "listen": args.listen, "log": args.log, "replicas": args.replicas}
    tags = champion.tags
    return Route(
        args.task,
        _served(champion, urls, args.prefix),
        _served(candidate, others, args.prefix) if candidate else None,
        _share(args) if candidate else 0.0,
        candidate.tags[MODEL][:16] if candidate else "",
        superseded=_superseded(registry, args.task, wanted) if args.kind == "gateway-api" else (),
        adapters=args.adapters,
        models=str(args.state_dir / "models"),
        base=args.base_name or _base_name(tags.get(BASE, "")),
        source=tags.get(BASE, ""),
        revision=tags.get(REVISION, ""),
        dtype=tags.get(DTYPE, ""),
        rank=_rank(registry, wanted) if args.kind == "ray-serve" else 0,
        pool=args.pool,
        **{name: value for name, value in given.items() if value},
    )


def _share(args: argparse.Namespace) -> float:
    """Of the users that meet the candidate; 0 where the kind has no split."""
    if "share" not in READ[args.kind]:
        return 0.0
    return args.share or plan_of(args.pipelines or Path("pipelines"), args.task).share


def _candidate(args: argparse.Namespace, wanted: Wanted) -> Version | None:
    """Raises RegistryError where one is asked for, and there are not two models to compare."""
    if args.candidate is None:
        return None
    if len(wanted.versions) == 1:
        raise RegistryError(
            f"{wanted.versions[0]} is the champion, and no later version may be shown to users; choose another version "
            f"with --candidate vN (see `ftgate history {args.task}`)"
        )
    if wanted.doubt:
        sys.stderr.write(f"ftgate: warning: {printable(wanted.doubt)}\n")
    return wanted.versions[1]


def _served(version: Version, urls: tuple[str, ...], prefix: str = "") -> Served:
    from pytest_ftgate.cli.router_route import Served

    folder = f"{version.task}-{version.digest[:16]}"
    return Served(f"v{version.number}", f"{prefix}{name_of(version)}", urls, folder)


def _superseded(registry: Registry, task: str, wanted: Wanted) -> tuple[Served, ...]:
    ours = names_of_task(registry, task)
    known = [each for each in registry.versions(task) if MODEL in each.tags]
    names = wanted.superseded(sorted(ours), ours)
    return tuple(_served(each, ()) for each in known if name_of(each) in names)[-MOST_SUPERSEDED:]


def _base_name(base: str) -> str:
    """A folder by its own name, a model of the hub by its id."""
    return Path(base).name if Path(base).is_absolute() else base


def _rank(registry: Registry, wanted: Wanted) -> int:
    from pytest_ftgate.serve.adapter import rank_of
    from pytest_ftgate.serve.vllm.command import allowed_rank

    return allowed_rank(max(rank_of(registry.fetch(version)) for version in wanted.versions))
