"""Address -> the proxy that the environment names for it."""

from __future__ import annotations

import ipaddress
import urllib.request
from urllib.parse import urlsplit

from pytest_ftgate.files.secrets import secret_address


def proxy_for(url: str) -> str | None:
    """The proxy's address, a Secret if it holds a password; None for this machine itself, and if there is none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.request.getproxies().get(parts.scheme)
    return secret_address(proxy) if proxy else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: localhost, 127.0.0.0/8, ::1, and 0.0.0.0 and ::, which lead there."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return bool(plain.is_loopback or plain.is_unspecified)
