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
    lines = file.read_text("utf-8").splitlines()
    found = [(number, text) for number, line in enumerate(lines, 1) if (text := line.partition("#")[0].strip())]
    faults = [
        Fault(str(file), number, "is not the address of a server, such as http://10.0.0.5:8000")
        for number, text in found
        if not _URL.fullmatch(text)
    ]
    if faults:
        raise FileFaults(faults)
    return [_address(text, f"{file}:{number}") for number, text in found]


def _address(url: str, option: str) -> str:
    address = plain_address(url, option, KEY_VARIABLES[0]).removesuffix("/v1")
    if not _URL.fullmatch(address):
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
    except OSError:
        return [name]
    hosts = sorted({str(address[0]) for *_, address in found})
    return [f"[{host}]" if ":" in host else host for host in hosts]
