"""Text -> the text in plain letters: without marks, and with what looks like a Latin letter as that letter."""

from __future__ import annotations

import re
import unicodedata

_PAIRS = (
    ("авеіјкмнорстухѕһԁԛԝѵьӏүАВЕІЈКМНОРСТУХЅԌԚԜѴӀҮ", "abeijkmhopctyxshdqwvbiyabeijkmhopctyxsgqwviy"),  # Cyrillic
    ("αβγεηικμνορσςτυχωϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abyenikuvopoctuxwjabezhikmnoptyx"),  # Greek
    ("օոսհցզյքՕՍՏԼ", "onuhgqjpousl"),  # Armenian
    ("ɑɩǀ℮", "aile"),
)
_LIKE = {ord(one): other for ones, others in _PAIRS for one, other in zip(ones, others, strict=True)}
_NAMED = re.compile(
    r"(?:LATIN (?:SMALL|CAPITAL) LETTER (?:DOTLESS |SCRIPT )?|LATIN LETTER SMALL CAPITAL "
    r"|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER |REGIONAL INDICATOR SYMBOL LETTER )([A-Z])(?: WITH .+)?"
)
_TAGS = range(0xE0020, 0xE007F)
"""Characters that no font shows, each of which stands for one of ASCII."""


def plain_letters(text: str) -> str:
    """Without combining marks; Cyrillic, Greek and Armenian lookalikes and Latin variants as plain Latin letters.

    Texts in those scripts stay different texts: each of their letters becomes the same whatever stands around it.
    """
    return text if text.isascii() else unicodedata.normalize("NFKD", text).translate(_TABLE)


class _Table(dict[int, str]):
    """Code point -> what stands for it, looked up once."""

    def __missing__(self, code: int) -> str:
        self[code] = made = _replacement(code)
        return made


def _replacement(code: int) -> str:
    if code < 128:
        return chr(code)
    if code in _TAGS:
        return chr(code - 0xE0000)
    if unicodedata.category(chr(code)) in ("Mn", "Me"):
        return ""
    named = _NAMED.fullmatch(unicodedata.name(chr(code), ""))
    return named.group(1).lower() if named else _LIKE.get(code, chr(code))


_TABLE = _Table()
