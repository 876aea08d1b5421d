"""(inputs, inputs) -> Comparison: can a classifier tell which side a text is from?

The two-sample test of Lopez-Paz and Oquab 2017 (arXiv:1610.06545) with hashed character n-grams for features, so it
needs no embeddings, and ridge regression for classifier: its predictions are linear in the sides, so one matrix gives
the cross-validated predictions of every permutation of the sides, each with a model of its own. The p-value is that of
the permutation test and holds at any size; the usual binomial p-value is not valid for cross-validated answers, which
share their training texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_ftgate.data.drift.finding import Comparison
from pytest_ftgate.data.drift.inputs import MOST, Inputs

DRAWS = 999
FOLDS = 5
PENALTY = 1.0
LEAST = 2 * FOLDS
"""Texts on each side; below, a fold might train on next to nothing."""


def classifier(log: Inputs, other: Inputs) -> Comparison | None:
    """Area under the ROC curve (.5: the sides cannot be told apart) of five-fold predictions; None below ten texts."""
    import numpy as np

    ours, total = len(log.texts), len(log.texts) + len(other.texts)
    if min(ours, total - ours) < LEAST:
        return None
    rng = np.random.default_rng(0)
    sides = np.tile((np.arange(total) < ours).astype(float), (1 + DRAWS, 1))
    sides[1:] = rng.permuted(sides[1:], axis=1)
    areas = _areas(_predictor(_similarity([*log.texts, *other.texts]), rng) @ sides.T, sides.T)
    p = float((1 + (areas[1:] >= areas[0] - 1e-9).sum()) / (1 + DRAWS))
    told = f"AUC {areas[0]:.2f} for production vs {other.name} (0.50: indistinguishable)"
    how = f"ridge on hashed character 2- to 4-grams, {FOLDS} folds, {DRAWS} permutations"
    return Comparison("classifier", other.name, p, how, told)


def unlike(log: Sequence[str], other: Sequence[str], seed: int = 0) -> list[float]:
    """How surely each text of the log is told from the other side, about 0 to 1; [] with under ten texts on a side.

    Each by the ridge that learnt from the other folds of the log, of at most `MOST` texts of each side.
    """
    import numpy as np

    if min(len(log), len(other)) < LEAST:
        return []
    rng = np.random.default_rng(seed)
    folds, scores = rng.permutation(len(log)) % FOLDS, np.zeros(len(log))
    ours, theirs = _features(log), _features(other)
    theirs = theirs[rng.permutation(len(other))[:MOST]]
    for fold in range(FOLDS):
        known = ours[rng.permutation(np.flatnonzero(folds != fold))[:MOST]]
        learnt = _stacked(known, theirs)
        inner = (learnt @ learnt.T).toarray() + 1.0 + PENALTY * np.eye(learnt.shape[0])
        weights = np.linalg.solve(inner, (np.arange(learnt.shape[0]) < known.shape[0]).astype(float))
        asked = np.flatnonzero(folds == fold)
        scores[asked] = ours[asked] @ (learnt.T @ weights) + weights.sum()
    return [float(score) for score in scores]


def _stacked(one: Any, other: Any) -> Any:
    from scipy.sparse import vstack

    return vstack([one, other]).tocsr()


def _similarity(texts: list[str]) -> Any:
    """(n, n) cosine similarities of the hashed counts, plus one for the intercept."""
    features = _features(texts)
    return (features @ features.T).toarray() + 1.0


def _features(texts: Sequence[str]) -> Any:
    """(n, 2^18) sparse: hashed counts of character n-grams, each row of length 1."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**18, alternate_sign=False)
    return hashing.transform(texts)


def _predictor(similarity: Any, rng: Any) -> Any:
    """(n, n): times the sides (n,), the prediction for each text by the ridge that was trained on the other folds."""
    import numpy as np

    n = len(similarity)
    folds = rng.permutation(n) % FOLDS
    made = np.zeros((n, n))
    for fold in range(FOLDS):
        test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        inner = similarity[np.ix_(train, train)] + PENALTY * np.eye(len(train))
        made[np.ix_(test, train)] = np.linalg.solve(inner, similarity[np.ix_(train, test)]).T
    return made


def _areas(scores: Any, sides: Any) -> Any:
    """AUC of each column: the normalised rank sum of Mann and Whitney."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=0)
    ours = sides.sum(axis=0)
    return ((ranks * sides).sum(axis=0) - ours * (ours + 1) / 2) / (ours * (len(sides) - ours))
