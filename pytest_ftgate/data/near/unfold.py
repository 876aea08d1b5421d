"""Text -> the text with escapes, markup and encodings undone, in as many layers as somebody may have put around it."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable
from urllib.parse import unquote

ROUNDS = 5
"""Layers that are undone at most; each only makes a text shorter."""
LEAST = 16
"""Characters of a run that may be base64, base32 or hexadecimal."""

_COMMENT = re.compile(r"<!--[^<]{0,300}?-->")
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]{0,300}>|\[/?[a-zA-Z]{1,8}(?:=[^\[\]]{0,100})?\]")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_ESCAPE = re.compile(
    r"(?P<bytes>(?:\\x[0-9a-fA-F]{2})+)|\\(?:u\{(?P<braced>[0-9a-fA-F]{1,6})\}|u(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|[nrtfv])"
)
_OF_URLS = str.maketrans("-_", "+/")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_BASE32 = re.compile(r"(?:[A-Z2-7]{8})*(?:[A-Z2-7]{2}|[A-Z2-7]{4}|[A-Z2-7]{5}|[A-Z2-7]{7})?")
_RUN = re.compile(rf"[A-Za-z0-9+/_-]{{{LEAST},}}={{0,6}}")


def unfolded(text: str) -> str:
    """The text without HTML entities, URL and backslash escapes, tags, comments, base64, base32 and hexadecimal.

    What is none of these stays; a run of letters is decoded only if it stands for printable text.
    """
    for _ in range(ROUNDS):
        before = text
        for undo in _UNDO:
            text = undo(text)
        if text == before:
            break
    return text


def _without_percent(text: str) -> str:
    return unquote(text, errors="replace") if "%" in text and _PERCENT.search(text) else text


def _without_escapes(text: str) -> str:
    if "\\" not in text:
        return text
    made = _ESCAPE.sub(_unescaped, text)
    return made.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two halves of one character


def _unescaped(found: re.Match[str]) -> str:
    if run := found["bytes"]:
        raw = bytes.fromhex(run.replace("\\x", ""))
        return _text(raw) or raw.decode("latin-1")
    digits = found["braced"] or found["four"] or found["eight"]
    code = int(digits, 16) if digits else int(found["octal"] or "40", 8)
    return chr(code) if code < 0x110000 else " "


def _without_tags(text: str) -> str:
    return _TAG.sub(" ", _COMMENT.sub(" ", text)) if "<" in text or "[" in text else text


def _decoded(text: str) -> str:
    return _RUN.sub(lambda found: _plain(found.group()), text)


def _plain(run: str) -> str:
    """What the run stands for, if that is text; else the run."""
    bare = run.rstrip("=")
    return next((text for decode in _DECODERS if (text := _text(decode(bare)))), run)


def _text(raw: bytes) -> str:
    """Nothing if the bytes are no text, or one with anything that cannot be seen."""
    try:
        text = raw.decode("utf-16-le" if raw[1:2] == b"\0" and not len(raw) % 2 else "utf-8")
    except UnicodeDecodeError:
        return ""
    return text if all(char.isprintable() or char.isspace() for char in text) else ""


def _hex(run: str) -> bytes:
    return bytes.fromhex(run) if _HEX.fullmatch(run) else b""


def _base64(run: str) -> bytes:
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return base64.b64decode(whole.translate(_OF_URLS) + "==")


def _base32(run: str) -> bytes:
    return base64.b32decode(run + "=" * (-len(run) % 8)) if _BASE32.fullmatch(run) else b""


_DECODERS: tuple[Callable[[str], bytes], ...] = (_hex, _base32, _base64)
_UNDO: tuple[Callable[[str], str], ...] = (html.unescape, _without_percent, _without_escapes, _without_tags, _decoded)
