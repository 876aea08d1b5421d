"""Rows that a quantisation in 4 bits looks at to keep what matters: training rows, never a golden case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Calibration:
    """conversations: of training rows, each with its answer, as a chat template takes them. seed: of their choice."""

    conversations: Sequence[Sequence[Mapping[str, Any]]]
    seed: int = 0
