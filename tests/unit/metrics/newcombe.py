"""Four counts of a paired table -> Newcombe's interval of the difference, to hold ours against."""

from math import sqrt

from pytest_ftgate.metrics.intervals import wilson


def newcombe(a, b, c, d, alpha):
    """Newcombe 1998, Statistics in Medicine 17:2635, method 10 (square and add, with the correlation corrected)."""
    n = a + b + c + d
    p1, p2 = (a + b) / n, (a + c) / n
    (l1, u1), (l2, u2) = wilson(a + b, n, alpha), wilson(a + c, n, alpha)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    cross = max(cross - n / 2, 0) if cross > 0 else cross
    phi = cross / sqrt(product) if product else 0.0
    low = sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    return p1 - p2 - low, p1 - p2 + high
