"""(requests, golden sets, training files, earlier samples) -> a sample that people may see, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.data.drift.classifier import unlike
from pytest_ftgate.golden.case import PromptError, render
from pytest_ftgate.pipeline.live.known import known_of, new_ones
from pytest_ftgate.pipeline.live.live_input import LiveInput, anonymous
from pytest_ftgate.pipeline.live.overlaps import rows_of, touching_goldens
from pytest_ftgate.pipeline.live.strata import draw, stratified

if TYPE_CHECKING:
    from pytest_ftgate.data.request_log.request import LoggedRequest
    from pytest_ftgate.evaluate.suite import Suite


@dataclass(frozen=True, slots=True)
class Sample:
    """inputs: drawn, in the order in which people see them. strata: different new inputs in each. known: requests that
    were left out, by what has them already. drift: whether a stratum of inputs unlike training could be told apart.
    """

    inputs: tuple[LiveInput, ...]
    strata: Mapping[str, int]
    known: Mapping[str, int]
    drift: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """What a sample may not repeat. suites: golden sets of the pipeline, the first of which asks the requests."""

    suites: Sequence[Suite]
    training: Sequence[Path]
    earlier: Iterable[LiveInput] = ()


def sample(requests: Sequence[LoggedRequest], beside: Beside, size: int, seed: int) -> Sample:
    """Anonymise, leave out what is known, draw. Nothing is written. Raises LeakageError, SelfTestError."""
    known = known_of(beside.suites, beside.training)
    known.add("earlier samples", (each.question for each in beside.earlier))
    inputs = [anonymous(beside.suites[0], request) for request in requests]
    askable = [each for each in inputs if _is_askable(beside.suites[0], each)]
    found, old = new_ones(askable, known)
    golden = touching_goldens(beside.suites, found, {})
    new = [each for each in found if each.key not in golden]
    counts = Counter(old) + Counter({"requests that the prompt cannot ask": len(inputs) - len(askable)})
    counts["golden cases"] += sum(each.requests for each in found if each.key in golden)
    drift = unlike([each.question for each in new], [row.question for row in rows_of(beside.training)], seed)
    layered = stratified(new, drift)
    strata = Counter(each.stratum for each in layered)
    return Sample(tuple(draw(layered, size, seed)), strata, +counts, bool(drift))


def _is_askable(suite: Suite, each: LiveInput) -> bool:
    """Whether a case may have the input: no turn but of text."""
    turns = each.input if isinstance(each.input, list) else []
    if not all(isinstance(turn, str) or isinstance(turn.get("content"), str) for turn in turns):
        return False
    try:
        return bool(each.question.strip() and render(suite.prompt, each.input))
    except PromptError:
        return False
