"""(key, line that is a JSON object) -> the same with a last field "seal", and whether a line still fits its seal."""

from __future__ import annotations

import hmac

from pytest_ftgate.files.seal import LENGTH, seal

_FIELD = b',"seal":"'
_END = b'"}'
_SIZE = len(_FIELD) + LENGTH + len(_END)


def sealed(key: bytes, line: bytes) -> bytes:
    """line: an object with one field or more, without the line's end."""
    return line[:-1] + _FIELD + seal(key, line).encode() + _END


def is_unchanged(key: bytes, line: bytes) -> bool:
    """Whether a line is, byte by byte, one that was sealed with this key; its end does not count."""
    line = line.rstrip()
    body, field = line[:-_SIZE], line[-_SIZE:]
    if not (field.startswith(_FIELD) and field.endswith(_END)):
        return False
    return hmac.compare_digest(field[len(_FIELD) : -len(_END)], seal(key, body + b"}").encode())
