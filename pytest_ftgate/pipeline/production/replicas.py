"""(--server, a file of addresses, DNS names) -> the addresses of all replicas, as they are now."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pytest_ftgate.errors import Fault, FileFaults, FtgateError
from pytest_ftgate.files.secrets import plain_address
from pytest_ftgate.serve.client.key import KEY_VARIABLES

_URL = re.compile(r"https?://[^\s/]+(/[^\s]*)?")


def replicas(urls: Sequence[str], file: Path | None = None, *, resolve: bool = False) -> list[str]:
    """Addresses without /v1, each once, in order; read anew at every call. Raises FtgateError for what is none.

    file: an address a line; empty lines and what follows # do not count. resolve: replace a host's name by all
    addresses that DNS has for it, such as those of the pods behind a headless service; a name that DNS does not know
    now stays, as a replica that is down.
    """
    given = [_address(url, "--server") for url in urls] + (_read(file) if file else [])
    if not given:
        raise FtgateError(
            f"{file}: holds no address" if file else "no server given: --server URL or --servers-file FILE"
        )
    return list(dict.fromkeys(_resolved(given) if resolve else given))


def _read(file: Path) -> list[str]:
    lines = _text(file).splitlines()
    found = [(number, text) for number, line in enumerate(lines, 1) if (text := line.partition("#")[0].strip())]
    faults = [
        Fault(str(file), number, "is not the address of a server, such as http://10.0.0.5:8000")
        for number, text in found
        if not _is_address(text)
    ]
    if faults:
        raise FileFaults(faults)
    return [_address(text, f"{file}:{number}") for number, text in found]


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
        return raw.decode("utf-8")
    except OSError as error:
        raise FtgateError(f"--servers-file: cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileFaults([Fault(str(file), line, f"is not UTF-8 (byte 0x{raw[error.start]:02x})")]) from None


def _is_address(text: str) -> bool:
    """Whether it has a host, and a port that can be."""
    try:
        parts = urlsplit(text)
        return bool(_URL.fullmatch(text) and parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _address(url: str, option: str) -> str:
    address = plain_address(url, option, KEY_VARIABLES[0]).removesuffix("/v1")
    if not _is_address(address):
        raise FtgateError(f"{option}: {url!r} is not the address of a server, such as http://10.0.0.5:8000")
    return address


def _resolved(urls: Iterable[str]) -> Iterator[str]:
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme != "http":
            raise FtgateError(f"--resolve: {url} is not http://; a certificate is valid for the name alone")
        hosts = _hosts(parts.hostname or "", parts.port or 80)
        yield from (parts._replace(netloc=f"{host}:{parts.port or 80}").geturl() for host in hosts)


def _hosts(name: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the latter for a label that no name can have
        return [name]
    hosts = sorted({str(address[0]) for *_, address in found})
    return [f"[{host}]" if ":" in host else host for host in hosts]
