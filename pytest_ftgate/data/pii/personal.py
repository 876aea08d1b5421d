"""Text -> the personal data that stand in it, by patterns and, where there is one, their checksum.

Names and addresses are not looked for: no pattern knows them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pytest_ftgate.data.pii.national import national_ids
from pytest_ftgate.data.pii.span import Finder, Place, Span, kinds_of, spans_in, without

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(?![\w-])", re.I)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.I)
_PHONES = (
    re.compile(r"(?<![\w+.])(?:\+|00)[1-9](?:[ .()-]{0,2}\d){7,14}(?!\w)"),
    re.compile(r"(?<![\w.+-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}(?![\w-])"),
    re.compile(r"(?<![\w.+-])\(?0[1-9]\d{1,4}\)?[ /-]?\d{3,}(?:[ -]\d{2,})*(?![\w-])"),
)
_DIGITS_OF_PHONE = range(9, 16)

_IBAN_LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        country: length
        for length, countries in {
            15: ("NO",),
            16: ("BE",),
            18: ("DK", "FI", "NL"),
            19: ("SI",),
            20: ("AT", "EE", "LT", "LU"),
            21: ("CH", "HR", "LI", "LV"),
            22: ("BG", "DE", "GB", "IE"),
            23: ("AE", "IL"),
            24: ("AD", "CZ", "ES", "RO", "SA", "SE", "SK"),
            25: ("PT",),
            26: ("IS", "TR"),
            27: ("FR", "GR", "IT", "MC", "SM"),
            28: ("CY", "HU", "PL"),
            29: ("BR", "UA"),
            31: ("MT",),
        }.items()
        for country in countries
    }
)
"""Characters of an account number by country (SWIFT's IBAN registry); of other countries 15 to 34."""


def personal_data(text: str) -> tuple[str, ...]:
    """The kinds found, each once: card, IBAN, e-mail, IP address, phone, national ids such as US_SSN."""
    return kinds_of(personal_spans(text))


def personal_spans(text: str) -> tuple[Span, ...]:
    """Where they stand, kind after kind; no two overlap."""
    found = tuple(spans_in(text, _KINDS))
    return (*found, *national_ids(without(text, found)))


def _emails(text: str) -> Iterator[Place]:
    return (found.span() for found in _EMAIL.finditer(text)) if "@" in text else iter(())


def _cards(text: str) -> Iterator[Place]:
    """13 to 19 digits that keep Luhn's check sum (ISO/IEC 7812-1), not all one digit, first digit 2 to 6."""
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found.group())
        if digits[0] in "23456" and len(set(digits)) > 1 and luhn(digits):
            yield found.span()


def luhn(digits: str) -> bool:
    """Whether the digits keep Luhn's check sum: every second from the right doubled, its digits added, all mod 10."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _ibans(text: str) -> Iterator[Place]:
    """Account numbers with their country's length and a remainder of 1 mod 97 (ISO 13616)."""
    for found in _IBAN.finditer(text):
        if end := _end_of_iban(found.group()):
            yield found.start(), found.start() + end


def _end_of_iban(written: str) -> int:
    """Characters of the number at the beginning of the text, 0 if there is none; a capital word may follow it."""
    for end in range(len(written), 14, -1):
        if (end == len(written) or written[end] == " ") and is_iban(written[:end].replace(" ", "")):
            return end
    return 0


def is_iban(account: str) -> bool:
    """Whether an account number without spaces keeps length and check sum."""
    length = _IBAN_LENGTHS.get(account[:2])
    if len(account) != length if length else not 15 <= len(account) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in account[4:] + account[:4])) % 97 == 1


def _addresses(text: str) -> Iterator[Place]:
    """IP addresses of the public networks (of version 6 those of 2000::/3); private and local ones name nobody."""
    for pattern in (_IPV4, _IPV6):
        for found in pattern.finditer(text):
            if _is_global(found.group()):
                yield found.span()


def _is_global(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and (parsed.version == 4 or int(parsed) >> 125 == 1)


def _phones(text: str) -> Iterator[Place]:
    """Numbers of 9 to 15 digits, with + or 00, as in North America, or with a leading 0."""
    for pattern in _PHONES:
        for found in pattern.finditer(text):
            digits = sum(char.isdigit() for char in found.group().removeprefix("00"))
            if digits in _DIGITS_OF_PHONE:
                yield found.span()


_KINDS: Mapping[str, Finder] = MappingProxyType(
    {"card": _cards, "IBAN": _ibans, "e-mail": _emails, "IP address": _addresses, "phone": _phones}
)
"""In this order: what a kind finds is not looked at by those after it."""
