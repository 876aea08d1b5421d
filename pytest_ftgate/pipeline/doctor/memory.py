"""Memory that training, validation and serving need -> findings, compared with what GPU or machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings, error, ok, warning
from pytest_ftgate.serve.gpu_memory import holders
from pytest_ftgate.serve.nvidia_smi import nvidia_smi
from pytest_ftgate.train.estimate import memory as estimate
from pytest_ftgate.train.estimate.shapes import Shapes

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient

GIB = 2**30
ROOM = 1.1
"""An estimate is certain to fit, or not, outside of a tenth."""

SMALL = 0.05
"""Share of the whole below which a part is not named."""


def memory(patient: Patient) -> Findings:
    """Of each stage, if the shapes of the base model can be had."""
    shapes = patient.shapes
    if shapes is None:
        if not patient.quick:
            why = "its configuration cannot be read here, or torch and transformers are not installed"
            yield warning("memory", f"not estimated: {patient.pipeline.base.model}: {why}")
        return
    needed = parts_of(patient, shapes)
    fixes = {"training": _training_fix(patient), "validation": _quantized(patient), "serving": _serving_fix(patient)}
    for stage, parts in needed.items():
        yield _compared(patient, stage, parts, fixes[stage]) or (
            _longest(patient, shapes, parts) if stage == "training" else _fits(patient, stage, parts)
        )


def brief(patient: Patient) -> str:
    """One line on what all stages need; "" where nothing is known."""
    if patient.shapes is None:
        return ""
    parts = parts_of(patient, patient.shapes)
    each = ", ".join(f"{stage} {sum(part.values()) / GIB:.1f}" for stage, part in parts.items())
    has = available(patient)
    return f"memory: {each} GiB" + (f" of {has / GIB:.1f}" if has else "")


def parts_of(patient: Patient, shapes: Shapes) -> dict[str, estimate.Parts]:
    """Of the stages that run here; training with rows of the usual length, which is certain to occur."""
    settings = patient.settings(patient.row)
    needed = {}
    if patient.here and not patient.pipeline.tuning.accelerate_config:
        needed["training"] = estimate.training(shapes, settings)
    if patient.here:
        needed["validation"] = estimate.validation(shapes, settings)
    if patient.engine != "openai":
        needed["serving"] = estimate.serving(shapes, settings, _context(patient, shapes))
    return needed


def available(patient: Patient) -> float:
    """Bytes of the smallest GPU, or of this machine; 0 where it is not known."""
    if patient.cuda:
        return patient.device.memory_mib * 2.0**20
    return float(psutil.virtual_memory().total)


def _longest(patient: Patient, shapes: Shapes, usual: estimate.Parts) -> Finding:
    """Training, if a batch of the longest rows that are allowed comes."""
    tuning = patient.pipeline.tuning
    longest = estimate.training(shapes, patient.settings(tuning.max_length))
    worst = sum(longest.values())
    if worst * ROOM > available(patient) > 0:
        at = f"if all {tuning.batch_size} rows of a batch have train.max_length = {tuning.max_length} tokens"
        text = f"training needs {_of(worst, patient)} {at}, {sum(usual.values()) / GIB:.1f} on average"
        return warning("memory", text, _training_fix(patient))
    return ok("memory", f"training needs {_of(worst, patient)} at most ({_parts(longest)})")


def _training_fix(patient: Patient) -> str:
    tuning = patient.pipeline.tuning
    fixes = []
    if tuning.batch_size > 1:
        half = max(1, tuning.batch_size // 2)
        steps = tuning.gradient_accumulation * tuning.batch_size // half
        fixes.append(f"train.batch_size = {half} and gradient_accumulation = {steps}")
    if not tuning.in_4bit:
        fixes.append("load_in_4bit = true" if tuning.preferring else 'train.method = "qlora"')
    fixes.append(f"a smaller train.max_length (now {tuning.max_length})")
    if patient.cuda and patient.device.count > 1 and tuning.strategy == "ddp":
        fixes.append(f'train.gpus = {patient.device.count} with strategy = "fsdp"')
    return "set " + "; or ".join(fixes)


def _context(patient: Patient, shapes: Shapes) -> int:
    return patient.context or shapes.longest or patient.pipeline.tuning.max_length


def _serving_fix(patient: Patient) -> str:
    return f"{_quantized(patient)}; or set serve.context (tokens, now {patient.context or 'unknown'})"


def _quantized(patient: Patient) -> str:
    smaller = "name a smaller base.model"
    return smaller if patient.pipeline.serve.quantization else f'set serve.quantization = "bitsandbytes", or {smaller}'


def _compared(patient: Patient, stage: str, parts: estimate.Parts, fix: str) -> Finding | None:
    """An error if it is certain not to fit, a warning if it may not; None if it fits, or nothing is known."""
    share = estimate.VLLM_SHARE if patient.cuda and patient.engine == "vllm" and stage == "serving" else 1.0
    needed, has = sum(parts.values()), available(patient) * share
    if not has or needed * ROOM <= has:
        return None
    text = f"{stage} needs {_of(needed, patient)} ({_parts(parts)})"
    return (error if needed > has * ROOM else warning)("memory", text, fix)


def _fits(patient: Patient, stage: str, parts: estimate.Parts) -> Finding:
    return ok("memory", f"{stage} needs {_of(sum(parts.values()), patient)} ({_parts(parts)})")


def _of(needed: float, patient: Patient) -> str:
    has = available(patient)
    return f"{needed / GIB:.1f} GiB of {has / GIB:.1f}" if has else f"{needed / GIB:.1f} GiB"


def _parts(parts: estimate.Parts) -> str:
    whole = sum(parts.values())
    return ", ".join(f"{name} {size / GIB:.1f}" for name, size in parts.items() if size > SMALL * whole)


IDLE_MIB = 600
"""What driver, desktop and their like hold of a GPU that nothing computes on."""


def neighbours(patient: Patient) -> Findings:
    """Memory of the GPUs that is in use already, and by which processes, as far as nvidia-smi names them."""
    if not patient.cuda or patient.device.mig:
        return
    rows = [row for row in nvidia_smi("--query-gpu=index,memory.used") if len(row) == len(("index", "used"))]
    used = {index: int(mib) for index, mib in rows if index in patient.device.visible and mib.isdecimal()}
    if held := [f"GPU {index} {mib / 1024:.1f} GiB" for index, mib in used.items() if mib > IDLE_MIB]:
        who = ", ".join(f"pid {each.pid} ({one_line(each.name)}) {each.mib} MiB" for each in holders())
        yield warning("memory", f"in use already: {', '.join(held)}" + (f": {who}" if who else ""), "stop them first")
