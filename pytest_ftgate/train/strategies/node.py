"""Environment -> Node: which of several machines this one is, and where the first one is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_ftgate.errors import TrainError

RANK = ("NODE_RANK", "GROUP_RANK", "SLURM_NODEID")
"""Variables that number the machines from 0; the first that is there counts."""
ADDRESS, PORT = "MASTER_ADDR", "MASTER_PORT"
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of a training. rank: from 0. address, port: of the machine with rank 0; port 0 = a free one."""

    rank: int = 0
    address: str = ""
    port: int = 0


def node_of(environment: Mapping[str, str], nodes: int) -> Node:
    """The place of this machine among `nodes`; for one machine alone it is always the same.

    Raises TrainError if the environment does not say it, or says what cannot be.
    """
    if nodes == 1:
        return Node()
    rank = next((environment[name] for name in RANK if environment.get(name)), "")
    address, port = environment.get(ADDRESS, ""), environment.get(PORT, "")
    if not (rank and address and port):
        said = {"NODE_RANK (or SLURM_NODEID)": rank, ADDRESS: address, PORT: port}
        raise TrainError(
            f"train.nodes = {nodes}, but the environment lacks {', '.join(k for k, v in said.items() if not v)}\n"
            '    set it on each machine, or use train.where = "ray", which starts the others'
        )
    if not (rank.isdecimal() and int(rank) < nodes):
        raise TrainError(f"NODE_RANK = {rank!r} is not a number from 0 to {nodes - 1}, of train.nodes = {nodes}")
    if not (port.isdecimal() and 0 < int(port) <= HIGHEST_PORT):
        raise TrainError(f"{PORT} = {port!r} is not a port from 1 to {HIGHEST_PORT}")
    return Node(int(rank), address, int(port))
