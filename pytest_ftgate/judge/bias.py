"""Verdicts beside the lengths of answers, names of models -> what a judge favours: length, and its own kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import PurePath
from statistics import fmean

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.base import Metric

LEAST_CASES = 10
"""Below, a correlation says nothing."""
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Controlled:
    """A mean difference as it is, and as it would be between answers of equal length.

    slope: change of the difference with one standard deviation of the difference of log lengths.
    """

    plain: float
    controlled: float
    slope: float


def verbosity(values: Sequence[float], lengths: Sequence[int]) -> Metric:
    """Spearman's rank correlation of verdicts with lengths in characters, -1 to 1, with bounds at one-sided .05.

    Bounds by Fisher's z with the standard error of Bonett and Wright 2000 (Psychometrika 65:23-28). Long answers may be
    better ones: a correlation is a hint, not a proof. Raises MetricError below ten cases or where one side is constant.
    """
    if len(values) < LEAST_CASES:
        raise MetricError(f"verbosity needs at least {LEAST_CASES} verdicts; found {len(values)}")
    if len(set(values)) == 1 or len(set(lengths)) == 1:
        raise MetricError("verbosity is undefined: all verdicts or all lengths are equal")
    import numpy as np
    from scipy.stats import norm, spearmanr

    rho = float(spearmanr(values, lengths).statistic)
    half = float(norm.ppf(1 - _ALPHA)) * np.sqrt((1 + rho**2 / 2) / (len(values) - 3))
    middle = np.arctanh(min(1 - 1e-12, max(-1 + 1e-12, rho)))
    return Metric("verbosity", rho, len(values), float(np.tanh(middle - half)), float(np.tanh(middle + half)))


def length_controlled(differences: Sequence[float], lengths: Sequence[tuple[int, int]]) -> Controlled:
    """The difference at equal length: least squares on tanh of the standardised difference of log lengths.

    differences: of each case, in [-1, 1]. lengths: characters of (candidate's, champion's) answer. The tanh keeps a few
    very long answers from deciding, after AlpacaEval's length control (Dubois et al. 2024, arXiv:2404.04475), whose
    logistic model knows no ties. Raises MetricError below ten cases.
    """
    if len(differences) < LEAST_CASES:
        raise MetricError(
            f"a length-controlled difference needs at least {LEAST_CASES} cases; found {len(differences)}"
        )
    import numpy as np

    gaps = np.array([log(1 + one) - log(1 + other) for one, other in lengths])
    spread = float(gaps.std())
    plain = fmean(differences)
    if spread == 0:
        return Controlled(plain, plain, 0.0)
    longer = np.tanh(gaps / spread)
    design = np.column_stack([np.ones_like(longer), longer])
    intercept, slope = np.linalg.lstsq(design, np.array(differences), rcond=None)[0]
    return Controlled(plain, float(intercept), float(slope))


def shares_base(judge: str, base: str) -> bool:
    """Whether a judge's model and the base of a candidate are the same, by their names, whoever published them.

    "org/Qwen2.5-7B-Instruct" and "./models/qwen2.5-7b" are; judges favour answers of their own kind.
    """
    return bool(_plain(judge)) and _plain(judge) == _plain(base)


def same_family_warnings(models: Iterable[str], bases: Iterable[str]) -> Iterator[str]:
    """One line for each judge that is of the same base as what it judges."""
    known = list(bases)
    for model in models:
        if any(shares_base(model, base) for base in known):
            yield f"judge {model} and the judged model are of the same family; self-preference bias is likely"


def _plain(name: str) -> str:
    last = PurePath(name.rstrip("/")).name.casefold()
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[-_.](instruct|chat|it|base|awq|gptq|fp8|int4|int8|gguf)\b", "", last))
