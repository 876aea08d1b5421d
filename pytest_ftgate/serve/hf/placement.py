"""(model folder, GPUs) -> where transformers puts the layers: on one GPU if they fit there, else over all of them.

Spread out, a model computes on one GPU after the other and answers no faster.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_ftgate.serve.hub import folder_of
from pytest_ftgate.serve.model import Model

WEIGHTS = ("*.safetensors", "*.bin")
ROOM = 1.25
"""Memory over weights that a GPU must have free to take the whole model: for the cache, activations and CUDA itself."""

QUARTER = 3.0
"""A base in 4 bits takes a third of one in 16, its embeddings and head being left as they are."""


def weight_bytes(base: str, quantization: str | None, revision: str | None = None) -> int:
    """Bytes of the weights in memory, by the size of their files; 0 = unknown, as of a hub id that is not here."""
    folder = folder_of(Model(base, revision))
    sizes = [[file.stat().st_size for file in folder.glob(pattern)] for pattern in WEIGHTS] if folder else []
    total = next((sum(found) for found in sizes if found), 0)
    return int(total / QUARTER) if quantization else total


def placement(weights: int, free: Sequence[int]) -> str | dict[str, int] | None:
    """The `device_map` of `from_pretrained`: None for the CPU. free: bytes of each visible GPU."""
    if not free:
        return None
    return {"": 0} if len(free) == 1 or 0 < weights * ROOM < free[0] else "auto"


def free_bytes() -> list[int]:
    """Of each GPU that this process sees."""
    import torch

    return [torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count())]
