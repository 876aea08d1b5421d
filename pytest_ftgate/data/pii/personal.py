"""Text -> the personal data that stand in it, by patterns and, where there is one, their checksum.

Names and addresses are not looked for: no pattern knows them. Placeholders (someone@example.com, 555-01xx, cards for
tests) are nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pytest_ftgate.data.pii.accounts import ibans
from pytest_ftgate.data.pii.ascii_forms import in_ascii_forms
from pytest_ftgate.data.pii.cards import cards
from pytest_ftgate.data.pii.emails import emails
from pytest_ftgate.data.pii.ip_addresses import ip_addresses
from pytest_ftgate.data.pii.national import national_ids
from pytest_ftgate.data.pii.phones import phones
from pytest_ftgate.data.pii.span import Finder, Span, kinds_of, spans_in, without

_KINDS: Mapping[str, Finder] = MappingProxyType(
    {"card": cards, "IBAN": ibans, "e-mail": emails, "IP address": ip_addresses}
)
"""In this order, then national ids and telephones: what a kind finds is not looked at by those after it."""
_PHONES: Mapping[str, Finder] = MappingProxyType({"phone": phones})
_ANY = re.compile(r"@|::|\d\D{0,3}\d\D{0,3}\d", re.A)
"""What all of them have one of; most rows have none, and are looked at no further."""


def personal_data(text: str) -> tuple[str, ...]:
    """The kinds found, each once: card, IBAN, e-mail, IP address, national ids such as US_SSN, phone."""
    return kinds_of(personal_spans(text))


def personal_spans(text: str) -> tuple[Span, ...]:
    """Where they stand, kind after kind; no two overlap."""
    text = in_ascii_forms(text)
    if not _ANY.search(text):
        return ()
    found = tuple(spans_in(text, _KINDS))
    text = without(text, found)
    ids = tuple(national_ids(text))
    return (*found, *ids, *spans_in(without(text, ids), _PHONES))
