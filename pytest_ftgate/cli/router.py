"""`ftgate router TASK`: champion, and candidate -> the configuration of a router in front of the servers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.ab import plan_of, share_of_users
from pytest_ftgate.cli.common import open_existing, registry_options, say, task_name, version_number
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.pipeline.production.wanted import NEWEST, Wanted, names_of_task, wanted_now
from pytest_ftgate.registry.model_tags import BASE, DTYPE, name_of
from pytest_ftgate.registry.version import MODEL

if TYPE_CHECKING:
    from pytest_ftgate.cli.router_route import Route, Served
    from pytest_ftgate.registry import Registry, Version

KINDS = ("nginx", "litellm", "gateway-api", "production-stack", "ray-serve")
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
    parser.add_argument("--kind", choices=KINDS, default="nginx", help="default: nginx")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    _add_split(parser)
    _add_proxy(parser)
    _add_cluster(parser)
    parser.set_defaults(run=router)


def _add_split(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("a candidate")
    group.add_argument(
        "--candidate",
        nargs="?",
        const=NEWEST,
        type=version_number,
        metavar="vN",
        help="show this version to a share of the users (default: the newest after the champion that was not rejected)",
    )
    group.add_argument("--share", type=share_of_users, metavar="SHARE", help="default: share of [ab] in the pipeline")
    group.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")


def _add_proxy(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("nginx and LiteLLM")
    group.add_argument("--server", action="append", default=[], metavar="URL", help="model server (repeatable)")
    group.add_argument(
        "--candidate-server",
        action="append",
        default=[],
        metavar="URL",
        help="server of the candidate (repeatable; default: those of --server)",
    )
    group.add_argument(
        "--prefix", default="", metavar="TEXT", help="what the servers write before a model name (Ray Serve: 'BASE:')"
    )
    group.add_argument(
        "--user-header", default="X-User", metavar="NAME", help="header with the user id (default X-User)"
    )
    group.add_argument("--listen", default="127.0.0.1:8080", metavar="ADDRESS", help="default: 127.0.0.1:8080")
    group.add_argument(
        "--log",
        default="/var/log/nginx/ftgate_exposures.jsonl",
        metavar="FILE",
        help="exposure log, a path on the nginx host (default /var/log/nginx/ftgate_exposures.jsonl)",
    )


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("Kubernetes and Ray Serve")
    group.add_argument(
        "--adapters",
        default="",
        metavar="DIR",
        help="where the servers see STATE_DIR/models: a mounted folder, or for Ray Serve a bucket (s3://...)",
    )
    group.add_argument(
        "--base-name", default="", metavar="NAME", help="the servers' name for the base model (default: its own)"
    )
    group.add_argument("--pool", default="", metavar="NAME", help="gateway-api: the InferencePool")
    group.add_argument(
        "--replicas", type=whole(1, 1000), default=1, metavar="N", help="ray-serve: servers to start (default 1)"
    )


def router(args: argparse.Namespace) -> int:
    """Name the versions, write the configuration."""
    from pytest_ftgate.cli.router_files import configuration

    text = configuration(_route(args), args.kind)
    if args.out is None:
        sys.stdout.write(text)
        return 0
    write_text(args.out, text)
    say(f"{args.out}: written; test it: nginx -t" if args.kind == "nginx" else f"{args.out}: written")
    return 0


def _route(args: argparse.Namespace) -> Route:
    from pytest_ftgate.cli.router_files import server_url
    from pytest_ftgate.cli.router_route import Route

    registry = open_existing(args)
    wanted = wanted_now(registry, args.task, args.candidate)
    champion, candidate = wanted.versions[0], _candidate(args, wanted)
    urls = tuple(map(server_url, args.server))
    others = tuple(map(server_url, args.candidate_server)) or urls
    tags = champion.tags
    return Route(
        args.task,
        _served(champion, urls, args.prefix),
        _served(candidate, others, args.prefix) if candidate else None,
        (args.share or plan_of(args.pipelines, args.task).share) if candidate else 0.0,
        candidate.tags[MODEL][:16] if candidate else "",
        args.user_header,
        args.listen,
        args.log,
        _superseded(registry, args.task, wanted) if args.kind == "gateway-api" else (),
        args.adapters,
        args.base_name or _base_name(tags.get(BASE, "")),
        tags.get(BASE, ""),
        tags.get(DTYPE, ""),
        _rank(registry, wanted) if args.kind == "ray-serve" else 0,
        args.pool,
        args.replicas,
    )


def _candidate(args: argparse.Namespace, wanted: Wanted) -> Version | None:
    """Raises RegistryError where one is asked for, and there are not two models to compare."""
    if args.candidate is None:
        return None
    if len(wanted.versions) == 1:
        raise RegistryError(
            f"{wanted.versions[0]} is the champion, and no later version may be shown to users; choose another version "
            f"with --candidate vN (see `ftgate history {args.task}`)"
        )
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
