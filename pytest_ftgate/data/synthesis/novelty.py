"""Question -> whether it is new: neither equal to one before it nor nearly so. An exact join, grown row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Literal

from pytest_ftgate.data.near.ngrams import grams_of
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.files.words import spaced

NEAR = 0.7
"""Jaccard's index of character 5-grams from which on two questions are near; the data check warns from .8 on."""
Kind = Literal["new", "duplicate", "near"]


class Novelty:
    """Holds every question that was added. The index of two texts of under 5 characters is 0 unless they are equal."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._sizes: list[int] = []
        self._places: dict[str, list[int]] = defaultdict(list)

    def kind(self, question: str) -> Kind:
        """What the question is to those that were added."""
        text = _plain(question)
        if text in self._texts:
            return "duplicate"
        grams = grams_of(text)
        shared = Counter(place for gram in grams for place in self._places.get(gram, ()))
        near = any(both >= NEAR * (len(grams) + self._sizes[place] - both) for place, both in shared.items())
        return "near" if near else "new"

    def add(self, question: str) -> None:
        """Add a question."""
        text = _plain(question)
        self._texts.add(text)
        grams = grams_of(text)
        for gram in grams:
            self._places[gram].append(len(self._sizes))
        self._sizes.append(len(grams))


def _plain(question: str) -> str:
    """Normalised; a space around characters of scripts without spaces, so that five are two or three of theirs."""
    return " ".join(spaced(normal(question)).split())
