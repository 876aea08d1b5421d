"""An edited copy: nearly all of a golden's words, in their order and close together, anywhere in a row.

Candidates share sequences of three words with a golden. A word that is changed takes at most three of them away, so of
a golden with 5 to 12 words a copy with one changed word keeps all but three; of a longer one half are enough to look.
Then the words are aligned: their longest common subsequence with a window of the row, as a share of the golden's own
words, is the score. Words of a template are not the golden's own. Words that are so common that they stand together by
chance (`information`) are no finding.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from pytest_ftgate.data.near.hit import Hit, Verdict
from pytest_ftgate.data.near.normalized import Golden, Sample, Words
from pytest_ftgate.data.near.own_text import Templates
from pytest_ftgate.data.near.template_threshold import least_of_template
from pytest_ftgate.data.near.word_runs import longest_common, word_grams
from pytest_ftgate.leakage.common_subsequence import common_length
from pytest_ftgate.leakage.containment import LONG
from pytest_ftgate.leakage.information import BITS_LEAK, BITS_SUSPECT, bits_of_words, by_character
from pytest_ftgate.leakage.repetition import bits_by_itself, is_repetitive, of_repetitive

STAGE = "edited"
N = 3
LEAST_WORDS = 5
LEAK, SUSPECT = 0.8, 0.7
"""Shares of the own words of a golden that has 13 or more of them."""
CHARACTERS_LEAK, CHARACTERS_SUSPECT, FEW_CHARACTERS = 0.9, 0.8, 40
"""The same of under forty characters of a script without spaces, which are some ten words."""
LOST, LOST_CHARACTERS = 3, 4
"""Sequences that a change takes away: of one word; of a word of two characters in a script without spaces."""
MOST_WINDOWS = 8
"""Places of a row at which one golden is looked for, those with most of its sequences first."""
MOST_PLACES = 64
"""Places of one sequence in a row that count."""

_Places = Mapping[Words, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A golden that is looked for. own: places of the words that are no template's; bits: what they tell.

    characters: whether its words are characters of a script without spaces, of which a changed word takes several.
    least: how many of its own sequences a row must have.
    rarest: those that are indexed. floor: how many of the rarest a row must have that has `least` of all.
    """

    words: Words
    own: Sequence[int]
    bits: float
    characters: bool
    least: int = 0
    rarest: Sequence[Words] = ()
    floor: int = 0

    @property
    def places(self) -> Mapping[Words, int]:
        """Where each of its own sequences stands first; made for the few rows that come near."""
        kept = set(self.own)
        places: dict[Words, int] = {}
        for place, gram in enumerate(word_grams(self.words, N)):
            if not kept.isdisjoint(range(place, place + N)):
                places.setdefault(gram, place)
        return places

    def verdict(self, matched: int) -> Verdict | None:
        """matched: how many of its own words stand in a window of the row, in their order."""
        size = len(self.own)
        bits = self.bits * matched / max(1, size)
        leak, suspect = self._thresholds(size)
        if matched >= leak and bits >= BITS_LEAK:
            return "leak"
        return "suspect" if matched >= suspect and bits >= BITS_SUSPECT else None

    def _thresholds(self, size: int) -> tuple[float, float]:
        """So many words, of `size`, are a leak, and a suspect."""
        if size < LONG:
            return size + 1, size - (2 if self.characters and size >= 8 else 1)
        if self.characters and size < FEW_CHARACTERS:
            return CHARACTERS_LEAK * size, CHARACTERS_SUSPECT * size
        return LEAK * size, SUSPECT * size


