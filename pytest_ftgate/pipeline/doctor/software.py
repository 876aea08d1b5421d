"""Python, the libraries that a pipeline needs, and vLLM -> findings. Imports none of them."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.doctor.finding import Findings, error, ok, warning
from pytest_ftgate.train.job import LIBRARIES
from pytest_ftgate.train.libraries import check_libraries

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.doctor.patient import Patient

OLDEST = (3, 11)


def python(_: Patient) -> Findings:
    """The interpreter."""
    found = platform.python_version()
    if sys.version_info[:2] < OLDEST:
        yield error("Python", f"{found}; 3.11 or later is required", "make the environment anew with a later Python")
    else:
        yield ok("Python", found)


def libraries(patient: Patient) -> Findings:
    """What training imports."""
    if not patient.here:
        return
    try:
        check_libraries(patient.pipeline.tuning, patient.pipeline.report_to, patient.device)
    except FtgateError as missing:
        text, _, fix = str(missing).partition("\n")
        yield error("training", text, fix.strip())
    if there := [f"{name} {version_of(name)}" for name in LIBRARIES if installed(name)]:
        yield ok("training", ", ".join(there))


def asked_for(patient: Patient) -> Findings:
    """Further libraries that keys of pipeline.toml ask for."""
    for module, package, key in _optional(patient.pipeline):
        if installed(module):
            yield ok(key.split(" ")[0], f"{package} {version_of(package)}")
        elif module == "ray" or patient.here:
            yield error(key.split(" ")[0], f"{key}, and {package} is not installed", f"pip install {package}")


def _optional(pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    """(module, package, the key that asks for it)."""
    tuning = pipeline.tuning
    wanted = {
        ("ray", "ray", 'train.where = "ray"'): tuning.where == "ray",
        ("bitsandbytes", "bitsandbytes", 'serve.quantization = "bitsandbytes"'): bool(pipeline.serve.quantization),
    }
    return (names for names, asked in wanted.items() if asked)


def vllm(patient: Patient) -> Findings:
    """The command `vllm`, and whether it is built for what computes here."""
    from pytest_ftgate.errors import ServeError
    from pytest_ftgate.serve.vllm.command import find_vllm, runs_on_cpu
    from pytest_ftgate.serve.vllm.command import version_of as version_of_vllm

    asked = patient.engine == "vllm"
    if not (asked or patient.vllm) and patient.quick:
        return
    try:
        path = find_vllm(patient.vllm)
    except ServeError as missing:
        if asked:
            first, *more = str(missing).splitlines()
            yield error("vLLM", first, " ".join(line.strip() for line in more))
        else:
            yield ok("vLLM", "not found; the transformers server is used (--ftgate-engine transformers)")
        return
    version = version_of_vllm(path)
    said = f"{version or 'of unknown version'} at {path}"
    if not version:
        fix = "let `vllm --version` of this wrapper print the version of vLLM"
        yield warning("vLLM", f"vLLM {said}: answers of another release would be taken for its own", fix)
    if runs_on_cpu(path) == patient.cuda:
        built, has = ("a CPU", "a GPU") if patient.cuda else ("CUDA", "none, or its torch is built for the CPU")
        fix = "install vllm for this machine in an environment of its own, and pass --ftgate-vllm PATH"
        yield (error if asked and not patient.cuda else warning)(
            "vLLM", f"vLLM {said} is built for {built}; here is {has}", fix
        )
    elif version:
        yield ok("vLLM", said)


def installed(name: str) -> bool:
    """Whether a module could be imported."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def version_of(package: str) -> str:
    """As its distribution says, "" if it says nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
