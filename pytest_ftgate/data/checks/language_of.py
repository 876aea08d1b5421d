"""Text -> the languages that it may be in: by its script where that says it, else by py3langid."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.words import word_count

if TYPE_CHECKING:
    from regex import Pattern

Guesses = tuple[tuple[str, float], ...]
"""Each language's ISO 639 code and probability, the likeliest first."""
KANA = 0.1
"""Share of kana among Han and kana from which on a text is Japanese; of Japanese sentences it is a third and more."""
_SCRIPTS = {
    "ja": r"\p{Hiragana}\p{Katakana}",
    "zh": r"\p{Han}",
    "ko": r"\p{Hangul}",
    "th": r"\p{Thai}",
    "lo": r"\p{Lao}",
    "km": r"\p{Khmer}",
    "my": r"\p{Myanmar}",
    "he": r"\p{Hebrew}",
    "el": r"\p{Greek}",
    "hy": r"\p{Armenian}",
    "ka": r"\p{Georgian}",
    "ta": r"\p{Tamil}",
    "te": r"\p{Telugu}",
    "kn": r"\p{Kannada}",
    "ml": r"\p{Malayalam}",
    "gu": r"\p{Gujarati}",
    "pa": r"\p{Gurmukhi}",
    "or": r"\p{Oriya}",
    "si": r"\p{Sinhala}",
}
"""Scripts that hardly any other language is written in. Arabic, Cyrillic, Devanagari, Bengali and Latin have many."""
_OF_LANGUAGE = {"ary": "ar", "arz": "ar", "wuu": "zh", "yue": "zh", "nn": "no", "sdh": "ku", "uzs": "uz", "ltg": "lv"}
"""Members of the macrolanguages of ISO 639-3, which short texts do not tell apart."""


def guesses(text: str) -> Guesses:
    """All; one of probability 1 where most words are in the script of one language; () without any letter."""
    if not any(map(str.isalpha, text)):
        return ()
    if text.isascii():
        return _by_langid(text)
    runs = [(run.lastgroup or "", run.group()) for run in _runs().finditer(text)]
    language = _by_script(runs)
    return ((language, 1.0),) if language else _by_langid(" ".join(run for script, run in runs if script == "other"))


def _by_script(runs: Iterable[tuple[str, str]]) -> str:
    """The language in whose script more of the words are than in all scripts of several languages, or ""."""
    counts: Counter[str] = Counter()
    kana = han = 0
    for script, run in runs:
        counts[script] += word_count(run)
        kana += len(run) * (script == "ja")
        han += len(run) * (script == "zh")
    counts["ja" if kana >= KANA * (kana + han) else "zh"] = counts.pop("ja", 0) + counts.pop("zh", 0)
    shared = counts.pop("other", 0)
    language, count = counts.most_common(1)[0]
    return language if count > shared else ""


@lru_cache
def _runs() -> Pattern[str]:
    import regex

    named = (rf"(?P<{language}>[{script}]+)" for language, script in _SCRIPTS.items())
    return regex.compile("|".join([*named, r"(?P<other>[\p{L}\p{M}]+)"]), regex.VERSION1)


def _by_langid(text: str) -> Guesses:
    shares: defaultdict[str, float] = defaultdict(float)
    for language, probability in _identifier().rank(text):
        shares[_OF_LANGUAGE.get(language, language)] += float(probability)
    return tuple(sorted(shares.items(), key=lambda guess: -guess[1]))


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """py3langid's classifier with probabilities in [0, 1]; its module's own one gives logarithms."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
