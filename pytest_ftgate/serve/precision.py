"""Device -> the precision it computes in by itself: what `[serve] dtype = "auto"` means on a machine."""

from __future__ import annotations

from pytest_ftgate.serve.device import BF16_FLAGS, FP16_FLAGS, Device, this_device

AUTO = "auto"
DTYPES = ("bfloat16", "float16", "float32")

BF16_CAPABILITY = (8, 0)
"""Of CUDA: Ampere and later multiply in bfloat16; older cards emulate it, and vLLM refuses it there."""


def native_dtypes(device: Device) -> tuple[str, ...]:
    """The precisions that a device multiplies matrices in without emulation, the best one first."""
    if device.capability is not None:
        return DTYPES if device.capability >= BF16_CAPABILITY else ("float16", "float32")
    bf16 = ("bfloat16",) if device.flags & BF16_FLAGS else ()
    fp16 = ("float16",) if device.flags & FP16_FLAGS else ()
    return (*bf16, "float32", *fp16)


def resolved(dtype: str, device: Device | None = None) -> str:
    """The best precision of a device for "auto"; any other is taken as it is. Without a device: this machine's."""
    return native_dtypes(device or this_device())[0] if dtype == AUTO else dtype


def native_dtype() -> str:
    """What "auto" means on this machine."""
    return resolved(AUTO)


def emulated(dtype: str, device: Device | None = None) -> bool:
    """True for a precision that a device has no instructions for, so that it is many times slower than another."""
    return dtype not in native_dtypes(device or this_device())


def choice(dtype: str, device: Device | None = None) -> str:
    """One line on a precision: what is computed in, on what, and what it costs where it is emulated."""
    device = device or this_device()
    line, best = f"computing in {dtype} on {device.name}", resolved(AUTO, device)
    if emulated(dtype, device):
        return f"{line}, emulated: matrix products are several times slower than in {best}"
    if dtype == best == "float32":
        return f"{line}, which has no bfloat16 instructions (x86: avx512_bf16 or amx_bf16; Arm: bf16)"
    return line
