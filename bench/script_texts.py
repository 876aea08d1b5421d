"""Made-up texts of each script: syllables or characters, drawn as unevenly as the words of a language (Zipf)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

AROUND = (60, 400)
"""Words of the row that a golden is pasted into, both ends included."""
EDITED = 0.05

Words = list[str]


class Script(NamedTuple):
    """Made-up words, the n-th drawn about 1/(n + flat) as often as the first, and what stands between two of them."""

    words: Sequence[str]
    gap: str = " "

    @property
    def shares(self) -> list[float]:
        """Sums of how often each word is drawn. Without spaces few words are as frequent as "the"."""
        flat = 0 if self.gap else 50
        return list(accumulate(1 / (place + flat) for place in range(1, len(self.words) + 1)))


def _syllables(*parts: Sequence[str]) -> list[str]:
    made = [""]
    for each in parts:
        made = [one + other for one in made for other in each]
    return made


def _made(parts: Sequence[str], longest: int, count: int = 5000) -> list[str]:
    draw = random.Random(0)
    return ["".join(draw.choices(parts, k=draw.randint(1, longest))) for _ in range(count)]


def _letters(first: int, count: int) -> list[str]:
    return [chr(first + place) for place in range(count)]


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "English": Script(_made(_syllables("bcdfghklmnprstvw", "aeiou"), 4)),
        "Russian": Script(_made(_syllables("бвгдзклмнпрст", "аеиоу"), 4)),
        "Chinese": Script(_made(_letters(0x4E00, 1500), 3), ""),
        "Japanese": Script(_made(_letters(0x3042, 80) + _letters(0x5E00, 300), 3), ""),
        "Thai": Script(_made(_syllables("กขคงจชดตทนบปพมยรลวสห", "าิีุูะอ", ["", *"นงมกดบยว"]), 3), ""),
        "Khmer": Script(_made(_syllables("កខគងចឆជដតទនបពមយរលវសហ", ["", "្រ", "្ល"], "ាិីុូេោ", ["", *"នងមកតបរ"]), 2), ""),
        "Hindi": Script(_made(_syllables("कगचजटडतदनपबमयरलवसह", "ािीुूेो"), 4)),
        "Arabic": Script(_made(_letters(0x628, 19), 7)),
        "Hebrew": Script(_made(_letters(0x5D0, 27), 6)),
        "Korean": Script(_made(_letters(0xAC00, 2000), 4)),
        "Vietnamese": Script(
            _made(_syllables("bcđghklmnrstvx", "aàáảãạăắâấeèéêếiíoóôốơớuúưứ", ["", "n", "m", "ng", "t"]), 1)
        ),
        "Turkish": Script(_made(_syllables("bcçdfgğhklmnprsştvyz", "aeıioöuü"), 5)),
    }
)


class Texts:
    """Seeded texts of one script."""

    def __init__(self, script: str, seed: int) -> None:
        self.draw = random.Random(f"{script} {seed}")
        self._script = SCRIPTS[script]
        self._shares = self._script.shares

    def words(self, least: int, most: int) -> Words:
        """So many words, both ends included."""
        size = self.draw.randint(least, most)
        return self.draw.choices(self._script.words, cum_weights=self._shares, k=size)

    def text(self, words: Words) -> str:
        """The words as they are written."""
        return self._script.gap.join(words)

    def edited(self, words: Words) -> Words:
        """Of 20 words one, and at least one, is another, is gone, or is followed by one more."""
        places = set(self.draw.sample(range(len(words)), max(1, round(EDITED * len(words)))))
        made = []
        for place, word in enumerate(words):
            other = self.words(1, 1)
            made += [word] if place not in places else self.draw.choice((other, other, [], [word, *other]))
        return made

    def inside(self, words: Words) -> Words:
        """Anywhere within unrelated words."""
        around = self.words(*AROUND)
        place = self.draw.randint(0, len(around))
        return [*around[:place], *words, *around[place:]]

    def reordered(self, words: Words) -> Words:
        """Its three sentences in another order."""
        one, two = len(words) // 3, 2 * len(words) // 3
        return [*words[two:], *words[:one], *words[one:two]]
