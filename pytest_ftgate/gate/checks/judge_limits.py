"""When what a judge says is not to be trusted."""

MOST_UNSCORED = 0.05
"""Share of a judge's questions without a verdict above which a run is INTEGRITY."""
