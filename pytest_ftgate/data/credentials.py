"""Text -> kinds of keys and passwords that stand in it: known shapes, and long tokens that look drawn at random."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY"),
        "AWS key": re.compile(r"(?<!\w)(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)"),
        "GitHub token": re.compile(r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
        "GitLab token": re.compile(r"(?<!\w)glpat-[\w-]{20,}"),
        "Slack token": re.compile(r"(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,}"),
        "Stripe key": re.compile(r"(?<!\w)[rs]k_live_[A-Za-z0-9]{16,}"),
        "Google key": re.compile(r"(?<!\w)AIza[\w-]{35}(?!\w)"),
        "Hugging Face token": re.compile(r"(?<!\w)hf_[A-Za-z0-9]{30,}"),
        "API key (sk-)": re.compile(r"(?<![\w-])sk-(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[A-Z])[\w-]{20,}"),
        "JSON web token": re.compile(r"(?<!\w)eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
        "password in a URL": re.compile(r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,100}:[^\s:/@]{3,100}@\w"),
    }
)
_TOKEN = re.compile(r"(?<![\w+=-])[A-Za-z0-9+_=-]{28,}(?![\w+=-])")
_HEX = re.compile(r"[0-9a-fA-F-]+")
LEAST_BITS = 4.1
"""A token of 28 characters drawn from letters and digits has 4.5 bits a character, words joined together under 4."""
LEAST_CHANGES = 0.35
"""In tokens drawn at random .63 on average, and in 99 of 100 over .4; in words run together about .2."""


def credentials(text: str) -> tuple[str, ...]:
    """The kinds found, each once. A digest in hexadecimal digits is none."""
    found = [kind for kind, pattern in _SHAPES.items() if pattern.search(text)]
    return tuple(found) or (("random token",) if any(map(_is_random, _TOKEN.findall(text))) else ())


def _is_random(token: str) -> bool:
    """Letters of both cases and at least three digits, in no order that a word would have."""
    kinds = (str.islower, str.isupper)
    mixed = all(any(map(kind, token)) for kind in kinds) and sum(map(str.isdigit, token)) >= 3
    return mixed and not _HEX.fullmatch(token) and entropy(token) >= LEAST_BITS and _changes(token) >= LEAST_CHANGES


def _changes(token: str) -> float:
    """Share of neighbours of which one is a capital, a small letter or a digit and the other is not."""
    kinds = [(char.islower(), char.isupper(), char.isdigit()) for char in token]
    return sum(one != other for one, other in pairwise(kinds)) / (len(kinds) - 1)


def entropy(token: str) -> float:
    """Shannon's entropy of the characters of a text, in bits a character; 0 for a text of one character, or none."""
    shares = [count / len(token) for count in Counter(token).values()]
    return -sum(share * math.log2(share) for share in shares)
