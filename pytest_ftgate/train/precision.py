"""(TrainJob, kind of device) -> the precision of the weights that are trained, and whether they are those served."""

from __future__ import annotations

from typing import Protocol

from pytest_ftgate.train.tuning import Lora, Tuning


class Precise(Protocol):
    """What the precision depends on: a TrainJob, or the settings of an estimate."""

    @property
    def tuning(self) -> Tuning: ...  # noqa: D102

    @property
    def lora(self) -> Lora: ...  # noqa: D102

    @property
    def dtype(self) -> str: ...  # noqa: D102

    @property
    def quantization(self) -> str | None: ...  # noqa: D102


def trained_dtype(job: Precise, kind: str) -> str:
    """Of the weights that the optimizer changes. kind: "cuda" or "cpu".

    An adapter is held in float32. A whole model too, but on CUDA in bfloat16 where that is the job's precision: of 8
    billion weights, float32 with its gradients and the averages of 8-bit Adam takes 75 GiB, bfloat16 45. A float16
    weight cannot be trained: its gradients need a scale, which torch takes off float32 weights alone.
    """
    whole = job.tuning.method == "full" and kind == "cuda" and job.dtype == "bfloat16"
    return "bfloat16" if whole else "float32"


def is_whole(job: Precise) -> bool:
    """Whether each process holds all that it trains: weights, gradients and the state of the optimizer."""
    return job.tuning.strategy == "ddp" and not job.tuning.accelerate_config


def shares_base(job: Precise, kind: str) -> bool:
    """Whether the base in the trainer's memory is the very one that is served, so that validation needs no other.

    Not if a strategy splits it, kernels compute otherwise, or the adapter's initialisation changes it; nor in 4 bits on
    a CPU, where bitsandbytes packs the weights for AVX-512 at the first answer and cannot train on them any more.
    """
    tuning, lora = job.tuning, job.lora
    if not is_whole(job) or tuning.kernels:
        return False
    if tuning.method == "full":
        return job.quantization is None and trained_dtype(job, kind) == job.dtype
    changed = lora.init != "default" or "init_lora_weights" in lora.extra or (tuning.in_4bit and kind == "cpu")
    return not changed and tuning.in_4bit == (job.quantization is not None)
