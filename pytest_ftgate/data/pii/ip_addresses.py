"""Text -> where public IP addresses stand in it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from pytest_ftgate.data.pii.span import Place

_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)(?! ?(?:Euros?\b|EUR\b|USD\b|[€$£]))", re.A)
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.I | re.A)
_LARGEST_OF_VERSION = 31
"""Four numbers up to this are a version, a section, or a resolver for everyone (8.8.8.8); of addresses 1 in 4,096."""
_VERSION = re.compile(r"(?:\bv(?:er(?:sion)?)?|\brelease|\bbuild)[ .:=]{0,2}$", re.I | re.A)


def ip_addresses(text: str) -> Iterator[Place]:
    """Those of the public networks (of version 6 in 2000::/3); private ones and those for documentation name nobody.

    text: in ASCII forms.
    """
    for found in _IPV4.finditer(text):
        if _is_public(found.group()) and not _VERSION.search(text[max(0, found.start() - 12) : found.start()]):
            yield found.span()
    for found in _IPV6.finditer(text) if text.count(":") > 1 else ():
        if _is_public(found.group()):
            yield found.span()


def _is_public(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    if address.version == 4:
        return address.is_global and max(address.packed) > _LARGEST_OF_VERSION
    return address.is_global and int(address) >> 125 == 1
