"""The worker with FSDP on the CPU, which accelerate keeps for GPUs: it takes the gloo processes for such.

Sharding, gathering and checkpoints are torch's own, and run for real. `torchrun ... fsdp_worker.py DIR`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType

from pytest_ftgate.train.worker import main


def set_device(state: PartialState) -> None:
    state.device = torch.device("cpu")


if __name__ == "__main__":
    torch.distributed.init_process_group("gloo")
    PartialState._prepare_backend = lambda *_: ("gloo", DistributedType.MULTI_GPU)
    PartialState.set_device = set_device
    sys.exit(main(*map(Path, sys.argv[1:])))
