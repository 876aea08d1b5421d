"""Text -> the national ids of several countries that stand in it: patterns and check sums of presidio (extra `data`).

Presidio's pattern recognizers are asked one by one: no language model, no file and no network is touched. Most national
ids are digits with one check digit, which one number in ten has by chance: those count only near a word that says what
they are. Importing presidio takes seconds, since it brings spaCy: it is done at the first text that may hold an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from pytest_ftgate.data.pii.span import Finder, Place, Span, spans_in

NOTE = "national ids not checked: pip install 'pytest-ftgate[data]'"

_EVIDENT: Mapping[str, str] = MappingProxyType(
    {
        "EsNie": r"[X-Z]\d{7}-?[A-Z]",
        "FiPersonalIdentityCode": r"\d{6}[-+A-FU-Y]\d{3}[A-Z0-9]",
        "InPan": r"[A-Z]{5}\d{4}[A-Z]",
        "ItFiscalCode": r"(?=\D{6}\w{0,9}\d)[A-Z]{6}[\dL-V]{2}[A-T][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]",
        "UkNino": r"[A-Z]{2} ?(?:\d\d ?){3}[A-D]",
        "UsSsn": r"\d{3}[- .]\d\d[- .]\d{4}",
    }
)
"""Ids of a shape that is hardly anything else, by the names of presidio's recognizers: where it may be worth to ask."""
_EXPLAINED: Mapping[str, str] = MappingProxyType(
    {
        "AuMedicare": "medicare",
        "AuTfn": "tfn|tax file number",
        "CaSin": "sin|social insurance|assurance sociale|nas",
        "DeIdCard": "personalausweis|ausweis|ausweisnummer|identity card",
        "DeSocialSecurity": "rentenversicherungsnummer|sozialversicherungsnummer|versicherungsnummer|svnr|rvnr",
        "DeTaxId": "steuer-?id|idnr|steueridentifikationsnummer|tax id",
        "EsNif": "dni|nif|documento nacional",
        "InAadhaar": "aadhaar|aadhar|uidai|आधार",
        "KrRrn": "rrn|resident registration|주민등록번호",
        "NgNin": "nin|national identification number|national identity number",
        "Nhs": "nhs|national health service",
        "PlPesel": "pesel",
        "SePersonnummer": "personnummer|samordningsnummer",
        "SgFin": "nric|fin",
        "ThTnin": "tnin|thai id|thai national id|เลขประจำตัวประชาชน|บัตรประชาชน",
        "TrNationalId": "kimlik|tckn|tc no",
        "UsItin": "itin|taxpayer id|taxpayer identification",
        "ZaIdNumber": "id number|identity number|rsa id|south african id",
    }
)
"""Ids that are mere digits, and the words of which one must stand near them."""
_LEAST_SCORE = 0.5
"""Of presidio's patterns; a check sum that fits makes it 1."""
_BEFORE, _AFTER = 60, 30
"""Characters in which that word is looked for."""
_SHAPE = re.compile(rf"(?<!\w)(?:{'|'.join(_EVIDENT.values())})(?!\w)", re.I)
_DIGITS = re.compile(r"\d[\d /.:-]{5}")


def _words(some: str) -> re.Pattern[str]:
    """Any of the words; Thai does not put spaces between them."""
    return re.compile(rf"(?<![^\W\u0e00-\u0e7f])(?:{some})(?![^\W\u0e00-\u0e7f])", re.I)


_ANY_WORD = _words("|".join(_EXPLAINED.values()))


@dataclass(frozen=True, slots=True)
class _Kind:
    """recognizer: of presidio. words: what must stand near it, None if nothing must."""

    recognizer: Any
    words: re.Pattern[str] | None

    def __call__(self, text: str) -> Iterator[Place]:
        for hit in self.recognizer.analyze(text, self.recognizer.supported_entities):
            if self._is_meant(text, hit.start, hit.end) or (self.words is None and hit.score >= _LEAST_SCORE):
                yield hit.start, hit.end

    def _is_meant(self, text: str, begin: int, end: int) -> bool:
        if self.words is None:
            return False
        return any(map(self.words.search, (text[max(0, begin - _BEFORE) : begin], text[end : end + _AFTER])))


def can_find() -> bool:
    """Whether presidio is installed; asked without importing it."""
    return find_spec("presidio_analyzer") is not None


def national_ids(text: str) -> Iterator[Span]:
    """Where they stand; kind: presidio's name, such as US_SSN. None without presidio."""
    if (_SHAPE.search(text) or (_DIGITS.search(text) and _ANY_WORD.search(text))) and can_find():
        yield from spans_in(text, _kinds())


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, Finder]:
    made = [*(_explained(name, words) for name, words in _EXPLAINED.items()), *map(_evident, _EVIDENT)]
    return MappingProxyType({kind.recognizer.supported_entities[0]: kind for kind in made})


def _explained(name: str, words: str) -> _Kind:
    return _Kind(_recognizer(name)(), _words(words))


def _evident(name: str) -> _Kind:
    """Without presidio's weak patterns: they would find anything, and take minutes for a long text."""
    made = _recognizer(name)
    checked = name == "ItFiscalCode"
    return _Kind(made(patterns=[each for each in made.PATTERNS if checked or each.score >= _LEAST_SCORE]), None)


def _recognizer(name: str) -> Any:
    from presidio_analyzer import predefined_recognizers

    return getattr(predefined_recognizers, f"{name}Recognizer")
