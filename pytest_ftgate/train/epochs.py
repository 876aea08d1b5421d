"""Folder of epochs -> which are scored, which is best, whether to stop, and what to warn of.

An epoch is what a validation looks at: the weights at the end of a pass over the rows, or within one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_ftgate.train.manifest import Epoch
from pytest_ftgate.train.validate import epoch_of, read_score

FOLDER = re.compile(r"\d+(\.\d+)?-\d+")
TURNED = 1.02
"""The validation loss has turned when it is this many times its lowest value so far."""


def folders(root: Path) -> list[Path]:
    """The folders `<epoch>-<step>` in order; unfinished ones have another name."""
    return sorted(filter(lambda path: FOLDER.fullmatch(path.name), root.iterdir()), key=epoch_of)


def forget_after(root: Path, step: int) -> None:
    """Remove what was saved after a step from which the training goes on: it comes again."""
    for folder in folders(root):
        if epoch_of(folder)[1] > step:
            shutil.rmtree(folder)


def step_before(root: Path, folder: Path) -> int:
    """The step of the validation before that of a folder; 0 if it is the first."""
    return max((epoch_of(other)[1] for other in folders(root) if epoch_of(other)[1] < epoch_of(folder)[1]), default=0)


def scored(root: Path) -> list[Epoch]:
    """All scores so far, in order."""
    return [score for folder in folders(root) if (score := read_score(folder))]


def unscored(root: Path) -> list[Path]:
    """Epochs that wait for their validation."""
    return [folder for folder in folders(root) if read_score(folder) is None]


def best(epochs: Sequence[Epoch]) -> Epoch:
    """The highest score; of equal ones the lowest loss, then the earliest."""
    return max(epochs, key=lambda epoch: (epoch.score, -epoch.loss, -epoch.step))


def should_stop(epochs: Sequence[Epoch], patience: int) -> bool:
    """True once the last `patience` validations have all brought no better score than one before them."""
    if len(epochs) <= patience:
        return False
    before = max(epoch.score for epoch in epochs[:-patience])
    return all(epoch.score <= before for epoch in epochs[-patience:])


def overfitting(epochs: Sequence[Epoch]) -> str:
    """A sentence if the validation loss has turned while the training loss fell; "" otherwise."""
    if len(epochs) < 2:
        return ""
    lowest, last = min(epochs[:-1], key=lambda epoch: epoch.loss), epochs[-1]
    if last.loss <= TURNED * lowest.loss or last.train_loss >= lowest.train_loss:
        return ""
    return (
        f"overfitting: since {lowest.name} the validation loss rose from {lowest.loss:.4f} to {last.loss:.4f} "
        f"while the training loss fell from {lowest.train_loss:.4f} to {last.train_loss:.4f}; "
        "train on more rows, for fewer epochs, or with a lower learning rate"
    )


def all_alike(log_history: Sequence[Mapping[str, float]]) -> str:
    """A sentence if method "grpo" had nothing to learn from in any step of TRL's log so far; "" otherwise."""
    graded = [step for step in log_history if "frac_reward_zero_std" in step]
    if not graded or any(step["frac_reward_zero_std"] < 1 for step in graded):
        return ""
    mean = sum(step["reward"] for step in graded) / len(graded)
    return (
        f"nothing learnt in {len(graded)} steps: all answers to a question got the same grade (mean {mean:.3f}); "
        "use a grader that gives parts of a point, rows of another difficulty, or a higher train.generations"
    )
