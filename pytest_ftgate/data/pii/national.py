"""Text -> the national ids of several countries in it: patterns, and check sums of python-stdnum (extra `data`).

Most national ids are digits with one check digit, which one number in ten has by chance: those count only near a word
that says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType

from pytest_ftgate.data.pii.check_digits import OWN
from pytest_ftgate.data.pii.span import Finder, Place, Span, spans_in

NOTE = "national ids not checked: pip install 'pytest-ftgate[data]'"

_BEFORE, _AFTER = 60, 30
"""Characters in which the word is looked for that says what a number is."""


@dataclass(frozen=True, slots=True)
class _Id:
    """shape: a pattern. valid: a module of python-stdnum, or a key of `OWN`. words: one must be near it; "" if none."""

    kind: str
    shape: str
    valid: str
    words: str = ""


_IDS = (
    _Id("BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d\d", "br.cpf"),
    _Id("CN_RIC", r"[1-8]\d{5}(?:19|20)\d{9}[\dX]", "cn_ric"),
    _Id("ES_NIE", r"[X-Z]\d{7}-?[A-Z]", "es.nie"),
    _Id("FI_PERSONAL_IDENTITY_CODE", r"\d{6}[-+A-FU-Y]\d{3}[A-Z0-9]", "fi.hetu"),
    _Id("FR_NIR", r"[12] \d\d \d\d \d[\dAB] \d{3} \d{3} \d\d", "fr.nir"),
    _Id("IN_PAN", r"[A-Z]{5}\d{4}[A-Z]", "in_.pan"),
    _Id(
        "IT_FISCAL_CODE",
        r"(?=[A-Z]{6}\w{0,9}\d)[A-Z]{6}[\dL-V]{2}[A-T][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]",
        "it.codicefiscale",
    ),
    _Id("MX_CURP", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[\dA-Z]\d", "mx.curp"),
    _Id("UK_NINO", r"(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", ""),
    _Id("US_SSN", r"\d{3}-\d\d-\d{4}", "us.ssn"),
    _Id("AU_MEDICARE", r"[2-6]\d{3} ?\d{5} ?\d", "au_medicare", "medicare"),
    _Id("AU_TFN", r"\d{3} ?\d{3} ?\d{3}", "au.tfn", "tfn|tax file number"),
    _Id("BR_CPF", r"\d{11}", "br.cpf", "cpf"),
    _Id("CA_SIN", r"\d{3}[ -]?\d{3}[ -]?\d{3}", "ca.sin", "sin|social insurance|assurance sociale|nas"),
    _Id(
        "DE_ID_CARD",
        r"[CFGHJ-NPRTV-Z][CFGHJ-NPRTV-Z\d]{7}\d",
        "de_id_card",
        "(?:personal)?ausweis(?:nummer)?|identity card",
    ),
    _Id(
        "DE_SOCIAL_SECURITY",
        r"\d{8}[A-Z]\d{3}",
        "de_social_security",
        "(?:renten|sozial)?versicherungsnummer|svnr|rvnr",
    ),
    _Id("DE_TAX_ID", r"\d\d ?\d{3} ?\d{3} ?\d{3}", "de.idnr", "steuer-?id|idnr|steueridentifikationsnummer|tax id"),
    _Id("ES_NIF", r"\d{8}-?[A-Z]", "es.dni", "dni|nif|documento nacional"),
    _Id("FR_NIR", r"[12]\d{4}\d[\dAB]\d{8}", "fr.nir", "nir|insee|s[eé]cu(?:rit[eé] sociale)?"),
    _Id("IL_ID", r"\d{9}", "il.idnr", 'תעודת זהות|ת[."]?ז|teudat zehut|israeli id'),
    _Id("IN_AADHAAR", r"\d{4}[ -]?\d{4}[ -]?\d{4}", "in_.aadhaar", "aadhaar|aadhar|uidai|आधार"),
    _Id("JP_MY_NUMBER", r"\d{4}[ -]?\d{4}[ -]?\d{4}", "jp.in_", "マイナンバー|個人番号|my number"),
    _Id("KR_RRN", r"\d{6}-?[1-8]\d{6}", "kr_rrn", "rrn|resident registration|주민등록번호|주민번호"),
    _Id("NG_NIN", r"\d{11}", "ng_nin", "nin|national identification number|national identity number"),
    _Id("PL_PESEL", r"\d{11}", "pl.pesel", "pesel"),
    _Id("SE_PERSONNUMMER", r"(?:\d\d)?\d{6}[-+]?\d{4}", "se.personnummer", "personnummer|samordningsnummer"),
    _Id("SG_NRIC_FIN", r"[STFGM]\d{7}[A-Z]", "sg_nric", "nric|fin"),
    _Id(
        "TH_TNIN",
        r"\d(?:[ -]?\d{4})[ -]?\d{5}[ -]?\d\d[ -]?\d",
        "th.pin",
        "tnin|thai (?:national )?id|เลขประจำตัวประชาชน|บัตรประชาชน",
    ),
    _Id("TR_NATIONAL_ID", r"\d{11}", "tr.tckimlik", "kimlik|tckn|tc no"),
    _Id("UK_NHS", r"\d{3}[ -]?\d{3}[ -]?\d{4}", "gb.nhs", "nhs|national health service"),
    _Id("US_ITIN", r"9\d\d[ -]?\d\d[ -]?\d{4}", "us.itin", "itin|taxpayer id|taxpayer identification"),
    _Id("US_SSN", r"\d{3}[ .]?\d\d[ .]?\d{4}", "us.ssn", "ssn|social security"),
    _Id("ZA_ID_NUMBER", r"\d{13}", "za.idnr", "id number|identity number|rsa id|south african id"),
)
_PLACEHOLDERS = frozenset({"123456789", "987654321", "123121234"})
"""Digits that stand for a US social security number."""


def _alone(shape: str) -> str:
    return rf"(?<!\w)(?:{shape})(?!\w)"


def _word(words: str) -> str:
    """Neither begun nor followed by a Latin letter; other scripts may put no space between words."""
    return rf"(?<![a-z])(?:{words})(?![a-z])"


_EVIDENT = re.compile(_alone("|".join(each.shape for each in _IDS if not each.words)), re.A)
_DENSE = re.compile(r"\d\D?\d\D?\d\D?\d", re.A)
"""What all ids have."""
_ANY_WORD = re.compile(_word("|".join(each.words for each in _IDS if each.words)), re.I | re.A)


class _Finder:
    """Finds one of them. Asks python-stdnum first where something has its shape."""

    def __init__(self, wanted: _Id) -> None:
        self._wanted = wanted
        self._shape = re.compile(_alone(wanted.shape), re.I | re.A)
        self._words = re.compile(_word(wanted.words), re.I | re.A) if wanted.words else None

    def __call__(self, text: str) -> Iterator[Place]:
        if self._words is None or self._words.search(text):
            for found in self._shape.finditer(text):
                if self._is_meant(text, *found.span()) and self._is_valid(found.group()):
                    yield found.span()

    def _is_meant(self, text: str, begin: int, end: int) -> bool:
        if self._words is None:
            return True
        return any(map(self._words.search, (text[max(0, begin - _BEFORE) : begin], text[end : end + _AFTER])))

    def _is_valid(self, written: str) -> bool:
        name, written = self._wanted.valid, written.upper()
        plain = re.sub(r"[ .-]", "", written)
        if plain in _PLACEHOLDERS or not name:
            return not name
        if name in OWN:
            return OWN[name](plain)
        kept = written if name in ("fi.hetu", "se.personnummer") else plain
        try:
            return bool(import_module(f"stdnum.{name}").is_valid(kept))
        except (LookupError, TypeError, ValueError):  # of numbers that it did not expect
            return False


def can_find() -> bool:
    """Whether python-stdnum is installed."""
    return find_spec("stdnum") is not None


def national_ids(text: str) -> Iterator[Span]:
    """Where they stand; kind: country and name, such as US_SSN. None without python-stdnum. text: in ASCII forms."""
    if _DENSE.search(text) and (_ANY_WORD.search(text) or _EVIDENT.search(text.upper())) and can_find():
        for finder in _finders():
            yield from spans_in(text, finder)


@lru_cache(maxsize=1)
def _finders() -> tuple[Mapping[str, Finder], ...]:
    return tuple(MappingProxyType({each.kind: _Finder(each)}) for each in _IDS)
