"""The table [ray] of pipeline.toml -> the address of the cluster's job server, and what a job there gets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train.tuning import Tuning

VARIABLES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")
"""Which name the address before [ray] does, as for all of Ray."""
ON_THE_CLUSTER = "FTGATE_ON_RAY"
"""Set where the whole run is a job on the cluster: the trainer then works beside it."""
OURS = ("working_dir", "py_modules")
"""Of a runtime environment: what is uploaded is ours to say."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray cluster and a job's share of it.

    address: of the job server, "" = see VARIABLES. cpus: of each node. use_gpu: whether [train] gpus are reserved.
    runtime_env: Ray's, but OURS. env: names of variables of this environment that the job gets.
    storage: folder that this machine and the cluster see under one path, "" = none.
    """

    address: str = ""
    cpus: float = 1
    use_gpu: bool = True
    runtime_env: Mapping[str, Any] = field(default_factory=dict)
    env: tuple[str, ...] = ()
    storage: str = ""

    @property
    def url(self) -> str:
        """Of the job server. Raises TrainError if there is none, or it is an address of something else."""
        where, address = self._named()
        if not address:
            raise TrainError(
                'train.where is "ray", but no cluster is named\n'
                '    set [ray] address = "http://HEAD:8265", or the environment variable RAY_ADDRESS'
            )
        if not _is_url(address):
            raise TrainError(
                f"{where} is {address!r}, expected the address of the dashboard, which takes jobs\n"
                f"    {'http://' + host if (host := _host(address)) else 'http://HEAD'}:8265 unless the head node "
                "was started with another --dashboard-port"
            )
        return address.rstrip("/")

    def _named(self) -> tuple[str, str]:
        for name in VARIABLES:
            if address := os.environ.get(name):
                return name, address
        return "[ray] address", self.address

    def variables(self) -> dict[str, str]:
        """The environment variables of a job. Raises TrainError if one of `env` is not set."""
        if absent := [name for name in self.env if name not in os.environ]:
            raise TrainError(f"[ray] env names {', '.join(absent)}, not set in this environment\n    set or remove it")
        return {**self.runtime_env.get("env_vars", {}), **{name: os.environ[name] for name in self.env}}

    def runtime(self, working_dir: Path, package: Path) -> dict[str, Any]:
        """The runtime environment of a job. package: our own, so that the cluster runs what runs here."""
        return {
            **self.runtime_env,
            "working_dir": str(working_dir),
            "py_modules": [str(package)],
            "env_vars": self.variables(),
        }


def on_ray(tuning: Tuning, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the fine-tune is submitted to a cluster; not where the whole run is a job there already."""
    return tuning.where == "ray" and ON_THE_CLUSTER not in environment


def cluster_problems(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Of a pipeline.toml that its schema accepts: where, what is wrong, how to fix it."""
    table, train = data.get("ray", {}), data.get("train", {})
    for key in OURS:
        if key in table.get("runtime_env", {}):
            yield (
                ("ray", "runtime_env"),
                f"ray.runtime_env.{key} is not allowed: it holds what is uploaded",
                "remove it; packages of your own come with pip, in ray.runtime_env, or lie under ray.storage",
            )
    if train.get("nodes", 1) > 1 and train.get("where") == "ray" and "storage" not in table:
        yield (
            ("train", "nodes"),
            'train.nodes > 1 with where = "ray" requires ray.storage: the nodes train in one folder',
            "set it to a folder that this machine and all nodes see under one path",
        )


def _is_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port that is no number
        return False


def _host(address: str) -> str:
    bare = address.partition("://")[2] or address
    host = bare.partition("/")[0].partition(":")[0]
    return host if bare not in ("auto", "local") and "[" not in host else ""
