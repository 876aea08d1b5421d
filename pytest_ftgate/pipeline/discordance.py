"""Values of the last two models on a golden set -> how often two models disagree on it, for planning.

Kept in the state folder, `discordance/<set>.json`, by every run that graded all cases of a set; so that the next
collection knows it without a registry or a journal to read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.ordinary import is_file
from pytest_ftgate.graders.no_answer import no_answer
from pytest_ftgate.metrics.power import DISCORDANCE, measured_discordance

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation

Values = Mapping[str, float]
"""What one model got, by what identifies the case: a grade in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Discordance:
    """How often two models disagree.

    share: mean of the squared differences of their grades, for right and wrong the share of cases that only one has
    right. cases: those it was measured on, 0 if it was not. models: who was compared, "v3 and v2", or where
    else it is from.
    """

    share: float
    cases: int
    models: str

    def __str__(self) -> str:
        how = f"measured: {self.models}, {self.cases:,} cases" if self.cases else self.models
        return f"discordance {self.share:.2g} ({how})"


ASSUMED = Discordance(DISCORDANCE, 0, "assumed: fewer than two models measured on all cases")
"""Where nothing was measured: a typical share for two versions of a model."""


def between(first: Values, second: Values, models: str) -> Discordance | None:
    """The discordance of two models on the cases that both were asked; None if there is none."""
    squares = [(first[key] - second[key]) ** 2 for key in first if key in second]
    if not squares:
        return None
    return Discordance(measured_discordance(fmean(squares), len(squares)), len(squares), models)


def answered(evaluation: Evaluation) -> bool:
    """Whether the model gave answers to compare: not measured, and empty everywhere, is none."""
    from pytest_ftgate.evaluate.evaluation import covers

    suite = evaluation.suite
    answers = (answer for case in suite.cases for answer in evaluation.responses.of_or_none(case))
    return covers(evaluation.values, suite) and any(not no_answer(each) for each in answers)


def remember(state_dir: Path, golden: str, model: str, title: str, values: Values) -> None:
    """Keep what a model got on all cases of a set, and compare it with the model before it, if that was another one.

    model: its digest. title: as people call it. values: by case digest.
    """
    kept = _read(state_dir, golden)
    last, found = kept.get("last"), kept.get("pair")
    if last and last["model"] != model:
        pair = between(values, last["values"], f"{title} and {last['title']}")
        found = asdict(pair) if pair else found
    now = {"model": model, "title": title, "values": dict(values)}
    write_text(_path(state_dir, golden), json.dumps({"pair": found, "last": now}))


def recalled(state_dir: Path, golden: str) -> Discordance:
    """The discordance of the last two models that this state folder knows of; assumed if there are not two."""
    kept = _read(state_dir, golden)
    if kept.get("pair"):
        return Discordance(**kept["pair"])
    if kept.get("last"):
        return Discordance(DISCORDANCE, 0, f"assumed: only {kept['last']['title']} measured on all cases")
    return ASSUMED


def _path(state_dir: Path, golden: str) -> Path:
    return state_dir / "discordance" / f"{golden}.json"


def _read(state_dir: Path, golden: str) -> dict[str, Any]:
    """The file; {} if there is none, or none that can be read: the next run writes it anew."""
    path = _path(state_dir, golden)
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if is_file(path) else {}
        known = set(kept) == {"pair", "last"} and set(kept["last"]) == {"model", "title", "values"}
        known = known and (kept["pair"] is None or set(kept["pair"]) == set(Discordance.__slots__))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
    return kept if known else {}
