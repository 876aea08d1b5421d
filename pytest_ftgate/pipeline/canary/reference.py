"""Reference runs of a champion on its panel, as kept in the registry: what later nights are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from pytest_ftgate.pipeline.canary.rule import Expected, expect

RUNS = 5
"""Reference runs, the design's k."""


@dataclass(frozen=True, slots=True)
class PanelCase:
    """One case of the panel. set, id, digest: of the golden case. grades: of each reference run, 0 to 1."""

    set: str
    id: str
    digest: str
    grades: tuple[float, ...]

    @property
    def key(self) -> str:
        """Names the case within the panel."""
        return f"{self.set}::{self.id}"

    @property
    def mean(self) -> float:
        """Its mean grade over the runs."""
        return sum(self.grades) / len(self.grades)


@dataclass(frozen=True, slots=True)
class Asked:
    """All that decides the answers and grades beside the cases; every value a digest or a name.

    model: digest. engine: as in --ftgate-engine. prompts, settings: digest by golden set, the settings being what is
    asked (the [request] table) and how it is judged (graders, label).
    """

    model: str
    engine: str
    prompts: Mapping[str, str]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Reference:
    """The panel of one version with the grades of its reference runs. run_id: of MLflow, "" until it is kept."""

    asked: Asked
    cases: tuple[PanelCase, ...]
    reason: str = ""
    run_id: str = ""

    @cached_property
    def expected(self) -> Expected:
        """What the runs lead to expect."""
        return expect([case.grades for case in self.cases])

    def to_json(self) -> dict[str, Any]:
        """All but `run_id` as JSON values."""
        return {key: value for key, value in asdict(self).items() if key != "run_id"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], run_id: str) -> Reference:
        """The inverse of `to_json`. Raises KeyError or TypeError for anything else."""
        cases = (PanelCase(**{**case, "grades": tuple(case["grades"])}) for case in data["cases"])
        return cls(Asked(**data["asked"]), tuple(cases), data["reason"], run_id)
