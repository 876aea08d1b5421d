"""(Suite, limit) -> the same with fewer cases, drawn by a seed."""

from __future__ import annotations

import random
from dataclasses import replace

from pytest_ftgate.evaluate.suite import Suite


def drawn(suite: Suite, limit: int | None) -> Suite:
    """At most `limit` cases, in their order, the same in every run; all of them for None or 0."""
    if not limit or limit >= len(suite.cases):
        return suite
    places = sorted(random.Random(0).sample(range(len(suite.cases)), limit))  # noqa: S311 - a draw, no secret
    return replace(suite, cases=tuple(suite.cases[place] for place in places))
