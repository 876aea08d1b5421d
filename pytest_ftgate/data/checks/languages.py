"""Languages of the questions: how they are mixed, and rows in one that hardly any other row is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.checks.language_of import Guesses, guesses
from pytest_ftgate.data.readers.row import DataRow

ODD = 0.01
"""Share of the rows whose language can be told below which a language is odd."""
SURE = 0.9
"""Least probability; of 3,869 English text messages none is then called anything else, and 236 are undetected."""
LEAST = 0.1
"""Least probability of the best guess that counts with the languages of the other rows; a text of "ok" has none."""
MOST_KEPT = 1000
"""Rows of each language that are remembered."""
MOST_WAITING = 1000
"""Rows whose language is decided together."""
NOTE = "languages not detected: pip install 'pytest-ftgate[data]'"


class Languages:
    """Counts languages, by script and as py3langid sees them (extra `data`; its model is in the package).

    A short question is told by its best guess if that has 90 % once each guess is weighted by how many rows have it as
    their best: "Describe walk 8" is English in a file of English rows.
    guess: text -> its languages with their probabilities, the likeliest first; by default `guesses`.
    """

    name = "languages"
    advice = "check whether they belong; languages below 1 % of the rows are hardly learned"
    level: Level = "warning"

    def __init__(self, guess: Callable[[str], Guesses] | None = None) -> None:
        self._guess = guess or (guesses if find_spec("py3langid") else None)
        self._counts: Counter[str] = Counter()
        self._best: Counter[str] = Counter()
        self._waiting: list[tuple[Guesses, str, int]] = []
        self._unsure = 0
        self._kept: dict[str, list[Finding]] = {}

    @property
    def note(self) -> str:
        """The mixture, the largest first."""
        if self._guess is None:
            return NOTE
        total = self._counts.total()
        shares = [f"{language} {count / total:.1%}" for language, count in self._counts.most_common(5)]
        unsure = [f"{self._unsure:,} rows undetected"] if self._unsure else []
        return "; ".join([*([", ".join(shares)] if shares else []), *unsure])

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        if self._guess is None:
            return ()
        found = self._guess(row.question)
        if not found or found[0][1] < LEAST:
            self._unsure += 1
            return ()
        language, probability = found[0]
        self._best[language] += 1
        if probability >= SURE:
            self._count(language, row.path, row.line)
        else:
            self._waiting.append((found, row.path, row.line))
        if len(self._waiting) >= MOST_WAITING:
            self._settle()
        return ()

    def close(self) -> Iterator[Finding]:
        """The rows of odd languages."""
        self._settle()
        for language, count in self._counts.items():
            if count < ODD * self._counts.total():
                yield from self._kept[language]

    def language(self, found: Guesses) -> str:
        """The language of a text with these guesses, given the rows seen so far; "" if it cannot be told."""
        if not found or found[0][1] < LEAST:
            return ""
        language, probability = found[0]
        weights = [probability * self._best[language] for language, probability in found]
        return language if probability >= SURE or weights[0] >= SURE * sum(weights) > 0 else ""

    def _settle(self) -> None:
        """Decide about the rows whose own text was not enough."""
        for found, path, line in self._waiting:
            if language := self.language(found):
                self._count(language, path, line)
            else:
                self._unsure += 1
        self._waiting.clear()

    def _count(self, language: str, path: str, line: int) -> None:
        self._counts[language] += 1
        kept = self._kept.setdefault(language, [])
        if len(kept) < MOST_KEPT:
            kept.append(Finding(path, line, language))
