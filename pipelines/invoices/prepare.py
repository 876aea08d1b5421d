"""wordings.toml, and dates and amounts as Babel writes them -> golden cases, validation and training rows.

    python pipelines/invoices/prepare.py    # a second; a file that is already the same is left alone

Nothing is downloaded: Babel's locale data (Unicode CLDR) come with the locked packages. Everything is deterministic:
what a row says is drawn by hashes of its number. No wording and no company of the goldens is in the other two files.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import babel
from babel.dates import format_date
from babel.numbers import format_currency

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILES = {
    "goldens": ROOT / "goldens" / "invoices" / "cases.jsonl",
    "validation": HERE / "data" / "validation.jsonl",
    "train": HERE / "data" / "train.jsonl",
}
EACH = {"goldens": 50, "validation": 20, "train": 120}
"""Rows of each language."""

BABEL = "2.19"  # another one may write dates and amounts otherwise, and golden.lock holds these
SEED = "ftgate-invoices-1"  # change it and every row changes
FIRST_DAY, DAYS = date(2026, 1, 1), 730
AMOUNTS = ((5, 100), (100, 1_000), (1_000, 10_000))

T = TypeVar("T")


class Draw(NamedTuple):
    """Choices that depend on the seed and these two alone, on no random generator's version."""

    file: str
    row: str

    def number(self, what: str, below: int) -> int:
        """0 to below - 1."""
        drawn = hashlib.sha256(f"{SEED} {self.file} {self.row} {what}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") % below

    def one(self, what: str, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.number(what, len(options))]


def request_for_payment(language: str, words: dict[str, Any], draw: Draw) -> dict[str, Any]:
    """A golden case or training row: the text, and what it says as an object."""
    locale, currency = draw.one("locale", list(words["locales"].items()))
    low, high = draw.one("size", AMOUNTS)
    cents = 100 * low + draw.number("cents", 100 * (high - low))
    due = FIRST_DAY + timedelta(days=draw.number("due", DAYS))
    issued = due - timedelta(days=10 + draw.number("issued", 50))
    style = draw.one("style", ("full", "long", "medium"))
    vendor = words["vendor"].format(
        stem=draw.one("stem", words["stems"][draw.file]),
        trade=draw.one("trade", words["trades"]),
        form=draw.one("form", words["forms"]),
    )
    wording = draw.one("wording", words["wordings"][draw.file])
    text = wording.format(
        vendor=vendor,
        total=as_typed(format_currency(Decimal(cents) / 100, currency, locale=locale)),
        due=as_typed(format_date(due, style, locale=locale)),
        issued=as_typed(format_date(issued, style, locale=locale)),
    )
    return {
        "id": f"{language}-{hashlib.sha256(text.encode()).hexdigest()[:10]}",
        "input": {"text": text},
        "expected": {"vendor": vendor, "total": cents / 100, "currency": currency, "due": due.isoformat()},
        "slices": {
            "language": language,
            "dates": "two" if "{issued}" in wording else "one",
            "thousands": "yes" if high > 1_000 else "no",
        },
    }


def as_typed(text: str) -> str:
    """With the space of a keyboard in place of CLDR's narrow and unbreakable ones."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def rows_of(file: str, wordings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """en, de, fr, es, en, ... so that a head of any length has as many of each language."""
    for number in range(EACH[file]):
        for language, words in wordings.items():
            yield request_for_payment(language, words, Draw(file, f"{language} {number}"))


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """JSON lines, moved into place when whole; a file that is already the same is left alone."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    print(f"prepare: {path.relative_to(ROOT)}: {len(rows)} rows", flush=True)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def main() -> None:
    """Write the three files."""
    if not babel.__version__.startswith(f"{BABEL}."):
        sys.exit(
            f"prepare: Babel {babel.__version__} is installed, expected {BABEL}; run: pip install Babel=={BABEL}.0"
        )
    wordings = tomllib.loads((HERE / "wordings.toml").read_text(encoding="utf-8"))
    for file, path in FILES.items():
        write_rows(path, list(rows_of(file, wordings)))


if __name__ == "__main__":
    main()
