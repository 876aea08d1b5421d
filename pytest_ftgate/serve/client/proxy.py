"""Address -> the proxy that the environment names for it."""

from __future__ import annotations

import urllib.request
from urllib.parse import urlsplit

from pytest_ftgate.files.secrets import secret_address


def proxy_for(url: str) -> str | None:
    """The proxy's address, a Secret if it holds a password; None for this machine itself, and if there is none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in {"localhost", "127.0.0.1", "::1"} or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.request.getproxies().get(parts.scheme)
    return secret_address(proxy) if proxy else None
