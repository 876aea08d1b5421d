"""What checks of training data may know of golden sets: counts and the form of an answer, never a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Of one or more golden sets, made on their side (`golden_marginals.marginals_of`).

    labels: how many cases expect each. slices: by name, how many cases have each value.
    label_path: dotted path of the label in an answer. label_values: all labels there are; empty if there are none.
    graders: specs of the set's own graders. tools: how many cases offer the model functions to call, and how many none.
    """

    labels: Mapping[str, int] = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    label_path: str = ""
    label_values: tuple[str, ...] = ()
    graders: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[int, int] = (0, 0)
