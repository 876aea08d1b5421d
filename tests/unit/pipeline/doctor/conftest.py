"""A pipeline on an 8B model of which there is a configuration alone, and machines with the GPUs that a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.doctor.patient import Patient
from pytest_ftgate.serve.device import Device, gpu
from pytest_ftgate.serve.gpus import visible_gpus
from tests.projects import write_golden, write_pipeline, write_rows
from tests.unit.train.estimate.known import llama

QUERIED = {
    "T4": "0, GPU-a, Tesla T4, 7.5, 15360, 535.104.05, [N/A]",
    "4090": "0, GPU-a, NVIDIA GeForce RTX 4090, 8.9, 24564, 550.54.14, [N/A]",
    "2 x 4090": "0, GPU-a, NVIDIA GeForce RTX 4090, 8.9, 24564, 550.54.14, [N/A]\n"
    "1, GPU-b, NVIDIA GeForce RTX 4090, 8.9, 24564, 550.54.14, [N/A]",
    "H100": "0, GPU-a, NVIDIA H100 80GB HBM3, 9.0, 81559, 580.65.06, Disabled",
    "MIG": "0, GPU-a, NVIDIA H100 80GB HBM3, 9.0, 81559, 580.65.06, Enabled",
    "N/A": "0, GPU-a, NVIDIA GB10, 12.1, [N/A], 580.95.05, [N/A]",
}
"""What nvidia-smi says of a machine: index, uuid, name, capability, MiB, driver, MIG."""

INSTANCES = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-a)\n  MIG 1g.10gb     Device  0: (UUID: MIG-c)\n"

SMI = """#!/bin/sh
case "$*" in
  *compute-apps*) printf 'GPU-a, 4242, /usr/bin/python3, 9000\\n' ;;
  *memory.used*) printf '{used}\\n' ;;
  *--query-gpu=*) cat "{folder}/gpus" ;;
  -L) cat "{folder}/listed" ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Device]:
    """`machine("4090")`: the device of a machine whose nvidia-smi says so; `used`: MiB of GPU 0."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def make(name: str, used: str = "0, 12", visible: str = "") -> Device:
        folder = tmp_path / "driver"
        folder.mkdir(exist_ok=True)
        (folder / "gpus").write_text(QUERIED[name] + "\n")
        (folder / "listed").write_text(INSTANCES)
        (folder / "nvidia-smi").write_text(SMI.format(folder=folder, used=used))
        (folder / "nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")
        if visible:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        found = gpu(visible_gpus({"CUDA_VISIBLE_DEVICES": visible} if visible else {}))
        assert found is not None
        return replace(found, cores=8)

    return make


@pytest.fixture
def patient(tmp_path: Path) -> Callable[..., Patient]:
    """`patient(device, train={"batch_size": 2}, serve={...}, engine="vllm")`: an 8B model on rows of some 500 tokens."""

    def make(device: Device, train: Any = None, serve: Any = None, base: Any = None, **settings: Any) -> Patient:
        folder = tmp_path / "pipelines/quiz"
        llama(8).save_pretrained(folder / "model")
        write_rows(folder / "train.jsonl", [{"input": "x" * 1900, "expected": "yes!"}] * 400)
        cases = ({"id": f"c{i}", "input": f"{i}?", "expected": "yes!"} for i in range(20))
        suite = load_suite(write_golden(tmp_path / "goldens/quiz", cases, "[gate]\n"))
        pipeline = read_pipeline(write_pipeline(folder, "quiz", validation="train.jsonl"))
        pipeline = replace(
            pipeline,
            base=replace(pipeline.base, **(base or {})),
            tuning=replace(pipeline.tuning, **(train or {})),
            serve=replace(pipeline.serve, **({"dtype": "bfloat16"} | (serve or {}))),
        )
        return Patient(pipeline, device, tmp_path / "state", (suite,), **settings)

    return make
