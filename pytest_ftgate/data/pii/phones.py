"""Text -> where telephone numbers stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_ftgate.data.pii.arithmetic import is_operand
from pytest_ftgate.data.pii.span import Place
from pytest_ftgate.data.pii.web_addresses import is_within, web_addresses

_START, _STOP = r"(?<![\w.+-])", r"(?![\w-])"
_FORMS = (
    r"(?<![\w+.])(?:\+|00)[1-9](?:[ .()-]{0,2}\d){7,14}(?!\w)",  # international
    rf"{_START}(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d([ .-])(?=\d{{3}}\1))[2-9]\d\d[ .-]\d{{4}}{_STOP}",  # USA
    rf"{_START}\(?0[1-9]\d{{1,4}}\)?[ /-]?\d{{3,}}(?:[ -]\d{{2,}})*{_STOP}",  # with the 0 of its country
    rf"{_START}0[1-9]([ .-])\d\d(?:\1\d\d){{3}}{_STOP}",  # in pairs, as in France
    rf"{_START}(?:\(0[1-9]\) ?|0[1-9]-)\d{{3,4}}[ -]?\d{{4}}{_STOP}",  # as in Japan, Thailand, Israel, Australia
    rf"{_START}1[3-9]\d([ -])\d{{4}}\1\d{{4}}{_STOP}",  # mobile, China
    rf"{_START}8(?: ?\(\d{{3,4}}\) ?\d{{2,3}}|([ -])9\d\d\1\d{{3}})[ -]?\d\d[ -]?\d\d{_STOP}",  # Russia
    rf"{_START}\([1-9]\d\) ?9?\d{{4}}-\d{{4}}{_STOP}",  # Brazil
)
_PHONES = tuple(re.compile(form, re.A) for form in _FORMS)
_NAMED = re.compile(
    r"(?:(?:(?<![a-z])(?:tele(?:ph|f)on\w*|tel[eé]fono|tel(?! aviv)|phone|mobile|m[oó]vil"
    r"|celular|whats\s?app|fax|cep)(?![a-z])"
    r"|(?<![А-яё])[Тт]ел(?:ефон[а-я]*|(?![А-яё]))|电话|電話|手机|手機|携帯|微信|致电|联系方式|전화|휴대폰|연락처|โทร"
    r"|điện thoại|sđt|هاتف|جوال|موبايل|تلفن|טלפון|נייד|फ़ोन|फोन|मोबाइल|ទូរស័ព្ទ)"
    r"(?!\W{0,3}(?:see |on |from )?(?:page|order|ticket|invoice)(?![a-z]))"
    r"(?:[^\d\n+]{0,11}[^\w\n+])?"
    r"|(?<![a-z])call(?:\s(?:me|us))?(?:\s(?:at|on))?[: ]{0,2})"
    r"(\+?\(?\d(?:[ .()-]{0,2}\d){7,14})(?![\w-]|[. ]?\d)",
    re.I | re.A,
)
"""A number of 8 to 15 digits after a word that says what it is."""
_LONG = re.compile(r"\d(?:[ .()-]{0,2}\d){7}", re.A)
"""What all of them have."""
_NO_PHONE = re.compile(r"\d+\.\d+|\d{1,4}([./-])\d{1,2}\1\d{1,4}", re.A)
"""A decimal, a date."""
_DIGITS = range(9, 16)
_FICTITIOUS = re.compile(r"1?[2-9]\d\d55501\d\d|(?:44|0)(?:1632960|7700900|2079460|80815705?)\d{3,4}")
"""Numbers kept free for stories and documentation in North America and, by Ofcom, in Britain."""
_ISBN = re.compile(r"ISBN[-: 0-9]{0,12}$", re.I | re.A)


def phones(text: str) -> Iterator[Place]:
    """Numbers of 9 to 15 digits in the forms above, of 8 after a word for telephone; no fictitious ones.

    None that stands in a web address, is an ISBN, or is added, subtracted and so on. text: in ASCII forms.
    """
    if not _LONG.search(text):
        return
    addresses = web_addresses(text)
    places = sorted({place for place in _candidates(text) if not is_within(place, addresses)})
    end = 0
    for place in places:
        if place[0] >= end and _is_phone(text, place):
            yield place
            end = place[1]


def _candidates(text: str) -> Iterator[Place]:
    for pattern in _PHONES:
        yield from (found.span() for found in pattern.finditer(text) if _digits(found.group()) in _DIGITS)
    yield from (found.span(1) for found in _NAMED.finditer(text) if not _NO_PHONE.fullmatch(found[1]))


def _digits(written: str) -> int:
    return sum(map(str.isdigit, written.removeprefix("00")))


def _is_phone(text: str, place: Place) -> bool:
    begin, end = place
    digits = re.sub(r"\(0\)|\D", "", text[begin:end]).removeprefix("00")
    before = text[max(0, begin - 20) : begin]
    return not (_FICTITIOUS.fullmatch(digits) or _ISBN.search(before) or is_operand(text, begin, end))
