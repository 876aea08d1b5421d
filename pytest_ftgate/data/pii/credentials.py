"""Text -> the keys and passwords that stand in it: known shapes, and long tokens that look drawn at random."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType

from pytest_ftgate.data.pii.span import Finder, Place, Span, kinds_of, spans_in

_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "private key": re.compile(
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?:-----(?:(?:[^-]|-(?!----)){0,20000}-----END [A-Z ]{0,40}PRIVATE KEY"
            r"-----|(?:\s*[A-Za-z0-9+/=]{40,76})*))?",
            re.A,
        ),
        "AWS key": re.compile(r"(?<!\w)(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)", re.A),
        "AWS secret": re.compile(r"(?i:aws_?secret_?(?:access_?)?key)\W{1,5}([A-Za-z0-9/+]{40})(?![\w/+])", re.A),
        "GitHub token": re.compile(r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})", re.A),
        "GitLab token": re.compile(r"(?<!\w)glpat-[\w-]{20,}", re.A),
        "Slack token": re.compile(r"(?<!\w)(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}", re.A),
        "Slack webhook": re.compile(r"(?<=hooks\.slack\.com/services/)T\w{6,}/B\w{6,}/\w{16,}", re.A),
        "Stripe key": re.compile(r"(?<!\w)[rs]k_live_[A-Za-z0-9]{16,}", re.A),
        "Google key": re.compile(r"(?<!\w)AIza[\w-]{35}(?!\w)", re.A),
        "Hugging Face token": re.compile(r"(?<!\w)hf_[A-Za-z0-9]{30,}", re.A),
        "npm token": re.compile(r"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)", re.A),
        "PyPI token": re.compile(r"(?<!\w)pypi-AgE[\w-]{50,}", re.A),
        "SendGrid key": re.compile(r"(?<!\w)SG\.[\w-]{16,}\.[\w-]{32,}", re.A),
        "Anthropic key": re.compile(r"(?<![\w-])sk-ant-[\w-]{20,}", re.A),
        "OpenAI key": re.compile(r"(?<![\w-])sk-(?:proj|svcacct|admin)-[\w-]{20,}", re.A),
        "API key (sk-)": re.compile(r"(?<![\w-])sk-(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[A-Z])[\w-]{20,}", re.A),
        "JSON web token": re.compile(r"(?<!\w)eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}", re.A),
        "password in a URL": re.compile(
            r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,100}:(?!<)([^\s:/@]{3,100})@(?=[\w\[]|[^\0-\x7f])",
            re.A,
        ),
    }
)
"""Where a pattern has a group, that is the secret."""
_TOKEN = re.compile(r"(?<![\w+=-])[A-Za-z0-9+_=-]{28,}(?![\w+=-])")
_HEX = re.compile(r"[0-9a-fA-F-]+")
LEAST_BITS = 4.1
"""A token of 28 characters drawn from letters and digits has 4.5 bits a character, words joined together under 4."""
LEAST_CHANGES = 0.35
"""In tokens drawn at random .63 on average, and in 99 of 100 over .4; in words run together about .2."""


def credentials(text: str) -> tuple[str, ...]:
    """The kinds found, each once. A digest in hexadecimal digits is none."""
    return kinds_of(credential_spans(text))


def credential_spans(text: str) -> Iterator[Span]:
    """Where they stand, kind after kind; no two overlap."""
    return spans_in(text, _KINDS)


def _shaped(pattern: re.Pattern[str]) -> Finder:
    """A finder of one shape."""
    return lambda text: [found.span(pattern.groups) for found in pattern.finditer(text)]


def _random(text: str) -> Iterator[Place]:
    return (found.span() for found in _TOKEN.finditer(text) if _is_random(found.group()))


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


_KINDS: Mapping[str, Finder] = MappingProxyType(
    {**{kind: _shaped(pattern) for kind, pattern in _SHAPES.items()}, "random token": _random}
)
