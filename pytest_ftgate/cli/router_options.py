"""The options of `ftgate router`, and which of them a kind of router reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_ftgate.cli.ab import share_of_users
from pytest_ftgate.cli.common import version_number
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.production.wanted import NEWEST

_SERVERS = ("server", "candidate_server", "prefix")
_SPLIT = ("candidate", "share", "pipelines")
READ = {
    "nginx": (*_SERVERS, *_SPLIT, "user_header", "listen", "log"),
    "litellm": (*_SERVERS, *_SPLIT),
    "gateway-api": ("adapters", "base_name", "pool", *_SPLIT),
    "production-stack": ("adapters", "base_name", "candidate"),
    "ray-serve": ("adapters", "base_name", "replicas", "candidate"),
}
"""Kind -> its options."""
_OF_A_CANDIDATE = ("share", "candidate_server")


def add_split(parser: argparse.ArgumentParser) -> None:
    """Who meets the candidate."""
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
    group.add_argument("--pipelines", type=Path, metavar="DIR", help="default: pipelines")


def add_proxy(parser: argparse.ArgumentParser) -> None:
    """What a proxy in front of known servers reads."""
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
    group.add_argument("--user-header", metavar="NAME", help="nginx: header with the user id (default X-User)")
    group.add_argument("--listen", metavar="ADDRESS", help="nginx: [HOST:]PORT (default 127.0.0.1:8080)")
    group.add_argument(
        "--log",
        metavar="FILE",
        help="nginx: exposure log, a path on its host (default /var/log/nginx/ftgate_exposures.jsonl)",
    )


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """What starts servers, or finds them itself, reads."""
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
    group.add_argument("--replicas", type=whole(1, 1000), metavar="N", help="ray-serve: servers to start (default 1)")


def refuse_unread(args: argparse.Namespace) -> None:
    """Raises FtgateError for an option that nobody would read."""
    known = sorted({name for names in READ.values() for name in names})
    given = [name for name in known if getattr(args, name)]
    if unread := [_flag(name) for name in given if name not in READ[args.kind]]:
        may = ", ".join(map(_flag, READ[args.kind]))
        raise FtgateError(f"--kind {args.kind} does not read {', '.join(unread)}\n    It reads {may}")
    if args.candidate is None and (unread := [_flag(name) for name in given if name in _OF_A_CANDIDATE]):
        raise FtgateError(f"{', '.join(unread)}: needs --candidate [vN]")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
