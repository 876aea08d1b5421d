"""Memory that training, validation and serving need -> findings, compared with what GPU or machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.pipeline.doctor.changes import serving_fix, training_fix, validation_fix
from pytest_ftgate.pipeline.doctor.finding import Finding, Findings, error, ok, warning
from pytest_ftgate.pipeline.doctor.software import installed
from pytest_ftgate.serve.cgroup import usable_memory
from pytest_ftgate.serve.gpu_memory import holders
from pytest_ftgate.serve.nvidia_smi import nvidia_smi
from pytest_ftgate.train.estimate import memory as estimate
from pytest_ftgate.train.estimate.shapes import Shapes

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient

GIB = 2**30
SMALL = 0.05
"""Share of the whole below which a part is not named."""


def memory(patient: Patient) -> Findings:
    """Of each stage, if the shapes of the base model can be had."""
    shapes = patient.shapes
    if shapes is None:
        if not patient.quick:
            yield warning("memory", f"not estimated: {patient.pipeline.base.model}: {_unknown(patient)}")
        return
    for stage, parts in parts_of(patient, shapes).items():
        yield _compared(patient, shapes, stage, parts) or (
            _longest(patient, shapes, parts) if stage == "training" else _fits(patient, stage, parts)
        )


def _unknown(patient: Patient) -> str:
    """Why nothing can be counted."""
    if patient.configuration is None:
        return "the base cannot be reached" if patient.hub_id else "the base is not there"
    if missing := [name for name in ("torch", "transformers") if not installed(name)]:
        return f"{' and '.join(missing)} not installed"
    return "its configuration cannot be read"


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
        vllm = patient.engine == "vllm"
        needed["serving"] = estimate.serving(shapes, settings, context_of(patient, shapes), vllm=vllm)
    return needed


def available(patient: Patient, stage: str = "") -> float:
    """Bytes of the smallest GPU, or of this machine or container, that a stage may have; 0 where it is not known."""
    if not patient.cuda:
        return usable_memory()
    share = estimate.VLLM_SHARE if patient.engine == "vllm" and stage == "serving" else 1.0
    return patient.device.memory_mib * 2.0**20 * share


def _longest(patient: Patient, shapes: Shapes, usual: estimate.Parts) -> Finding:
    """Training, if a batch of the longest rows that are allowed comes."""
    tuning = patient.pipeline.tuning
    longest = estimate.training(shapes, patient.settings(tuning.max_length))
    worst = sum(longest.values())
    if estimate.most(longest) > available(patient) > 0:
        at = f"if all {tuning.batch_size} rows of a batch have train.max_length = {tuning.max_length} tokens"
        text = f"training needs {_of(worst, patient)} {at}, {sum(usual.values()) / GIB:.1f} on average"
        return warning("memory", text, training_fix(patient, shapes, tuning.max_length, available(patient)))
    return ok("memory", f"training needs {_of(worst, patient)} at most ({_parts(longest)})")


def context_of(patient: Patient, shapes: Shapes) -> int:
    """Tokens of the longest prompt and answer that is served, as far as it is known."""
    return patient.context or shapes.longest or patient.pipeline.tuning.max_length


def _fix(patient: Patient, shapes: Shapes, stage: str) -> str:
    has = available(patient, stage)
    if stage == "training":
        return training_fix(patient, shapes, patient.row, has)
    return validation_fix(patient, shapes, has) if stage == "validation" else serving_fix(patient, shapes, has)


def _compared(patient: Patient, shapes: Shapes, stage: str, parts: estimate.Parts) -> Finding | None:
    """An error if it is certain not to fit, a warning if it may not; None if it fits, or nothing is known."""
    has = available(patient, stage)
    if not has or estimate.most(parts) <= has:
        return None
    text = f"{stage} needs {_of(sum(parts.values()), patient, stage)} ({_parts(parts)})"
    return (error if estimate.least(parts) > has else warning)("memory", text, _fix(patient, shapes, stage))


def _fits(patient: Patient, stage: str, parts: estimate.Parts) -> Finding:
    return ok("memory", f"{stage} needs {_of(sum(parts.values()), patient, stage)} ({_parts(parts)})")


def _of(needed: float, patient: Patient, stage: str = "") -> str:
    """With what there is; of a GPU, vLLM takes a share."""
    whole, has = available(patient), available(patient, stage)
    share = f" ({has / whole:.0%} of {whole / GIB:.1f})" if has < whole else ""
    return f"{needed / GIB:.1f} GiB of {has / GIB:.1f}{share}" if has else f"{needed / GIB:.1f} GiB"


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
