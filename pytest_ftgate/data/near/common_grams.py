"""Texts -> the codes of the 5-grams that stand in so many of them that they are a template, and no evidence."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import numpy as np

from pytest_ftgate.data.near.gram_codes import gram_codes, without
from pytest_ftgate.data.near.rolling_hash import Hashes
from pytest_ftgate.data.near.template_threshold import least_of_template
from pytest_ftgate.data.readers.normalize import short_digest

SAMPLED = 10_000
"""Texts that are counted, those of the least digests: whatever their order, and a share of .2 is told to .004."""


def sampled(texts: Iterable[str]) -> list[str]:
    """At most 10,000 of them, by digest."""
    return heapq.nsmallest(SAMPLED, texts, key=short_digest)


def common_grams(sample: Sequence[str]) -> Hashes:
    """Sorted: what stands in a fifth of the sample and in ten or more of its texts."""
    codes = np.concatenate([*map(gram_codes, sample), np.zeros(0, np.uint64)])
    known, counts = np.unique(codes, return_counts=True)
    return known[counts >= least_of_template(len(sample))]


def shared_note(sample: Sequence[str], templates: Hashes) -> str:
    """How many texts are mostly template, so that copies of them may go unseen; "" if there are none."""
    codes = list(map(gram_codes, sample)) if len(templates) else []
    count = sum(2 * len(without(each, templates)) < len(each) for each in codes)
    if not count:
        return ""
    return f"{count:,} of {len(sample):,} texts are mostly text that a fifth of them share, which was not compared"
