"""(Tuning, kind of device) -> which implementation of attention to ask transformers for."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train.tuning import Tuning

SHORT_ROW = 512
"""Tokens. Up to here plain attention is faster on the CPU: the backward pass of torch's fused one takes a quarter of
a step at 100 tokens."""

PACKAGES = {"flash_attention_2": "flash_attn", "flash_attention_3": "flash_attn_interface"}
"""What has to be installed, or `kernels`, which brings builds of both."""

ON_CUDA = (*PACKAGES, "flex_attention")
"""Flex attention has no backward pass on the CPU."""


def attention(tuning: Tuning, kind: str) -> str | None:
    """Name of the implementation; None leaves it to the library, which takes torch's fused one where the model has it.

    kind: of the device, "cuda" or "cpu". Raises TrainError for one that needs CUDA, or a package that is not there.
    """
    if tuning.attention:
        _check(tuning.attention, kind)
        return tuning.attention
    if kind == "cpu":
        return "eager" if tuning.max_length <= SHORT_ROW else None
    half = tuning.method != "full"
    return "flash_attention_2" if tuning.packing and half and _installed("flash_attention_2") else None


def _check(name: str, kind: str) -> None:
    if name in ON_CUDA and kind != "cuda":
        raise TrainError(f'train.attention = "{name}" needs CUDA, found a CPU\n    remove it')
    if name in PACKAGES and not _installed(name):
        raise TrainError(
            f'train.attention = "{name}": neither {PACKAGES[name]} nor kernels is installed\n'
            "    pip install kernels, or remove it"
        )


def _installed(name: str) -> bool:
    return any(find_spec(package) is not None for package in (PACKAGES[name], "kernels"))
