"""(pipeline, its golden sets) -> how long `--train` will take on this machine, before it begins.

Arithmetic on counted bytes, and a second of matrix products; good to a factor of two or so. For a base model in a local
folder and a CPU; None elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.row import DataRow
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.train.tuning import Tuning

BYTES_PER_TOKEN = 4.0
"""Of UTF-8: about right for English, and for Chinese, whose characters have three bytes."""

TURNS = 12
"""Tokens of the chat template around a question and its answer."""

PADDING = 1.3
"""Tokens computed for each token of the rows, in batches drawn at random."""

EFFICIENCY = 0.55
"""Of the speed of one layer's MLP, what a whole model reaches. This and the next two were measured on SmolLM2-135M."""

STEP_S, TOKEN_S = 0.018, 0.006
"""Seconds that a layer takes in a training step, and for a token of a batch of answers, however little it computes."""

PASSES = {"full": 3.0, "dpo": 6.0, "kto": 5.0, "orpo": 4.0, "grpo": 4.0}
"""Forward passes over a row that a training step is worth, 2 of an adapter: forward and back to it. A pair has two
answers, and its reference a pass for each; KTO asks model and reference of another answer too; GRPO draws each answer,
and asks the reference of it."""

BATCH = 32
"""Answers that the server gives together."""

START_S = 8.0
"""Seconds until a server or trainer has imported torch and loaded a small model."""

SAMPLE = 200
"""Rows and cases whose size is looked at."""


class Size(NamedTuple):
    """Weights of the layers, without embeddings; their number; and the two sides of a typical matrix."""

    weights: int
    layers: int
    hidden: int
    intermediate: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds of each stage, were nothing kept from earlier runs."""

    stages: Mapping[str, float]

    def line(self) -> str:
        """One line: "about 11 minutes on this machine (baseline 2, fine-tune 7, ...), less what earlier runs left"."""
        each = ", ".join(f"{name} {_minutes(seconds)}" for name, seconds in self.stages.items())
        return f"about {_minutes(sum(self.stages.values()))} min on this machine ({each}), less with earlier results"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f}" if seconds >= 90 else f"{max(seconds / 60, 0.1):.1f}"


def forecast(pipeline: Pipeline, suites: Sequence[Suite]) -> Forecast | None:
    """suites: all golden sets that are asked. None if nothing is known of the model, or a GPU will compute."""
    from pytest_ftgate.serve.device import this_device
    from pytest_ftgate.serve.hf.speed import measured

    size = model_size(Path(pipeline.base.model))
    if size is None or this_device().kind != "cpu":
        return None
    threads = min(pipeline.tuning.threads or 10**6, this_device().cores or 1)
    speed = measured(pipeline.dtype, threads, size.hidden, size.intermediate)
    return Forecast(stages(pipeline, suites, size, speed * EFFICIENCY)) if speed else None


def stages(pipeline: Pipeline, suites: Sequence[Suite], size: Size, speed: float) -> dict[str, float]:
    """Seconds of each stage. speed: operations per second that the model reaches."""
    forward = 2.0 * size.weights / speed  # seconds a token
    asked = sum(_asked(suite.cases) for suite in suites)
    rows, row, answers, answer = tokens_of_rows(pipeline, suites[0].prompt.system)
    tuning, count = pipeline.tuning, sum(len(suite.cases) for suite in suites)
    steps = tuning.passes(rows) * rows * _answers(tuning) / tuning.batch_size
    trained = rows * row * PADDING * tuning.passes(rows) * PASSES.get(tuning.method, 2.0) * _answers(tuning)
    drawn = _drawn(tuning, suites[0]) * steps / tuning.gradient_accumulation
    validated = answers * answer * 2 * tuning.validations(rows)
    goldens = asked * forward + sum(_said(suite) for suite in suites) / BATCH * size.layers * TOKEN_S
    return {
        "baseline": START_S + asked * forward,
        "fine-tune": START_S + (trained + validated) * forward + (steps * STEP_S + drawn * TOKEN_S) * size.layers,
        "goldens": START_S + goldens,
        "reference runs": goldens / count * _runs(pipeline),
    }


def _answers(tuning: Tuning) -> int:
    """That a step learns from for each row."""
    return tuning.generations if tuning.method == "grpo" else 1


def _drawn(tuning: Tuning, suite: Suite) -> int:
    """Tokens that are drawn one after the other before a step: one of its answers is as long as may be."""
    return suite.golden.request.max_tokens if tuning.method == "grpo" else 0


def _asked(cases: Sequence[Case]) -> float:
    """Tokens of all cases and their answers; what their prompts share is computed once and not counted."""
    sample = cases[:: max(1, len(cases) // SAMPLE)]
    return len(cases) * fmean([tokens_of(case.input) + tokens_of(case.expected) + TURNS for case in sample])


def _said(suite: Suite) -> float:
    """Tokens of all answers, one after the other."""
    return sum(tokens_of(case.expected) for case in suite.cases)


def tokens_of_rows(pipeline: Pipeline, system: str | None) -> tuple[int, float, int, float]:
    """Training rows and tokens in one, validation rows and tokens in one. Raises FtgateError if they cannot be read."""
    from pytest_ftgate.data.readers.contents import contents
    from pytest_ftgate.pipeline.stages.mix_data import taken_of

    shared = tokens_of(system)
    train, *_, validation = pipeline.data_files
    most = pipeline.data.max_rows or 10**9
    counts = {kind: contents(path).rows for kind, path in pipeline.data.files.items()}
    count, more = min(taken_of(pipeline.data, counts), most), contents(validation).rows
    return count, _row(train, pipeline) + shared + TURNS, more, _row(validation, pipeline) + TURNS


def _row(path: Path, pipeline: Pipeline) -> float:
    from pytest_ftgate.data.readers.reader import read_rows

    return fmean([_row_tokens(row) for row in islice(read_rows(path, pipeline.data.columns), SAMPLE)])


def _row_tokens(row: DataRow) -> float:
    more = filter(None, (row.tools, row.calls, row.reasoning))
    return tokens_of(row.input) + tokens_of(row.answer) + sum(map(tokens_of, more))


def _runs(pipeline: Pipeline) -> int:
    """Answers of the canary's reference runs."""
    from pytest_ftgate.pipeline.canary.reference import RUNS

    return RUNS * pipeline.canary.size


def tokens_of(value: object) -> float:
    """About how many a text, or a value as JSON, is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return len(text.encode()) / BYTES_PER_TOKEN


def model_size(folder: Path) -> Size | None:
    """From the headers of a folder's safetensors and its config.json; None if they are not there, or not whole."""
    try:
        from safetensors import SafetensorError
    except ImportError:
        return None
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        weights = sum(map(_layers, folder.glob("*.safetensors")))
        hidden, layers = int(config["hidden_size"]), int(config["num_hidden_layers"])
        return Size(weights, layers, hidden, int(config.get("intermediate_size") or 4 * hidden)) if weights else None
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None


def _layers(path: Path) -> int:
    """Weights in matrices of layers: not embeddings, nor the head, which looks at few tokens."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        names = [name for name in file.keys() if ".layers." in f".{name}" or ".h." in name]  # noqa: SIM118 - no mapping
        return sum(prod(file.get_slice(name).get_shape()) for name in names)
