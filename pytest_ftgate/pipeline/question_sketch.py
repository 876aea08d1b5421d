"""Cases -> a sketch of their questions, short enough for a tag; two sketches -> how many questions they share.

A golden set is known by what it asks: new ids, another order, another name, corrected answers, white space or other
graders do not make it one that no candidate has seen.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from pytest_ftgate.data.near.text import asked_of, plain_text
from pytest_ftgate.golden.case import Case

SIZE = 64
"""Questions in a sketch: those with the smallest digests. Sets of fewer cases are compared exactly."""

Sketch = frozenset[str]


@lru_cache(maxsize=16)
def sketch_of(cases: tuple[Case, ...]) -> Sketch:
    """The SIZE smallest digests, 12 hex digits each, of the questions, normalised as the leakage check does."""
    return frozenset(sorted({_digest(case) for case in cases})[:SIZE])


def _digest(case: Case) -> str:
    return hashlib.sha256(plain_text(asked_of(case.input)).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def shared(one: Sketch, other: Sketch) -> float:
    """The share of all questions of two sets that both ask, 0 to 1; estimated from the sketches (bottom-k)."""
    smallest = sorted(one | other)[:SIZE]
    return sum(digest in one and digest in other for digest in smallest) / len(smallest) if smallest else 0.0


def to_tag(sketch: Sketch) -> str:
    """A sketch as the value of a tag."""
    return " ".join(sorted(sketch))


def of_tag(value: str) -> Sketch:
    """A sketch from the value of a tag."""
    return frozenset(value.split())
