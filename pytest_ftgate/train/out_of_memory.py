"""(TrainJob, what it was doing when memory ran out) -> what happened and what to change, for the user."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.tuning import HELD_IN_4BIT

LOADING, REHEARSAL, TRAINING, VALIDATION = "loading", "longest batch", "training", "validation"
"""What a trainer is doing: each begins with an event "phase"."""

WHERE = {
    LOADING: "while the base model was loaded",
    REHEARSAL: "on the longest rows, which are tried before the first step",
    TRAINING: "in training",
    VALIDATION: "in validation",
}


def out_of_memory(job: TrainJob, phase: str, what: str) -> str:
    """phase: of WHERE. what: as the library said it."""
    hints = {LOADING: _smaller_base, VALIDATION: _smaller_served}.get(phase, _smaller_step)(job)
    return f"out of memory {WHERE[phase]}: {what}\n    {'; or '.join(hints)}"


def _smaller_base(job: TrainJob) -> Iterator[str]:
    yield from _in_4_bits(job)
    yield "free memory that other programs hold, or use a smaller model in base.model"


def _smaller_step(job: TrainJob) -> Iterator[str]:
    tuning = job.tuning
    if tuning.batch_size > 1:
        smaller = tuning.batch_size // 2
        steps = tuning.gradient_accumulation * tuning.batch_size // smaller
        yield f"set train.batch_size = {smaller} (now {tuning.batch_size}) and train.gradient_accumulation = {steps}"
    yield f"lower train.max_length (now {tuning.max_length} tokens)"
    if tuning.method == "grpo":
        yield _shorter_answers(job)
    yield from _in_4_bits(job)


def _smaller_served(job: TrainJob) -> Iterator[str]:
    """A batch of training has no part in it: the served model is asked for whole answers."""
    if job.quantization is None:
        yield 'set [serve] quantization = "bitsandbytes" (now none)'
    yield from _in_4_bits(job)
    yield _shorter_answers(job)


def _shorter_answers(job: TrainJob) -> str:
    return f"lower max_tokens of the golden set's [request] (now {job.grading.max_tokens})"


def _in_4_bits(job: TrainJob) -> Iterator[str]:
    if job.tuning.method in HELD_IN_4BIT and not job.tuning.load_in_4bit:
        yield "remove train.load_in_4bit (now false)"
    elif not job.tuning.in_4bit:
        yield f'set train.method = "qlora" (now "{job.tuning.method}")'
