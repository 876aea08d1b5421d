"""Keys and passwords that this process knows -> texts without them.

A key is read with `secret_in`, an address that may hold a password with `secret_address`. Both remember what they read,
so that `mask` removes it from whatever a server, a log or a library says, wherever that enters.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote

from pytest_ftgate.errors import FtgateError

HIDDEN = "***"
LEAST = 8
"""Characters: what is shorter ("EMPTY", "none") is no secret, and would be cut out of innocent answers."""

VARIABLES = (
    "FTGATE_API_KEY",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "FTGATE_SIGNING_PASSWORD",
)
"""Environment variables whose values are masked although libraries read them, not we."""

_NAMES = tuple(map(os.fsencode, VARIABLES))
_environment: Mapping[bytes, bytes] = getattr(os.environ, "_data", os.environb)
"""What `os.environ` reads, a tenth as slow: it is looked at for every text."""

_remembered: set[str] = set()
_FORBIDDEN = re.compile(r"[^\x20-\x7e\xa0-\xff]|^ | $")
_PLAIN_QUERY = re.compile(r"api-version=(?:v?\d[\d.-]{0,15}(?:-?[a-z]{1,12})?|preview|latest)")
_CREDENTIALS = re.compile(r"(?<=://)(?:[^\s/?#'\"<>]{,512}|[^\s:/@]{,256}:(?!\d+/)[^\s@]{,512})@")
"""User and password of an address inside a text, also where the password has a slash that should be %2F."""


class Secret(str):
    """A text that can be sent, and whose repr is '***': a traceback with local variables does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)


def secret_in(variable: str) -> Secret:
    """The value of an environment variable, masked from now on; "" if it is not set.

    Raises FtgateError, which does not show it, for a value that cannot be a header: line ends and other control
    characters, characters beyond Latin-1, a space at either end.
    """
    found = Secret(os.environ.get(variable, ""))
    if wrong := _FORBIDDEN.search(found):
        raise FtgateError(
            f"environment variable {variable} is not a usable key: character {wrong.start() + 1} of {len(found)} is "
            f"{wrong[0]!a}; expected no line end, control character, or space at either end\n"
            f'    set it again without it, e.g. {variable}="$(cat FILE)"'
        )
    return remember(found)


def remember(secret: str) -> Secret:
    """Mask a key from now on, however it came here."""
    if len(secret) >= LEAST:
        _remembered.add(str(secret))
    return Secret(secret)


def secret_address(url: str) -> str:
    """The address; with a password in it a Secret, masked from now on, also as `Authorization: Basic`."""
    found = _CREDENTIALS.search(url)
    if not found:
        return url
    user, _, password = found[0][:-1].partition(":")
    remember_basic(unquote(user), unquote(password))
    return Secret(url)


def remember_basic(user: str, password: str) -> None:
    """Mask a password from now on, and what `Authorization: Basic` makes of it."""
    if password:
        remember(password)
        remember(base64.b64encode(f"{user}:{password}".encode(errors="surrogatepass")).decode())


def holds_credentials(url: str) -> bool:
    """Whether an address names a user or a password, or has a query or fragment where a key could be.

    Of queries only Azure's is known to hold none: `?api-version=` with a date or a number.
    """
    _, mark, query = url.partition("?")
    return "@" in url or "#" in url or bool(mark and not _PLAIN_QUERY.fullmatch(query))


def plain_address(url: str, option: str, variable: str, *, query: bool = False) -> str:
    """The base URL of a server, without a slash at its end. query: whether it may have one that holds no key.

    Raises FtgateError, which does not show it, if it holds credentials. variable: where a key belongs.
    """
    if holds_credentials(url) or ("?" in url and not query):
        also = " or https://host/path?api-version=2024-10-21" if query else ""
        raise FtgateError(
            f"{option}: the URL holds a user, a password or a query, which would end up in logs; "
            f"expected one such as https://host/v1{also}\n    pass the key as environment variable {variable}"
        )
    return url.rstrip("/")


def mask(text: str) -> str:
    """The text with *** in place of every secret, as it is, percent-encoded or in JSON, and of credentials in URLs.

    A fraction of a microsecond for each secret known, so that every answer of a server can pass.
    """
    text = mask_secrets(text)
    return _CREDENTIALS.sub(f"{HIDDEN}@", text) if "://" in text and "@" in text else text


def mask_secrets(text: str) -> str:
    """The same for an answer that is graded: an address in it is the model's own, and stays."""
    for form in _forms(tuple(map(_environment.get, _NAMES)), len(_remembered)):
        if form in text:
            text = text.replace(form, HIDDEN)
    return text


def mask_bytes(raw: bytes) -> bytes:
    """The same for the body of an answer."""
    text = raw.decode("utf-8", "surrogateescape")
    masked = mask_secrets(text)
    return raw if masked == text else masked.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=1)
def _forms(values: tuple[bytes | None, ...], _known: int) -> tuple[str, ...]:
    """Longest first: a secret may be part of another. known: how many are remembered, as none is ever forgotten."""
    secrets = {os.fsdecode(value).strip() for value in values if value} | _remembered
    found = {form for secret in secrets if len(secret) >= LEAST for form in _written(secret)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _written(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="", errors="surrogatepass")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
