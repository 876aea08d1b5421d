"""`ftgate ray run -- pytest goldens/x --train`: a whole run as a job on a Ray cluster, followed from here."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_ftgate.cli.common import say, state_option
from pytest_ftgate.cli.ini import ini_paths
from pytest_ftgate.cli.numbers import real, whole
from pytest_ftgate.errors import FtgateError, PipelineError, TrainError

REMOTE = ("http://", "https://", "postgresql", "mysql", "mssql", "databricks")
"""Registries that a cluster reaches too."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("ray", help="run on a Ray cluster")
    kinds = parser.add_subparsers(metavar="ACTION", required=True)
    run = kinds.add_parser(
        "run",
        parents=[state_option()],
        help="run a command, as pytest --train, as a job on a Ray cluster: its exit code and state folder come back",
    )
    run.add_argument(
        "--address",
        default="",
        metavar="URL",
        help="of the cluster's dashboard; RAY_ADDRESS goes before it",
    )
    run.add_argument("--gpus", type=whole(0), default=1, metavar="N", help="GPUs reserved for the run (default 1)")
    run.add_argument("--cpus", type=real(0), default=1, metavar="N", help="CPU cores reserved for the run (default 1)")
    run.add_argument("--env", action="append", default=[], metavar="NAME", help="variable that the run gets from here")
    run.add_argument("--pip", action="append", default=[], metavar="PACKAGE", help="package to install there")
    run.add_argument(
        "--storage", type=Path, metavar="DIR", help="shared folder that holds the project: it is run in place"
    )
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="run in the working folder")
    run.set_defaults(run=run_there)


def run_there(args: argparse.Namespace) -> int:
    """The exit code of the command; 2 if it could not be run. Ctrl-C stops it; a second start finds the first."""
    from pytest_ftgate.train.ray.cluster import Cluster
    from pytest_ftgate.train.ray.project import Project
    from pytest_ftgate.train.ray.whole import WholeRun

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise FtgateError("no command: ftgate ray run -- pytest goldens/spam --train")
    root = Path.cwd()
    in_place = _in_place(args.storage, root)
    names = [*args.env, *_registry(command, in_place)]
    environment = {"pip": args.pip} if args.pip else {}
    cluster = Cluster(args.address, args.cpus, args.gpus > 0, environment, tuple(dict.fromkeys(names)))
    project = Project(root, args.state_dir, () if in_place else _named(root), in_place=in_place)
    return WholeRun(project, command, cluster, args.gpus).result(say)


def _in_place(storage: Path | None, root: Path) -> bool:
    if storage is None:
        return False
    if not root.is_relative_to(storage.absolute()):
        raise FtgateError(f"--storage {storage} does not hold this project, {root}: move it there, or leave it out")
    return True


def _registry(command: Sequence[str], in_place: bool) -> Iterator[str]:
    """Names of MLflow's variables. Raises TrainError for a training whose registry the cluster cannot reach."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if "--train" in command and not in_place and not uri.startswith(REMOTE):
        raise TrainError(
            "the registry of this project is in its state folder, which a cluster cannot reach\n"
            "    set MLFLOW_TRACKING_URI to a server; or put the project into a folder that the cluster sees under the "
            "same path, and give --storage"
        )
    yield from (name for name in os.environ if name.startswith("MLFLOW_"))


def _named(root: Path) -> Iterator[Path]:
    """Golden sets, pipelines, and the files that these name."""
    from pytest_ftgate.pipeline.config import read_pipeline

    for name in ("goldens", "pipelines"):
        for folder in ini_paths(f"ftgate_{name}", root, name):
            yield folder
            for file in sorted(folder.glob("*/pipeline.toml")):
                try:
                    pipeline = read_pipeline(file)
                except PipelineError:
                    continue  # the run itself reports it
                yield from pipeline.named_files
