"""Text -> where bank account numbers (IBAN, ISO 13616) stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pytest_ftgate.data.pii.span import Place

_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.A)
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


def ibans(text: str) -> Iterator[Place]:
    """Account numbers with their country's length and a remainder of 1 mod 97. text: in ASCII forms."""
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
