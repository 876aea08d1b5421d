"""What computes here -> findings: GPUs or CPU, driver, precision, and as many of them as the pipeline wants."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import TrainError
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings, error, ok, warning
from pytest_ftgate.pipeline.doctor.software import version_of
from pytest_ftgate.serve.gpus import VISIBLE, visible_gpus
from pytest_ftgate.serve.precision import choice, emulated, resolved
from pytest_ftgate.train.strategies.check import check_strategy

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient

DRIVER_OF = {"11": 450, "12": 525, "13": 580}
"""Major version of CUDA -> the oldest driver that its programs run on."""

ASKING_S = 60


def device(patient: Patient) -> Findings:
    """The GPUs that a run would use, or the CPU; and the precision that it computes in."""
    found, dtype = patient.device, patient.pipeline.dtype
    if patient.cuda:
        memory = f", {found.memory_mib / 1024:.1f} GiB each" if found.memory_mib else ", memory not said by nvidia-smi"
        capability = ".".join(map(str, found.capability or ()))
        many = f"{found.count} x " if found.count > 1 else ""
        yield ok("GPU", f"{many}{found.name}, capability {capability}{memory}, driver {found.driver or 'unknown'}")
    else:
        yield ok("CPU", f"{found.name}, {found.cores} cores")
        yield from _unused_gpus()
    if emulated(dtype, found):
        fix = f'set serve.dtype = "auto" (here {resolved("auto", found)})'
        yield warning("precision", choice(dtype, found), fix)
    else:
        yield ok("precision", choice(dtype, found))


def _unused_gpus() -> Findings:
    """Cards that torch, or the environment, keeps from being used."""
    shown = visible_gpus(os.environ)
    every = shown or visible_gpus({key: value for key, value in os.environ.items() if key != VISIBLE})
    if shown:
        text = f"{shown[0].name} is not used: torch {version_of('torch')} is built without CUDA"
        yield warning("GPU", text, "install torch with CUDA, see https://pytorch.org/get-started/locally")
    elif every:
        text = f"{every[0].name} is not used: {VISIBLE} is {os.environ.get(VISIBLE, '')!r}, which names no GPU here"
        yield warning("GPU", text, f"unset {VISIBLE}, or name a GPU that nvidia-smi lists")


def enough(patient: Patient) -> Findings:
    """As many GPUs as [train] wants, and what its strategy needs."""
    tuning = patient.pipeline.tuning
    if tuning.accelerate_config or not patient.here:
        return
    try:
        check_strategy(tuning, patient.device, os.environ)
    except TrainError as lacking:
        text, _, fix = str(lacking).partition("\n")
        yield error("training", text, fix.strip())
    if not patient.cuda and tuning.gpus > max(patient.device.cores, 1):
        text = f"train.gpus = {tuning.gpus}: no GPU here, and so many processes on {patient.device.cores} cores"
        yield warning("CPU", text, "set train.gpus = 1")


def cuda(patient: Patient) -> Findings:
    """Whether torch's CUDA suits the driver, and answers."""
    built = torch_cuda() if patient.cuda else ""
    if not built:
        return
    if problem := driver_problem(built, patient.device.driver):
        fix = "update the driver, or install torch for an older CUDA: https://pytorch.org/get-started/previous-versions"
        yield error("CUDA", problem, fix)
    elif not patient.quick:
        yield answers(built)


def driver_problem(built: str, driver: str) -> str:
    """Why programs of CUDA `built` do not run on a driver; "" if they do, or the driver is not known."""
    major, oldest = driver.partition(".")[0], DRIVER_OF.get(built.partition(".")[0], 0)
    if not major.isdecimal() or int(major) >= oldest:
        return ""
    return f"torch {version_of('torch')} is built for CUDA {built}, which needs driver {oldest} or later, not {driver}"


def answers(built: str) -> Finding:
    """Of a torch that allocates something on a GPU, in a process of its own."""
    code = "import torch; torch.zeros(1, device='cuda'); print(torch.cuda.device_count())"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=ASKING_S, check=False
        )
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    except subprocess.TimeoutExpired:
        done, said = None, f"no answer within {ASKING_S} s"
    if done is None or done.returncode:
        text = f"torch {version_of('torch')}, CUDA {built}: {said}"
        return error("CUDA", text, "see `python -m torch.utils.collect_env`")
    return ok("CUDA", f"torch {version_of('torch')}, CUDA {built}, GPUs visible to it: {done.stdout.strip()}")


def torch_cuda() -> str:
    """The version of CUDA that the installed torch is built for, "" for none; torch is not imported."""
    spec = find_spec("torch")
    if spec is None or not spec.origin:
        return ""
    path = Path(spec.origin).with_name("version.py")
    found = re.search(r"^cuda\b.*=\s*'([\d.]+)'", path.read_text("utf-8"), re.MULTILINE) if path.is_file() else None
    return found[1] if found else ""
