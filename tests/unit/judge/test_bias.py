"""What a judge favours: against scipy and least squares, and by planted preferences."""

import numpy as np
import pytest
from scipy import stats

from pytest_ftgate.errors import MetricError
from pytest_ftgate.judge.bias import length_controlled, shares_base, verbosity


def test_verbosity_is_spearmans_rho_with_bounds_that_cover():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        both = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 80)
        values, lengths = np.round(both[:, 0], 1).tolist(), np.exp(5 + both[:, 1]).astype(int).tolist()
        found = verbosity(values, lengths)
        assert found.value == pytest.approx(stats.spearmanr(values, lengths).statistic, abs=1e-12)
        covered += found.lower <= 6 / np.pi * np.arcsin(0.25) <= found.upper
    assert covered / 300 == pytest.approx(0.90, abs=0.05)


def test_verbosity_of_nothing_is_an_error():
    with pytest.raises(MetricError, match="at least 10 verdicts; found 3"):
        verbosity([1, 0, 1], [1, 2, 3])
    with pytest.raises(MetricError, match="are equal"):
        verbosity([1] * 12, list(range(12)))


def test_a_judge_that_likes_length_loses_its_difference_at_equal_length():
    rng = np.random.default_rng(5)
    own, other = rng.integers(50, 400, 400), rng.integers(50, 200, 400)
    fond = np.where(own > 1.2 * other, 1.0, np.where(other > 1.2 * own, -1.0, 0.0))
    lengths = list(zip(own.tolist(), other.tolist(), strict=True))
    found = length_controlled(fond.tolist(), lengths)
    assert found.plain == pytest.approx(fond.mean())
    assert found.plain > 0.4
    assert abs(found.controlled) < 0.1
    assert found.slope > 0.5
    gaps = np.log1p(own) - np.log1p(other)
    reference = stats.linregress(np.tanh(gaps / gaps.std()), fond)
    assert (found.controlled, found.slope) == pytest.approx((reference.intercept, reference.slope), abs=1e-9)


def test_a_difference_that_length_does_not_explain_stays():
    rng = np.random.default_rng(6)
    lengths = [(int(a), int(b)) for a, b in rng.integers(50, 400, (300, 2))]
    better = rng.choice([1.0, 0.0, -1.0], 300, p=[0.5, 0.3, 0.2]).tolist()
    found = length_controlled(better, lengths)
    assert found.controlled == pytest.approx(found.plain, abs=0.02)
    assert length_controlled(better, [(5, 5)] * 300).controlled == pytest.approx(found.plain)
    with pytest.raises(MetricError, match="at least 10 cases"):
        length_controlled([1.0], [(1, 1)])


@pytest.mark.parametrize(
    ("judge", "base", "same"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "/models/qwen2.5-7b", True),
        ("SmolLM2-135M-Instruct", "../../.ftgate/models/SmolLM2-135M-Instruct", True),
        ("org/SmolLM2-135M-Instruct-AWQ", "SmolLM2-135M", True),
        ("qwen2.5-72b-instruct", "qwen2.5-7b-instruct", False),
        ("claude-haiku-5-5", "SmolLM2-135M-Instruct", False),
        ("", "SmolLM2", False),
        ("org/model-7b", "./model", False),
    ],
)
def test_a_judge_of_the_same_base_is_known_by_its_name(judge, base, same):
    assert shares_base(judge, base) is same
