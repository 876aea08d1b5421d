"""(inputs, inputs) -> Comparison: are the texts as long?"""

from __future__ import annotations

from statistics import median

from pytest_ftgate.data.drift.finding import Comparison
from pytest_ftgate.data.drift.inputs import Inputs


def length(log: Inputs, other: Inputs) -> Comparison:
    """Two-sample Kolmogorov-Smirnov test of the lengths in characters (`scipy.stats.ks_2samp`); cautious with ties."""
    from scipy.stats import ks_2samp

    ours, theirs = ([len(text) for text in inputs.texts] for inputs in (log, other))
    p = float(ks_2samp(ours, theirs).pvalue)
    told = f"median {median(ours):.0f} characters vs {median(theirs):.0f}"
    return Comparison("length", other.name, p, "Kolmogorov-Smirnov", told)
