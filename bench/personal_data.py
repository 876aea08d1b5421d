"""`python -m bench.personal_data`: personal data, and what only looks like it, planted in texts of many scripts -> how
many are cut exactly, missed, or cut by mistake; a table in docs/how-to/training-data.md.

The texts are words of the stop lists that spaCy has for each language, so that nothing personal is in them by chance.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import random
import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_ftgate.data.pii.accounts import is_iban
from pytest_ftgate.data.pii.cards import is_card
from pytest_ftgate.data.pii.placeholders import redacted_text

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "training-data.md"
BEGIN, END = "<!-- personal data: begin (written by `make bench-data`) -->", "<!-- personal data: end -->"
KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Language:
    """code: spaCy's. spaced: whether words have spaces between them. digits: ten, of its script."""

    name: str
    code: str
    spaced: bool = True
    digits: str = "0123456789"
    is_latin: bool = False


LANGUAGES = (
    Language("English", "en", is_latin=True),
    Language("Chinese", "zh", spaced=False),
    Language("Japanese", "ja", spaced=False, digits="０１２３４５６７８９"),
    Language("Thai", "th", spaced=False, digits="๐๑๒๓๔๕๖๗๘๙"),
    Language("Korean", "ko"),
    Language("Hindi", "hi", digits="०१२३४५६७८९"),
    Language("Arabic", "ar", digits="٠١٢٣٤٥٦٧٨٩"),
    Language("Persian", "fa", digits="۰۱۲۳۴۵۶۷۸۹"),
    Language("Hebrew", "he"),
    Language("Russian", "ru"),
    Language("Turkish", "tr", is_latin=True),
    Language("Vietnamese", "vi", is_latin=True),
)


