"""(TrainJob, shared folder) -> trained on several nodes: one actor of Ray on each starts that node's processes.

The processes meet as they would anywhere, see `train.strategies.node`; Ray only places and ends them.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError, TrainError
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.serve.servers.process import ProcessGroup
from pytest_ftgate.train import launch
from pytest_ftgate.train.events import FILE as EVENTS
from pytest_ftgate.train.events import Event, EventTail
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch_line import command, environment
from pytest_ftgate.train.ray.waiting import waiting
from pytest_ftgate.train.strategies.configuration import FILE as ACCELERATE
from pytest_ftgate.train.strategies.node import ADDRESS, PORT, RANK, Node

POLL_S = 0.2
PATIENCE_S = 5.0
"""Seconds after which it is said what the nodes wait for."""


def train_on_nodes(job: TrainJob, out_dir: Path, share: dict[str, float], on_event: Callable[[Event], None]) -> None:
    """Train in a folder that all nodes see. share: of each node, {"CPU": 4, "GPU": 8}.

    Raises TrainError with what the first node to fail says; the others are ended.
    """
    import ray
    from ray.util.placement_group import placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    share = {name: number for name, number in share.items() if number}
    group = placement_group([share] * job.tuning.nodes, strategy="SPREAD")
    _wait(group, {name: number * job.tuning.nodes for name, number in share.items()}, on_event)
    actor = ray.remote(_OnNode)
    actors = [
        actor.options(
            num_cpus=share.get("CPU", 0),
            num_gpus=share.get("GPU", 0),
            scheduling_strategy=PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank),
        ).remote()
        for rank in range(job.tuning.nodes)
    ]
    address, port = ray.get(actors[0].meeting.remote())
    data, tail = job.to_json(), EventTail(out_dir / EVENTS)
    running = {each.train.remote(data, str(out_dir), rank, address, port): rank for rank, each in enumerate(actors)}
    try:
        _follow(running, tail, on_event)
    finally:
        for each in actors:
            ray.kill(each)
        ray.shutdown()


def _follow(running: dict[Any, int], tail: EventTail, on_event: Callable[[Event], None]) -> None:
    import ray

    while running:
        done, _ = ray.wait(list(running), timeout=POLL_S)
        for event in tail.new():
            on_event(event)
        for each in done:
            rank = running.pop(each)
            try:
                error = ray.get(each)
            except ray.exceptions.RayError as lost:
                error = f"node {rank} of the training is gone: {str(lost).splitlines()[0]}"
            if error:
                raise TrainError(error)


def _wait(group: Any, needs: dict[str, float], on_event: Callable[[Event], None]) -> None:
    import ray

    late = time.monotonic() + PATIENCE_S
    while not group.wait(POLL_S):
        if time.monotonic() > late:
            late = float("inf")
            there, free = ray.cluster_resources(), ray.available_resources()
            usage = {name: (there[name] - free.get(name, 0.0), there[name]) for name in there}
            on_event({"event": "warning", "text": waiting(needs, usage)})


class _OnNode:
    """One node's part; an actor."""

    def meeting(self) -> tuple[str, int]:
        """Where the processes of all nodes meet, if this is the first: address and a port that is free now."""
        import ray

        with socket.socket() as probe:
            probe.bind(("", 0))
            return str(ray.util.get_node_ip_address()), int(probe.getsockname()[1])

    def train(self, data: dict[str, Any], folder: str, rank: int, address: str, port: int) -> str:
        """Why it failed; empty if it did not."""
        job, out_dir, node = TrainJob.from_json(data), Path(folder), Node(rank, address, port)
        try:
            if rank:
                _join(job, out_dir, node)
                return ""
            os.environ |= {RANK[0]: str(rank), ADDRESS: address, PORT: str(port)}
            launch.train(job, out_dir, lambda _event: None)
        except FtgateError as error:
            return str(error)
        return ""


def _join(job: TrainJob, out_dir: Path, node: Node) -> None:
    """The processes of a node other than the first, which prepares the folder and writes the manifest."""
    while not (out_dir / ACCELERATE).is_file():
        time.sleep(POLL_S)
    device = this_device()
    log = out_dir / f"train.{node.rank}.log"
    group = ProcessGroup(command(job, device, out_dir, None, node), log, {**os.environ, **environment(job, device)})
    try:
        while (code := group.exit_code()) is None:
            time.sleep(POLL_S)
    finally:
        group.stop()
    if code:
        raise TrainError(
            f"the trainer on node {node.rank} exited with code {code}; last lines of {log}:\n{group.log_tail(20)}"
        )
