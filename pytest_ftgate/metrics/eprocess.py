"""(arms, outcomes, share) of users in order -> e-values of "better" and "worse" that may be looked at after each user.

The bet: with a share p of the users drawn for the candidate (A = 1) and m the mean outcome of all users before, the
contrast x = (A/p - (1 - A)/(1 - p)) (Y - m) has the mean mu_candidate - mu_champion whatever m is, since m is known
before the draw (Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2024, "Anytime-valid off-policy inference for
contextual bandits", ACM/IMS Journal of Data Science 1(3); m takes most of the variance away). The wealth
prod(1 + stake * (x - d)) of a fair bettor against "the difference is at most d" is an e-process, and so is the mean of
several bettors' wealth (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting",
JRSS B 86:1-27). It ever reaches 20 under the hypothesis with a probability of at most 1/20 (Ville 1939), at whatever
time and however often one looks. Only the draw is relied on: outcomes may drift from day to day, and users differ.
"""

from __future__ import annotations

from functools import reduce
from math import log
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[Any]

DECISIVE = 20.0
"""An e-value that decides: a false alarm in at most one of 20 experiments, over all looks together."""

STAKES = (0.8, 0.4, 0.2, 0.1, 0.05, 0.025)
"""What the bettors stake, as shares of the largest stake that cannot go bankrupt."""

_HALVINGS = 30


def contrasts(candidate: ArrayLike, outcomes: ArrayLike, share: float) -> Floats:
    """The contrast of each user, an unbiased guess of mu_candidate - mu_champion, at most 1/min(p, 1 - p) in size.

    candidate: truth values, shape (..., n), the users in order along the last axis. outcomes: in [0, 1], same shape.
    share: of users drawn for the candidate, in (0, 1).
    """
    import numpy as np

    if not 0 < share < 1:
        raise ValueError(f"share is in (0, 1), .05 for 5 %; found {share}")
    drawn, outcome = np.asarray(candidate, bool), np.asarray(outcomes, float)
    before = np.cumsum(outcome, axis=-1) - outcome
    mean = (0.5 + before) / (1 + np.arange(outcome.shape[-1]))
    result: Floats = np.where(drawn, 1 / share, -1 / (1 - share)) * (outcome - mean)
    return result


def log_e(x: Floats, share: float, least: float = 0.0) -> Floats:
    """Natural log of the e-value of "the difference is above `least`" after each user; shape of x.

    x: from `contrasts`. The hypothesis betted against is a difference of at most `least`, in [-1, 1]. For "the
    difference is below d" ask `log_e(-x, share, -d)`.
    """
    import numpy as np

    reach = 1 / min(share, 1 - share) + abs(least)
    wealth = (np.cumsum(np.log1p(stake / reach * (x - least)), axis=-1) for stake in STAKES)
    result: Floats = reduce(np.logaddexp, wealth) - log(len(STAKES))
    return result


def lower_bound(x: Floats, share: float) -> float:
    """The largest d with an e-value of 20 or more against "the difference is at most d", in [-1, 1]; -1 if none has.

    x: shape (n,). A one-sided 95 % bound that holds at every look at once (a confidence sequence); the upper bound is
    `-lower_bound(-x, share)`.
    """
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if log_e(x, share, middle)[-1] >= log(DECISIVE):
            low = middle
        else:
            high = middle
    return low
