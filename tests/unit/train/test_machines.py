"""What is started on machines that this project is not built on: held by golden files, none of it run there.

A change shows in `__snapshots__/test_machines.ambr`; write it anew with --snapshot-update, and read the difference.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.serve.device import Device, cpu, gpu
from pytest_ftgate.serve.gpus import gpus_of, visible
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.precision import resolved
from pytest_ftgate.serve.vllm.command import arguments as vllm_arguments
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch_line import command, environment
from pytest_ftgate.train.strategies.configuration import configuration
from pytest_ftgate.train.tuning import Lora, Tuning

T4 = ("Tesla T4", "7.5", "15360")
RTX_4090 = ("NVIDIA GeForce RTX 4090", "8.9", "24564")
A100 = ("NVIDIA A100-SXM4-80GB", "8.0", "81920")
H100 = ("NVIDIA H100 80GB HBM3", "9.0", "81559")


def cards(card: tuple[str, str, str], count: int = 1, names: str = "") -> Device:
    rows = [[str(number), f"GPU-{number}", *card, "580.65.06", "Disabled"] for number in range(count)]
    found = gpu(visible(list(gpus_of(rows)), names))
    assert found
    return replace(found, cores=16)


def processor(name: str, flags: str, cores: int = 8) -> Device:
    return replace(cpu(f"model name: {name}\nflags: {flags}\n", {}), cores=cores)


MACHINES = {
    "T4": (cards(T4), {}),
    "RTX 4090": (cards(RTX_4090), {}),
    "H100": (cards(H100), {}),
    "2 x RTX 4090, one used": (cards(RTX_4090, 2), {}),
    "2 x RTX 4090, FSDP-QLoRA": (cards(RTX_4090, 2), {"gpus": 2, "strategy": "fsdp"}),
    "8 x A100, DDP": (cards(A100, 8), {"gpus": 8}),
    "8 x A100, ZeRO-3 with offload": (
        cards(A100, 8),
        {"gpus": 8, "strategy": "deepspeed-3", "cpu_offload": True, "method": "lora"},
    ),
    "shared box, one card visible": (cards(A100, 8, "3"), {}),
    "shared box, two cards visible": (cards(A100, 8, "5,2"), {"gpus": 2}),
    "H100, full": (cards(H100), {"method": "full"}),
    "AVX2 CPU": (processor("AMD EPYC 7R13", "avx avx2 fma"), {}),
    "AVX-512 CPU": (processor("AMD EPYC 9R14", "avx2 avx512f avx512_bf16"), {}),
    "AVX-512 CPU, two processes": (processor("AMD EPYC 9R14", "avx2 avx512f avx512_bf16"), {"gpus": 2}),
    "Arm CPU": (processor("Neoverse-V1", "fp asimd asimdhp bf16"), {}),
}


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_started_there(name, snapshot):
    device, settings = MACHINES[name]
    assert told(device, replace(Tuning(), **settings)) == snapshot


def told(device: Device, tuning: Tuning) -> str:
    job = TrainJob(
        "mail", "org/name", "", "", "", "", "", dtype=resolved("auto", device), tuning=tuning, lora=Lora(r=8)
    )
    run = Path("RUN")
    line = " ".join(command(job, device, run)).replace(sys.executable, "python")
    serve = vllm_arguments(Model(job.base, dtype=job.dtype), "NAME", 8000, 8, cpu=device.kind == "cpu", context=1024)
    sections = {
        "launch": line,
        "environment": environment(job, device),
        "accelerate": configuration(job, device),
        "arguments": arguments(job, run, device),
        "vllm": " ".join(serve),
    }
    return "\n".join(f"{title}: {json.dumps(part, indent=1)}" for title, part in sections.items())


def test_no_machine_emulates_its_precision_or_sees_more_gpus_than_it_uses():
    for device, settings in MACHINES.values():
        tuning = replace(Tuning(), **settings)
        job = TrainJob("mail", "org/name", "", "", "", "", "", dtype=resolved("auto", device), tuning=tuning)
        seen = environment(job, device).get("CUDA_VISIBLE_DEVICES", "")
        assert len([one for one in seen.split(",") if one]) == (tuning.gpus if device.kind == "cuda" else 0)
        made = arguments(job, Path("RUN"), device)
        assert not (made["bf16"] and (device.capability or (0, 0)) < (8, 0))
        assert made["use_cpu"] == (device.kind == "cpu")
