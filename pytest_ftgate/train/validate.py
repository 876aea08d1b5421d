"""(TrainJob, validation examples, adapter of an epoch) -> its score by the golden set's graders, and its loss."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.graders.grade import Grade
from pytest_ftgate.serve.hf.generate import answers_to
from pytest_ftgate.serve.hf.reference_logprobs import ReferenceLogprobs, prove, write_proof
from pytest_ftgate.serve.hf.row import Answer, Job
from pytest_ftgate.train.data import Example
from pytest_ftgate.train.grading import AnswerGrader
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.loss import IGNORED, Collator, answer_loss
from pytest_ftgate.train.manifest import Epoch
from pytest_ftgate.train.served import ask_as_served

SCORE_FILE = "score.json"
LOSS_BATCH = 16
"""Rows of a forward pass for the validation loss."""


def validate(  # noqa: PLR0913, PLR0917 - wiring
    job: TrainJob, tokenizer: Any, examples: Sequence[Example], trainer: Any, folder: Path, train_loss: float
) -> Epoch:
    """Score the adapter of `epochs/<k>-<step>`; write proof.json and, last, score.json into that folder.

    trainer: whose model is asked itself where it is the one that will be served.
    Raises TrainError if a grader breaks: nothing would be known of the epoch.
    """
    epoch, step = epoch_of(folder)
    with _undisturbed():
        asked = ask_as_served(job, folder, step, trainer, partial(_ask, job, tokenizer, examples))
    if asked.proof is not None:
        write_proof(asked.proof, folder)
    grades = grade_answers(job, examples, asked.answers)
    result = Epoch(
        epoch=epoch,
        step=step,
        score=sum(grade.value for grade in grades) / len(grades),
        passed=sum(grade.passed for grade in grades),
        cases=len(grades),
        loss=asked.loss,
        perplexity=math.exp(min(asked.loss, 700.0)),
        train_loss=train_loss,
    )
    write_text(folder / SCORE_FILE, json.dumps(asdict(result)))
    return result


class _Asked(NamedTuple):
    answers: Sequence[Answer]
    loss: float
    proof: ReferenceLogprobs | None


def _ask(job: TrainJob, tokenizer: Any, examples: Sequence[Example], model: Any) -> _Asked:
    grading = job.grading
    jobs = [Job(example.prompt, grading.max_tokens, stop=tuple(grading.stop)) for example in examples]
    answers = answers_to(model, tokenizer, jobs)
    loss = validation_loss(model, tokenizer, examples)
    return _Asked(answers, loss, prove(model, tokenizer) if job.tuning.method != "full" else None)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Training goes on with the random numbers it would have had without the validation."""
    python, gpus = random.getstate(), [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(gpus):
        try:
            yield
        finally:
            random.setstate(python)


def read_score(folder: Path) -> Epoch | None:
    """What `validate` wrote; None if that epoch is not scored yet."""
    path = folder / SCORE_FILE
    return Epoch(**json.loads(path.read_text())) if path.is_file() else None


def folder_name(epoch: float, step: int) -> str:
    """`<epoch>-<step>`, as "2-40", or within an epoch "1.33333-40"."""
    return f"{epoch:.6g}-{step}"


def epoch_of(folder: Path) -> tuple[float, int]:
    """(epoch, step) of the folder `<epoch>-<step>`."""
    epoch, step = folder.name.split("-")
    return float(epoch), int(step)


def grade_answers(job: TrainJob, examples: Sequence[Example], answers: Sequence[Answer]) -> list[Grade]:
    """A grade for each answer, by the row's own graders or the golden set's. Raises TrainError if a grader breaks."""
    grade, path = AnswerGrader(job.grading, "validation"), job.validation_file
    return [grade(example.case, answer, path) for example, answer in zip(examples, answers, strict=True)]


@torch.inference_mode()
def validation_loss(model: Any, tokenizer: Any, examples: Sequence[Example]) -> float:
    """Mean cross-entropy of the expected answers' tokens, in nats."""
    collate = Collator(tokenizer.pad_token_id)
    ordered = sorted(examples, key=len)
    total, count = 0.0, 0
    for start in range(0, len(ordered), LOSS_BATCH):
        rows = [example.columns() for example in ordered[start : start + LOSS_BATCH]]
        batch = {k: v.to(model.device) if hasattr(v, "to") else v for k, v in collate(rows).items()}
        items = int((batch["labels"] != IGNORED).sum())
        total += float(answer_loss(model, batch, items)) * items
        count += items
    return total / count
