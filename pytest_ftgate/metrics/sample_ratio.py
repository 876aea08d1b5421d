"""(users of the candidate, all users, stated share) -> p-value of "the split is not what was stated"."""

from __future__ import annotations

MISMATCH = 0.001
"""Below this p-value the split is broken, and no outcome is to be believed."""


def mismatch_p(candidate: int, users: int, share: float) -> float:
    """Two-sided p-value of the exact binomial test (Clopper and Pearson 1934) of a sample-ratio mismatch; 1 of no user.

    Kohavi, Tang and Xu 2020, Trustworthy Online Controlled Experiments, chapter 21: below .001 look for the fault in
    the assignment or the logging, since users who went missing did not do so at random.
    """
    from scipy.stats import binomtest

    return float(binomtest(candidate, users, share).pvalue) if users else 1.0
