"""Rows that a quantisation in 4 bits looks at to keep what matters: training rows, never a golden case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """rows: token ids of training rows, each with its answer, as the model was trained to read them. seed: whatever the
    program draws by chance.
    """

    rows: Sequence[Sequence[int]]
    seed: int = 0
