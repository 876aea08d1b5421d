"""(base URL of a server, path) -> the address of a request, and the headers that carry the key there."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from pytest_ftgate.files.secrets import Secret

AZURE = "api-version"
"""The parameter of Azure's addresses, where keys are sent in a header of their own."""


def address_of(base_url: str, path: str) -> str:
    """The address of "/models", say, below a base URL; the query of the base URL ends it.

    https://host/v1?api-version=1 and /models are https://host/v1/models?api-version=1.
    """
    base, mark, query = base_url.partition("?")
    return base.rstrip("/") + path + mark + query


def key_headers(url: str, key: str) -> dict[str, str]:
    """The headers with a key; {} without one. Azure wants keys as `api-key`, tokens as all do.

    Whether the key is masked in what is printed is for the caller: `ftgate serve` tells its own.
    """
    if not key:
        return {}
    headers: dict[str, str] = {"Authorization": Secret(f"Bearer {key}")}
    if AZURE in dict(parse_qsl(urlsplit(url).query)):
        headers["api-key"] = Secret(key)
    return headers
