"""Lines of a record <-> the same with seals, each over its line and the seal before.

So an edited, added, removed or moved line is found, with its number. A record in a state folder is sealed with the key
of that folder. One that travels to another machine is sealed with a key that everybody knows: that finds damage and
careless edits, and trusts the place it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_ftgate.files.seal import LENGTH, seal

PUBLIC = b"pytest-ftgate: a record that travels"
_FIELD = b',"seal":"'
_SIZE = len(_FIELD) + LENGTH + len(b'"}')


class Chain:
    """Seals, or checks, the lines of one record in order; begin a new one for each record."""

    def __init__(self, key: bytes) -> None:
        self._key, self._before = key, ""

    def sealed(self, line: bytes) -> bytes:
        """The line, a JSON object without its end, with its seal as last field."""
        self._before = seal(self._key, self._before.encode() + line)
        return line[:-1] + _FIELD + self._before.encode() + b'"}'

    def fits(self, line: bytes) -> bool:
        """Whether the line, without its end, is the one that was sealed here."""
        return self.sealed(unsealed(line)) == line


def sealed(key: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    """All lines of one record with their seals."""
    chain = Chain(key)
    yield from map(chain.sealed, lines)


def unsealed(line: bytes) -> bytes:
    """A sealed line without its seal."""
    return line[:-_SIZE] + b"}"
