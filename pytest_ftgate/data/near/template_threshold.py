"""Number of goldens -> in how many of them an n-gram must stand to be their template, and no evidence."""

SHARE = 0.2
LEAST = 10


def least_of_template(goldens: int) -> float:
    """A fifth of the goldens, and at least ten."""
    return max(LEAST, SHARE * goldens)
