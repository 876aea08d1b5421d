"""Number of texts -> in how many of them a sequence of characters must stand to be common to all, and no evidence."""

SHARE = 0.2
LEAST = 10


def least_of_template(goldens: int) -> float:
    """A fifth of the goldens, and at least ten."""
    return max(LEAST, SHARE * goldens)
