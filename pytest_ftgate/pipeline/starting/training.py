"""(base model or machine, lengths of rows) -> the settings of [base], [train] and [data] to begin with."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.forecast import TURNS
from pytest_ftgate.pipeline.starting.base import batch_of, chosen, rate_of
from pytest_ftgate.serve.device import Device, this_device
from pytest_ftgate.train.estimate.shapes import shapes_in

BYTES_PER_TOKEN = 2.0
"""Of UTF-8: fewer than usual, so that estimated limits cut nothing off."""
USUAL_BYTES = 4.0
"""Of a token in English, and in most scripts."""
LONGEST = 2048
"""Tokens of a training row."""
CPU_TOKENS = 45_000
"""That are trained in one epoch on a CPU: some five minutes of a model of 135 M weights on two cores."""
LEAST_ROWS = 200
NEARLY = 0.8
"""Share of the rows from which on all of them are trained."""
FEW_SHOT = 4
_STEP = 64


@dataclass(frozen=True, slots=True)
class Training:
    """model: hub id or folder as pipeline.toml names it. told: why this one. max_rows: 0 = all.

    few_shot: examples of the baseline's prompt. weights: 0 = not known.
    """

    model: str
    is_folder: bool
    told: str
    method: str
    epochs: int
    learning_rate: float
    batch_size: int
    max_length: int
    max_rows: int
    few_shot: int


def tokens_of(text: str) -> int:
    """At most about so many."""
    return ceil(len(text.encode()) / BYTES_PER_TOKEN)


def counter_in(base: str) -> Callable[[str], int]:
    """Text -> its tokens: counted where the base model's tokenizer is on this machine, else estimated from above."""
    from pytest_ftgate.data.checks.tokens import tokenizer_in
    from pytest_ftgate.serve.hub import folder_of
    from pytest_ftgate.serve.model import Model

    folder = Path(base).expanduser() if is_folder(base) else folder_of(Model(base)) if base else None
    try:
        tokenizer = tokenizer_in(folder, "counting tokens") if folder else None
    except (FtgateError, OSError, ValueError):  # whatever is wrong with it is told by `ftgate doctor`
        tokenizer = None
    return tokens_of if tokenizer is None else lambda text: len(tokenizer(text)["input_ids"])


def training_of(base: str, here: Path, rows: Sequence[str], system: str, longest_answer: int) -> Training:
    """base: hub id or folder, "" = what fits this machine. here: the folder that pipeline.toml will be in.

    rows: question and answer of each training row. longest_answer: tokens.
    Raises FtgateError for a folder that holds no model.
    """
    from pytest_ftgate.serve.cgroup import usable_memory

    device = this_device()
    count = counter_in(base)
    longest = min(max(map(count, rows)) + count(system) + TURNS, LONGEST)
    max_length = max(_STEP * ceil(longest / _STEP), 2 * _STEP)
    cuda = device.kind == "cuda"
    memory = device.memory_mib * 2.0**20 if cuda else usable_memory()
    if base:
        name, told, weights, method = *_given(base, here), "lora"
    else:
        choice = chosen(cuda=cuda, memory=memory, cores=device.cores, row=max_length, answer=longest_answer)
        name, told, weights, method = choice.known.name, choice.told, choice.known.shapes.weights, choice.method
    return Training(
        model=name,
        is_folder=is_folder(base),
        told=f"{told}; on {_machine(device)}",
        method=method,
        epochs=2,
        learning_rate=rate_of(weights),
        batch_size=batch_of(weights),
        max_length=max_length,
        max_rows=0 if cuda else _bearable(rows, system),
        few_shot=FEW_SHOT if (FEW_SHOT + 1) * longest <= LONGEST else 0,
    )


def is_folder(base: str) -> bool:
    """Whether a base model is a folder that is there, and no hub id."""
    return bool(base) and Path(base).expanduser().is_dir()


def _given(base: str, here: Path) -> tuple[str, str, int]:
    """(name for pipeline.toml, what is known of it, weights). Raises FtgateError."""
    if not is_folder(base):
        if base.startswith((".", "/", "~")) or base.count("/") != 1:
            raise FtgateError(f"--base {base}: no such folder, and not a hub id such as Qwen/Qwen2.5-0.5B-Instruct")
        return base, "as given", 0
    folder = Path(os.path.normpath(Path(base).expanduser().absolute()))
    if not (folder / "config.json").is_file():
        raise FtgateError(f"--base {base}: holds no model (config.json is not there)")
    shapes = shapes_in(folder)
    told = f"as given, {shapes.weights / 1e6:,.1f} M weights" if shapes else "as given"
    return _named(folder, here), told, shapes.weights if shapes else 0


def _named(folder: Path, here: Path) -> str:
    """Relative to pipeline.toml where both are in one project, so that the file works on another machine."""
    project = Path(os.path.normpath(here.absolute())).parent.parent
    if not folder.is_relative_to(project):
        return str(folder)
    return str(Path("../..") / folder.relative_to(project))


def _bearable(rows: Sequence[str], system: str) -> int:
    """The most rows that a CPU trains in one epoch; 0 if all of them are few enough."""
    each = sum(len(f"{row}{system}".encode()) for row in rows) / len(rows) / USUAL_BYTES + TURNS
    most = max(int(CPU_TOKENS / each) // 20 * 20, LEAST_ROWS)
    return most if most < NEARLY * len(rows) else 0


def _machine(device: Device) -> str:
    return device.name if device.kind == "cuda" else f"{device.cores} CPU cores"
