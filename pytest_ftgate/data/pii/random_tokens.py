"""Text -> where long tokens stand in it that look drawn at random, as keys of unknown shape do."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from pytest_ftgate.data.pii.span import Place
from pytest_ftgate.data.pii.web_addresses import disjoint, is_within, web_addresses

_TOKEN = re.compile(r"(?<![\w+-])[A-Za-z0-9+_-]{28,}={0,2}(?![\w+=-])", re.A)
_HEX = re.compile(r"[0-9a-fA-F-]+")
_ENCODED = re.compile(
    r"data:[\w/+.-]{1,80}(?:;[\w=-]{1,40})*;base64,[A-Za-z0-9+/=]*"
    r"|(?<![A-Za-z0-9+/])(?:iVBORw0KGgo|/9j/|R0lGOD|JVBERi0|UEsDB|UklGR|H4sI|AAAA[BCE]|AAABAA|PHN2Zy|PD94bWw|T2dnUw|SUQz)"
    r"[A-Za-z0-9+/=]*(?:\r?\n[A-Za-z0-9+/=]{60,})*"
    r"|-----BEGIN (?:CERTIFICATE|(?:[A-Z]+ ){0,3}PUBLIC KEY|PGP MESSAGE|PGP SIGNATURE)[A-Z ]{0,20}-----[^-]{0,20000}",
    re.A,
)
"""Pictures, archives, documents, public keys and certificates in base64, by their first bytes."""
_DIGEST = re.compile(r"(?:sha-?\d{1,3}|md5|h1|integrity)[-:=\"' ]{1,4}$", re.I | re.A)
_WHOLE_DIGEST = re.compile(
    r"(?<!\w)(?:sha-?(?:1|256|384|512)|md5|h1)[-:=/][\"']?[A-Za-z0-9+/]{22,86}={0,2}(?![A-Za-z0-9+/])", re.I | re.A
)
"""In base64, whose slashes part no tokens here."""
_DIGEST_ITSELF = re.compile(r"(?:sha\d{1,3}|md5)[-=]", re.I)
_FILE = re.compile(r"(?:%[0-9A-F]{2}[\w%+-]{0,100})?\.[A-Za-z][A-Za-z0-9]{1,4}(?!\w)", re.A)
_WORD = re.compile(r"[A-Z]?[a-z]{2,}\d{0,4}|[A-Z]{2,}\d{0,4}|\d{1,8}[a-z]{0,3}")
LEAST_BITS = 4.1
"""A token of 28 characters drawn from letters and digits has 4.5 bits a character, words joined together under 4."""
LEAST_CHANGES = 0.35
"""In tokens drawn at random .63 on average, and in 99 of 100 over .4; in words run together about .2."""
MOST_WORDS = 0.5
"""Share of the characters in words between hyphens and underscores."""


def random_tokens(text: str) -> Iterator[Place]:
    """28 characters or more; none that is part of an encoded file, a digest, a file's name, or a web address's path."""
    found = [each for each in _TOKEN.finditer(text) if _is_random(each.group())]
    if found:
        known = disjoint(
            [*(each.span() for kind in (_ENCODED, _WHOLE_DIGEST) for each in kind.finditer(text)), *_paths(text)]
        )
        yield from (each.span() for each in found if not (is_within(each.span(), known) or _is_named(text, each)))


def _paths(text: str) -> Iterator[Place]:
    """Web addresses up to their query: what follows may be a key."""
    for begin, end in web_addresses(text):
        yield begin, begin + len(re.split(r"[?#]", text[begin:end], maxsplit=1)[0])


def _is_named(text: str, token: re.Match[str]) -> bool:
    """Whether what stands beside a token says that it is a digest or the name of a file."""
    return bool(_FILE.match(text, token.end()) or _DIGEST.search(text[max(0, token.start() - 16) : token.start()]))


def _is_random(token: str) -> bool:
    """Letters of both cases and at least three digits, in no order that words have, and no text in base64."""
    kinds = (str.islower, str.isupper)
    mixed = all(any(map(kind, token)) for kind in kinds) and sum(map(str.isdigit, token)) >= 3
    drawn = mixed and not _HEX.fullmatch(token) and entropy(token) >= LEAST_BITS and changes(token) >= LEAST_CHANGES
    return drawn and not (_DIGEST_ITSELF.match(token) or share_of_words(token) > MOST_WORDS or _says_something(token))


def changes(token: str) -> float:
    """Share of neighbours of which one is a capital, a small letter or a digit and the other is not."""
    kinds = [(char.islower(), char.isupper(), char.isdigit()) for char in token]
    return sum(one != other for one, other in pairwise(kinds)) / (len(kinds) - 1)


def share_of_words(token: str) -> float:
    """Of the characters between hyphens and underscores, those in words and short numbers."""
    parts = re.split(r"[-_+=]+", token)
    return sum(len(part) for part in parts if _WORD.fullmatch(part)) / max(1, sum(map(len, parts)))


def _says_something(token: str) -> bool:
    """Whether it is several words in base64."""
    whole = token[: len(token) // 4 * 4]
    try:
        written = base64.b64decode(whole, validate=True).decode("ascii")
    except ValueError:
        return False
    return written.replace("\n", " ").isprintable() and " " in written


def entropy(token: str) -> float:
    """Shannon's entropy of the characters of a text, in bits a character; 0 for a text of one character, or none."""
    shares = [count / len(token) for count in Counter(token).values()]
    return -sum(share * math.log2(share) for share in shares)
