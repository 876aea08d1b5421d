"""(golden set, training rows) -> the prompts that the untuned model is tried with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.evaluate.column import Column
from pytest_ftgate.evaluate.prompt_variant import in_column
from pytest_ftgate.pipeline.few_shot import examples
from pytest_ftgate.pipeline.live.live_input import question_of

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.row import DataRow
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Prompt

ZERO_SHOT = "zero-shot"
FLAG = "--few-shot"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask. variant: name of the set's prompt variant, "" for its own prompt. shots: examples of the rows."""

    variant: str = ""
    shots: int = 0

    @property
    def name(self) -> str:
        """As in "zero-shot", "few-shot (4)", "prompt json", "prompt json, few-shot (4)"."""
        shots = [f"few-shot ({self.shots})"] if self.shots else []
        return ", ".join([f"prompt {self.variant}", *shots]) if self.variant else (shots or [ZERO_SHOT])[0]


def ways_of(suite: Suite, shots: int) -> tuple[Way, ...]:
    """The set's own prompt and each of its variants, without and with examples; zero-shot is the first."""
    return tuple(
        Way(variant, count) for variant in ("", *suite.golden.variants) for count in ((0, shots) if shots else (0,))
    )


def prompt_of(suite: Suite, way: Way, rows: Sequence[DataRow], seed: int, named: str) -> Prompt:
    """The prompt of a way; of a variant that the set does not have its own. named: where the user has said `shots`.

    Raises GoldenError for a variant that cannot ask the cases, PipelineError for too few examples.
    """
    known = way.variant in suite.golden.variants
    prompt = in_column(suite, Column(way.variant, variant=way.variant)).prompt if known else suite.prompt
    if not way.shots:
        return prompt
    more = tuple(examples(prompt, rows, way.shots, seed, named))
    return replace(prompt, examples=(*prompt.examples, *more))


def apart(rows: Sequence[DataRow], asked: Sequence[Suite]) -> list[DataRow]:
    """The rows whose question is none of those that are asked, however it is written."""
    questions = {normal(question_of(case.input)) for suite in asked for case in suite.cases}
    return [row for row in rows if normal(row.question) not in questions]
