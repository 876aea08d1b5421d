"""(texts, labels, groups) -> those whose label a classifier disagrees with that was fitted on other groups.

Confident learning (Northcutt, Jiang and Chuang 2021, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR
70). With p(j | x) from a model that has not seen x, the threshold of a class j is the mean of p(j | x) over the rows
labelled j. A row is counted into the class of the largest p(j | x) among those that reach their threshold; where that
is not its label, the label is suspect. Thresholds of their own make rare and hard classes comparable with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.words import words_and_signs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Suspect:
    """place: in the sequence given. label: the one that fits better. probability: of that, in [0, 1]."""

    place: int
    label: str
    probability: float


def suspects(texts: Sequence[str], labels: Sequence[str], groups: Sequence[int], seed: int) -> list[Suspect] | None:
    """The suspects, the surest first: by how much likelier the other label is than the given one.

    None if the classifier cannot tell the labels apart: that it disagrees then says nothing about a row.

    groups: texts of one group are in one fold, so that a copy of a text does not vouch for its label. At least two
    labels, each of at least five rows. The same arguments give the same result.
    """
    import numpy as np

    classes, given = np.unique(np.asarray(labels), return_inverse=True)
    chances = _out_of_fold(texts, given, groups, seed)
    if not can_tell(chances, given):
        return None
    other = confident(chances, given)
    own = chances[np.arange(len(given)), given]
    gain = np.where(other >= 0, chances[np.arange(len(given)), other] - own, -1.0)
    order = sorted(np.flatnonzero((other >= 0) & (other != given)), key=lambda place: (-gain[place], place))
    return [Suspect(int(place), str(classes[other[place]]), float(chances[place, other[place]])) for place in order]


def can_tell(chances: Floats, given: Any) -> bool:
    """Whether the mean recall of the classes is at least half way from chance (1 / classes) to 1."""
    import numpy as np

    right = chances.argmax(axis=1) == given
    recall = np.mean([right[given == each].mean() for each in range(chances.shape[1])])
    return bool(recall >= (1 + 1 / chances.shape[1]) / 2)


def confident(chances: Floats, given: Any) -> Any:
    """For each row the class it is counted into, -1 if none reaches its threshold.

    chances: (rows, classes), out of fold. given: (rows,), the class each is labelled as. Both results are of numpy.
    """
    import numpy as np

    thresholds = np.array([chances[given == each, each].mean() for each in range(chances.shape[1])])
    reaching = np.where(chances >= thresholds - 1e-12, chances, -1.0)
    return np.where(reaching.max(axis=1) >= 0, reaching.argmax(axis=1), -1)


def _out_of_fold(texts: Sequence[str], given: Any, groups: Sequence[int], seed: int) -> Floats:
    """(rows, classes): the chances of each class from a model that saw no row of the same group.

    In one thread: sums of several differ in their last digits, and are no faster for so little.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold
    from threadpoolctl import threadpool_limits

    written: Any = np.asarray(texts, dtype=object)
    chances = np.zeros((len(texts), int(given.max()) + 1))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(1):
        for fitted, held in folds.split(written, given, np.asarray(groups)):
            model = _model(seed).fit(written[fitted], given[fitted])
            chances[np.ix_(held, model.classes_)] = model.predict_proba(written[held])
    return chances


def _model(seed: int) -> Any:
    """TF-IDF of words and pairs of words, and a logistic regression on them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    counted = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, tokenizer=words_and_signs, token_pattern=None)
    return make_pipeline(counted, LogisticRegression(C=10.0, max_iter=1000, random_state=seed))
