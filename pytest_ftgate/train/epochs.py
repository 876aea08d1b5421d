"""Folder of epochs -> which are scored, which is best, whether to stop, and what to warn of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_ftgate.train.manifest import Epoch
from pytest_ftgate.train.validate import epoch_of, read_score

TURNED = 1.02
"""The validation loss has turned when it is this many times its lowest value so far."""


def folders(root: Path) -> list[Path]:
    """The folders `<epoch>-<step>` in order; unfinished ones have another name."""
    return sorted((path for path in root.glob("*-*") if path.name.replace("-", "").isdigit()), key=epoch_of)


def scored(root: Path) -> list[Epoch]:
    """All scores so far, in order."""
    return [score for folder in folders(root) if (score := read_score(folder))]


def unscored(root: Path) -> list[Path]:
    """Epochs that wait for their validation."""
    return [folder for folder in folders(root) if read_score(folder) is None]


def best(epochs: Sequence[Epoch]) -> Epoch:
    """The highest score; of equal ones the lowest loss, then the earliest."""
    return max(epochs, key=lambda epoch: (epoch.score, -epoch.loss, -epoch.epoch))


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
        f"overfitting: since epoch {lowest.epoch} the validation loss rose from {lowest.loss:.4f} to {last.loss:.4f} "
        f"while the training loss fell from {lowest.train_loss:.4f} to {last.train_loss:.4f}; "
        "train on more rows, for fewer epochs, or with a lower learning rate"
    )
