"""The trainer's processes of a machine other than the first one: `python -m ...follow FOLDER`, see docs.

FOLDER is that of the run, on a file system that all machines share; the first machine has prepared it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pytest_ftgate.errors import FtgateError, TrainError
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch_line import command, environment
from pytest_ftgate.train.strategies.configuration import FILE
from pytest_ftgate.train.strategies.node import node_of


def main(folder: Path) -> None:
    """Becomes the launcher of this machine's processes; returns never. Raises TrainError."""
    if not (folder / FILE).is_file():
        raise TrainError(f"{folder} is not the folder of a training that has begun: {FILE} not found there")
    job, device = TrainJob.read(folder / "job.json"), this_device()
    node = node_of(os.environ, job.tuning.nodes)
    if node.rank == 0:
        raise TrainError("NODE_RANK is 0, which is the machine where pytest --train runs; set it to 1 or more")
    line = command(job, device, folder, node=node)
    os.execve(line[0], line, {**os.environ, **environment(job, device)})  # noqa: S606 - our own line


def invitation(folder: Path, nodes: int) -> str:
    """What is to be run on the other machines."""
    run = f"python -m pytest_ftgate.train.strategies.follow {folder}"
    return f"training on {nodes} machines; on each of the others run, with its own NODE_RANK: {run}"


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except FtgateError as error:
        sys.exit(str(error))
