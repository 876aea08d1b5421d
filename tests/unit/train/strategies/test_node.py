"""Environment -> place of this machine among several."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train.strategies.node import Node, node_of

THERE = {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29400"}


def test_one_machine_needs_no_environment():
    assert node_of({"NODE_RANK": "7"}, 1) == Node()


@pytest.mark.parametrize("variable", ["NODE_RANK", "GROUP_RANK", "SLURM_NODEID"])
def test_the_rank_is_what_the_cluster_calls_it(variable):
    assert node_of(THERE | {variable: "1"}, 2) == Node(1, "10.0.0.1", 29400)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, r"lacks NODE_RANK \(or SLURM_NODEID\), MASTER_ADDR, MASTER_PORT\n    set it .* train.where = \"ray\""),
        (THERE, r"train.nodes = 2, but the environment lacks NODE_RANK \(or SLURM_NODEID\)\n    set"),
        (THERE | {"NODE_RANK": "2"}, "NODE_RANK = '2' is not a number from 0 to 1"),
        (THERE | {"NODE_RANK": "0", "MASTER_PORT": "ssh"}, "MASTER_PORT = 'ssh' is not a port"),
    ],
)
def test_what_is_missing_or_cannot_be_is_named(environment, message):
    with pytest.raises(TrainError, match=message):
        node_of(environment, 2)


def test_a_machine_cannot_follow_what_has_not_begun(tmp_path):
    line = [sys.executable, "-m", "pytest_ftgate.train.strategies.follow", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is not the folder of a training that has begun: accelerate.json not found there" in done.stderr
    assert "Traceback" not in done.stderr