@dataclass
class Score:
    """Texts. exact: just what was planted was cut. missed: nothing was. false: harmless ones that were cut."""

    planted: int = 0
    exact: int = 0
    missed: int = 0
    harmless: int = 0
    false: int = 0

    def add(self, other: Score) -> None:
        """The sums."""
        for name in ("planted", "exact", "missed", "harmless", "false"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


Draw = random.Random
Value = Callable[[Draw], str]


def _digits(draw: Draw, count: int) -> str:
    return "".join(draw.choices("0123456789", k=count))


def _number(draw: Draw, least: int, most: int) -> str:
    return draw.choice("123456789") + _digits(draw, draw.randint(least, most) - 1)


def _email(draw: Draw) -> str:
    names = ("anna", "li.wei", "omar_h", "k.tanaka77", "jose+news", "dvora-l", "m.nguyen")
    domains = ("birch.de", "north-mill.co.uk", "uni-ulm.de", "mail.tallink.org", "163mail.cn")
    return f"{draw.choice(names)}@{draw.choice(domains)}"


def _card(draw: Draw) -> str:
    while not is_card(number := draw.choice(("4", "51", "53", "2230", "62")).ljust(2, "7") + _digits(draw, 14)[:14]):
        pass
    return number if draw.random() < 0.5 else " ".join(re.findall("....", number))


def _iban(draw: Draw) -> str:
    account = _digits(draw, 18)
    return next(iban for check in range(2, 99) if is_iban(iban := f"DE{check:02}{account}"))


def _phone(draw: Draw) -> str:
    forms = (
        "+49 30 #######", "+91 98### #####", "+8613#########", "+966 50 ### ####", "(212) 5##-7###", "212-5##-7###",
        "03-####-####", "010-####-####", "081-###-####", "0532 ### ## ##",
        "06 ## ## ## ##", "8 (912) ###-##-##", "0912 345 ###",
    )  # fmt: skip
    return re.sub("#", lambda _: draw.choice("23456789"), draw.choice(forms))


def _address(draw: Draw) -> str:
    return f"{draw.randint(60, 99)}.{draw.randint(0, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"


def _ssn(draw: Draw) -> str:
    return f"{draw.randint(100, 665)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}"


def _key(draw: Draw) -> str:
    return draw.choice(("ghp_", "hf_")) + "".join(draw.choices(KEY_CHARACTERS, k=36))


PERSONAL: Mapping[str, tuple[str, Value]] = {
    "e-mail": ("<EMAIL>", _email),
    "card": ("<CARD>", _card),
    "IBAN": ("<IBAN>", _iban),
    "phone": ("<PHONE>", _phone),
    "IP address": ("<IP_ADDRESS>", _address),
    "US_SSN": ("<US_SSN>", _ssn),
    "key": ("<SECRET>", _key),
}


def _sum(draw: Draw) -> str:
    one, other = int(_number(draw, 3, 16)), int(_number(draw, 3, 16))
    sign = draw.choice("+-*")
    return f"{one} {sign} {other} = {one + other if sign == '+' else one - other if sign == '-' else one * other}"


def _date(draw: Draw) -> str:
    year, month, day = draw.randint(1900, 2030), draw.randint(1, 12), draw.randint(1, 28)
    forms = ("{0}-{1:02}-{2:02} 12:30:45", "{2:02}/{1:02}/{0}", "{2:02}.{1:02}.{0}", "{0}{1:02}{2:02}")
    return draw.choice(forms).format(year, month, day)


def _isbn(draw: Draw) -> str:
    first = f"978{_digits(draw, 9)}"
    check = -sum(int(digit) * (1 + place % 2 * 2) for place, digit in enumerate(first)) % 10
    return f"ISBN {first[:3]}-{first[3]}-{first[4:7]}-{first[7:]}-{check}"


def _placeholder(draw: Draw) -> str:
    mail = ("me@example.com", "your_name@mail.de", "foo@bar.com", "a@b.org")
    return draw.choice((*mail, "(212) 555-0143", "192.0.2.7", "4111 1111 1111 1111"))


def _picture(draw: Draw) -> str:
    return f"data:image/png;base64,iVBORw0KGgo{base64.b64encode(draw.randbytes(60)).decode()}"


def _link(draw: Draw) -> str:
    last = draw.choice(("Old_Stone_Bridge_2019_{0}.jpg", "status/{0}", "a1B2c3_{0}_Map_Of_Rivers_50m.zip", "?id={0}"))
    return f"https://pictures.birch.org/{last.format(_number(draw, 8, 19))}"


HARMLESS: Mapping[str, Value] = {
    "sum": _sum,
    "number": lambda draw: _number(draw, 1, 19),
    "date": _date,
    "version": lambda draw: f"{draw.randint(0, 30)}.{draw.randint(0, 31)}.{draw.randint(0, 31)}.{draw.randint(0, 31)}",
    "decimal": lambda draw: f"{draw.randint(0, 999)}.{_digits(draw, draw.randint(1, 17))}",
    "ISBN": _isbn,
    "placeholder": _placeholder,
    "digest": lambda draw: draw.choice((draw.randbytes(20).hex(), str(uuid.UUID(bytes=draw.randbytes(16))))),
    "picture": _picture,
    "link": _link,
}


def measure(language: Language, count: int, seed: int = 1) -> dict[str, Score]:
    """By kind; of each kind so many texts."""
    draw, scores = random.Random(f"{seed}{language.code}"), {}
    words = _words(language)
    for kind, (placeholder, value) in PERSONAL.items():
        scores[kind] = score = Score(planted=count)
        for before, planted, after in _planted(language, words, value, draw, count):
            without = redacted_text(f"{before}{planted}{after}")
            score.exact += without == f"{before}{placeholder}{after}"
            score.missed += without == f"{before}{planted}{after}"
    for kind, value in HARMLESS.items():
        scores[kind] = score = Score(harmless=count)
        for parts in _planted(language, words, value, draw, count):
            score.false += redacted_text("".join(parts)) != "".join(parts)
    return scores


def _words(language: Language) -> list[str]:
    """Of letters alone, and of the language's own script: the list for Chinese has figures and Latin letters too."""
    words = importlib.import_module(f"spacy.lang.{language.code}.stop_words").STOP_WORDS
    return sorted(word for word in words if all(_is_own(char, language) for char in word))


def _is_own(char: str, language: Language) -> bool:
    latin = unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH"))
    return char == " " or (unicodedata.category(char)[0] in "LM" and (language.is_latin or not latin))


def _planted(
    language: Language, words: list[str], value: Value, draw: Draw, count: int
) -> Iterator[tuple[str, str, str]]:
    """Half of the values in the digits of the script, where it has its own and the value is but digits and signs."""
    space = " " if language.spaced else ""
    for _ in range(count):
        planted, own = value(draw), str.maketrans("0123456789", language.digits)
        if draw.random() < 0.5 and not re.search("[A-Za-z]", planted):
            planted = planted.translate(own)
        before, after = (space.join(draw.choices(words, k=draw.randint(0, 8))) for _ in range(2))
        yield f"{before}{space if before else ''}", planted, f"{space if after else ''}{after}"


def lines(count: int) -> Iterator[str]:
    """The tables in Markdown."""
    by_language = {language.name: measure(language, count) for language in LANGUAGES}
    yield f"{count} texts of each kind and language, made from a seed (`make bench-data`):"
    yield ""
    yield "| language | planted | cut exactly | missed | harmless | false alarms |"
    yield "| --- | --: | --: | --: | --: | --: |"
    kinds: dict[str, Score] = {}
    for name, scores in by_language.items():
        total = Score()
        for kind, score in scores.items():
            total.add(score)
            kinds.setdefault(kind, Score()).add(score)
        yield (
            f"| {name} | {total.planted:,} | {total.exact / total.planted:.1%} | {total.missed / total.planted:.1%} "
            + (f"| {total.harmless:,} | {total.false / total.harmless:.1%} |")
        )
    missed = Counter(
        {kind: score.planted - score.exact for kind, score in kinds.items() if score.planted > score.exact}
    )
    false = Counter({kind: score.false for kind, score in kinds.items() if score.false})
    of = count * len(LANGUAGES)
    yield ""
    yield f"Not cut exactly, of {of:,} each: {_told(missed)}. False alarms, of {of:,} each: {_told(false)}."


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in counts.most_common()) or "none"


def main() -> None:
    """Print the tables; put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--no-write", action="store_true")
    args = parser.parse_args()
    text = "\n".join(lines(args.count))
    print(text)
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        old = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


if __name__ == "__main__":
    main()
