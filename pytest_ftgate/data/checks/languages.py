"""Languages of the questions: how they are mixed, and rows in one that hardly any other row is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.row import DataRow

ODD = 0.01
"""Share of the rows whose language can be told below which a language is odd."""
SURE = 0.9
"""Least probability; of 3,869 English text messages py3langid then calls none anything else, and is unsure of 1,404."""
MOST_KEPT = 1000
"""Rows of each language that are remembered."""
NOTE = "languages not detected: pip install 'pytest-ftgate[data]'"


class Languages:
    """Counts languages as py3langid sees them (extra `data`; its model is in the package).

    classify: text -> (ISO 639 code, probability), by default py3langid's.
    """

    name = "languages"
    advice = "check whether they belong; languages below 1 % of the rows are hardly learned"
    level: Level = "warning"

    def __init__(self, classify: Callable[[str], tuple[str, float]] | None = None) -> None:
        self._classify = classify or (_by_langid if find_spec("py3langid") else None)
        self._counts: Counter[str] = Counter()
        self._unsure = 0
        self._kept: dict[str, list[Finding]] = {}

    @property
    def note(self) -> str:
        """The mixture, the largest first."""
        if self._classify is None:
            return NOTE
        total = self._counts.total()
        shares = [f"{language} {count / total:.1%}" for language, count in self._counts.most_common(5)]
        unsure = [f"{self._unsure:,} rows undetected"] if self._unsure else []
        return "; ".join([*([", ".join(shares)] if shares else []), *unsure])

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        if self._classify is None:
            return ()
        language, probability = self._classify(row.question)
        if probability < SURE:
            self._unsure += 1
            return ()
        self._counts[language] += 1
        kept = self._kept.setdefault(language, [])
        if len(kept) < MOST_KEPT:
            kept.append(Finding(row.path, row.line, language))
        return ()

    def close(self) -> Iterator[Finding]:
        """The rows of odd languages."""
        for language, count in self._counts.items():
            if count < ODD * self._counts.total():
                yield from self._kept[language]


def _by_langid(text: str) -> tuple[str, float]:
    language, probability = _identifier().classify(text)
    return str(language), float(probability)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """py3langid's classifier with probabilities in [0, 1]; its module's own one gives logarithms."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