class Edited:
    """Index, by their rarest sequences of three words, of the goldens with five words of their own or more.

    indexed: by number; without those whose words tell too little.
    """

    def __init__(self, goldens: Sequence[Golden], templates: Templates | None = None) -> None:
        """templates: of these goldens, if they are known."""
        self.indexed = _indexed([golden.question for golden in goldens], templates or Templates(goldens))
        self._index: defaultdict[Words, list[int]] = defaultdict(list)
        for number, golden in self.indexed.items():
            for gram in golden.rarest:
                self._index[gram].append(number)

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens of which an edited copy stands in this row."""
        known = self._index.keys() & set(word_grams(sample.whole, N))
        counts = Counter(number for gram in known for number in self._index[gram])
        enough = sorted(number for number, count in counts.items() if count >= self.indexed[number].floor)
        places = _places(sample.whole) if enough else {}
        for number in enough:
            if hit := _judged(number, self.indexed[number], sample.whole, places):
                yield hit


def _judged(number: int, golden: Indexed, row: Words, places: _Places) -> Hit | None:
    """By the best of the windows in which the golden's sequences stand."""
    of_golden = golden.places
    shared = of_golden.keys() & places.keys()
    if len(shared) < golden.least:
        return None
    own = [golden.words[place] for place in golden.own]
    shifts = sorted(at - of_golden[gram] for gram in shared for at in places[gram])
    matched, window = max(
        ((common_length(own, window), window) for window in _windows(golden, row, shifts)), key=lambda each: each[0]
    )
    verdict = golden.verdict(matched)
    if not verdict:
        return None
    span = longest_common(golden.words, window)
    verdict = of_repetitive(verdict, span, golden.words)
    return Hit(number, STAGE, verdict, matched / len(own), span) if verdict else None


def _windows(golden: Indexed, row: Words, shifts: Sequence[int]) -> Iterator[Words]:
    """The parts of the row in which most sequences are where the golden has them, but for a few words more or less.

    shifts: of the sequences in the row, against the golden; sorted.
    """
    size = len(golden.own)
    slack = 1 + size // 5 if golden.characters else max(1, size // 10)
    counts: Counter[int] = Counter()
    first = shifts[0]
    for shift in shifts:
        first = first if shift - first <= slack else shift
        counts[first] += 1
    begin, end = golden.own[0] - slack, golden.own[-1] + 1 + 2 * slack
    for at, _ in counts.most_common(MOST_WINDOWS):
        yield row[max(0, at + begin) : max(0, at + end)]


def _places(words: Words) -> dict[Words, list[int]]:
    found: defaultdict[Words, list[int]] = defaultdict(list)
    for place, gram in enumerate(word_grams(words, N)):
        if len(known := found[gram]) < MOST_PLACES:
            known.append(place)
    return found


def _indexed(texts: Sequence[Words], templates: Templates) -> dict[int, Indexed]:
    counts = Counter(gram for words in texts for gram in set(word_grams(words, N)))
    bits, least = bits_of_words(texts), least_of_template(len(texts))
    common = {gram for gram, count in counts.items() if count >= least}
    owns = [templates.own(words).words - _covered(words, common) for words in texts]
    left = [[words[place] for place in own] for words, own in zip(texts, owns, strict=True) if _is_left(words, own)]
    of_left = {**bits, **bits_of_words(left, unseen=0)}
    made = (
        (number, _of(words, own, of_left if _is_left(words, own) else bits))
        for number, (words, own) in enumerate(zip(texts, owns, strict=True))
    )
    return {number: _with_rarest(golden, counts) for number, golden in made if _tells_enough(golden)}


def _is_left(words: Words, own: Collection[int]) -> bool:
    """Whether a golden is few words in a template; what is left of the others is of the same pattern."""
    return len(own) < min(LONG, len(words))


def _covered(words: Words, common: Collection[Words]) -> set[int]:
    """Places of words that are in a sequence of a fifth of the goldens: a template too short to be one elsewhere."""
    places = (place for place, gram in enumerate(word_grams(words, N)) if gram in common)
    return {place + step for place in places for step in range(N)}


def _tells_enough(golden: Indexed) -> bool:
    size = len(golden.own)
    if size < LEAST_WORDS or golden.verdict(size - 1) is None:
        return False
    return not is_repetitive(golden.words) or bits_by_itself(golden.words) >= BITS_LEAK


def _of(words: Words, own: Collection[int], bits: Mapping[str, float]) -> Indexed:
    """own: places of its own words, without any of which it is not looked for."""
    kept = array("I", sorted(own))
    return Indexed(words, kept, sum(bits[words[place]] for place in kept), by_character(words))


def _with_rarest(golden: Indexed, counts: Mapping[Words, int]) -> Indexed:
    """Indexed are as many as leave some that a copy has for certain: it has `least` of all, and may lack the others."""
    places = golden.places
    grams = sorted(places, key=lambda gram: (counts[gram], places[gram]))
    if len(golden.own) < LONG:
        least = max(1, len(grams) - (LOST_CHARACTERS if golden.characters else LOST))
    else:
        least = ceil(len(grams) / 2)
    floor = 1 + least // 4
    return replace(golden, least=least, rarest=tuple(grams[: len(grams) - least + floor]), floor=floor)
