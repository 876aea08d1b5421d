"""Text -> where numbers of payment cards stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pytest_ftgate.data.pii.arithmetic import is_operand
from pytest_ftgate.data.pii.span import Place
from pytest_ftgate.data.pii.web_addresses import is_within, web_addresses

_CARD = re.compile(
    r"(?<![\w.-])(?:\d{14,19}"
    r"|(?<!(?<!\d)\d{4} )\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?(?! \d{4}(?!\d))|\d{4}([ -])\d{6}\2\d{4,5})"
    r"(?![\w-]|\.\d)",
    re.A,
)
"""Bare, or in the groups that are printed on cards."""
_LENGTHS: Mapping[str, range] = MappingProxyType(
    {
        "4|5[0-8]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]|6[03457]|352[89]|35[3-8]|81|82|9792": range(16, 17),
        "3[47]": range(15, 16),
        "30[0-5]|309|36|3[89]": range(14, 17),
        "62": range(16, 20),
    }
)
"""Digits by what a number begins with: Visa, Mastercard, Maestro, Discover, JCB, Mir, RuPay, Troy; American Express;
Diners; UnionPay."""
_ISSUERS = tuple((re.compile(begin), lengths) for begin, lengths in _LENGTHS.items())
TEST_CARDS = frozenset(
    {
        "4111111111111111",
        "4242424242424242",
        "4012888888881881",
        "4000056655665556",
        "4000000000000002",
        "4000000000009995",
        "4000002500003155",
        "4000000000003220",
        "5555555555554444",
        "5105105105105100",
        "5200828282828210",
        "2223003122003222",
        "2223000048400011",
        "5454545454545454",
        "378282246310005",
        "371449635398431",
        "378734493671000",
        "6011111111111117",
        "6011000990139424",
        "6011000000000004",
        "30569309025904",
        "38520000023237",
        "36227206271667",
        "3530111333300000",
        "3566002020360505",
        "6200000000000005",
        "6304000000000000",
    }
)
"""Numbers that payment services publish for tests, and documentation repeats."""


def cards(text: str) -> Iterator[Place]:
    """Numbers that `is_card`, unless they stand in a web address or are added, subtracted and so on.

    text: in ASCII forms.
    """
    addresses = web_addresses(text)
    for found in _CARD.finditer(text):
        place = found.span()
        if (
            is_card(re.sub(r"\D", "", found.group()))
            and not is_within(place, addresses)
            and not is_operand(text, *place)
        ):
            yield place


def is_card(digits: str) -> bool:
    """An issuer's first digits and length, Luhn's check sum (ISO/IEC 7812-1), and no number for tests."""
    known = any(begin.match(digits) and len(digits) in lengths for begin, lengths in _ISSUERS)
    return known and digits not in TEST_CARDS and luhn(digits)


def luhn(digits: str) -> bool:
    """Whether the digits keep Luhn's check sum: every second from the right doubled, its digits added, all mod 10."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0
