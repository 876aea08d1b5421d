"""A judge's differences debiased by people's: against ppi_py, and by simulation with judges that are not fair."""

import numpy as np
import pytest

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.ppi import debias


def fair_judge(rng, n, noise=0.2, gain=0.1):
    human = rng.normal(gain, 0.3, n)
    return human, human + rng.normal(0.05, noise, n)


def settled(rng, cases, right, false_positive):
    """Differences by people and by a judge: right (candidate, champion) by chance, mostly the same cases."""
    luck = rng.random(cases)
    own = rng.random((2, cases))
    same = rng.random(cases) < 0.5
    correct = [np.where(same, luck, own[i]) < right[i] for i in range(2)]
    said = [np.where(correct[i], rng.random(cases) < 0.95, rng.random(cases) < false_positive[i]) for i in range(2)]
    return (correct[0] * 1.0 - correct[1]).tolist(), (said[0] * 1.0 - said[1]).tolist()


def tries(times, cases, labelled, right, false_positive):
    rng = np.random.default_rng(cases + labelled)
    for _ in range(times):
        human, judge = settled(rng, cases, right, false_positive)
        yield debias(human[:labelled], judge[:labelled], judge[labelled:]), human[:labelled], judge


@pytest.mark.parametrize(("noise", "labelled"), [(0.1, 100), (0.5, 60), (3.0, 30)])
def test_it_is_the_estimate_of_ppi_py(noise, labelled):
    import ppi_py as reference
    from scipy.stats import norm

    human, judge = fair_judge(np.random.default_rng(labelled), 400, noise)
    found = debias(human[:labelled].tolist(), judge[:labelled].tolist(), judge[labelled:].tolist())
    given = human[:labelled], judge[:labelled], judge[labelled:]
    assert found.mean == pytest.approx(float(np.squeeze(reference.ppi_mean_pointestimate(*given))), abs=1e-9)
    lower, upper = (float(np.squeeze(bound)) for bound in reference.ppi_mean_ci(*given, alpha=0.1))
    assert found.error == pytest.approx((upper - lower) / 2 / norm.ppf(0.95), abs=1e-9)


@pytest.mark.parametrize(("noise", "labelled"), [(0.1, 100), (0.5, 60), (3.0, 30)])
def test_the_weight_is_the_one_with_the_least_variance(noise, labelled):
    human, judge = fair_judge(np.random.default_rng(labelled), 4000, noise)
    y, f, rest = human[:labelled], judge[:labelled], judge[labelled:]
    found = debias(y.tolist(), f.tolist(), rest.tolist())
    weights = np.linspace(0, 1, 401)
    least = min(np.var(y - w * f) / labelled + w**2 * np.var(rest) / len(rest) for w in weights)
    assert least - 1e-12 <= found.error**2 <= 1.15 * least
    assert found.mean == pytest.approx(np.mean(y - found.weight * f) + found.weight * np.mean(rest), abs=1e-12)


def test_a_good_judge_is_worth_many_labels_and_a_useless_one_nothing():
    rng = np.random.default_rng(7)
    human, judge = fair_judge(rng, 1000, 0.1)
    alone = debias(human[:100].tolist(), judge[:100].tolist(), [])
    good = debias(human[:100].tolist(), judge[:100].tolist(), judge[100:].tolist())
    noise = rng.normal(0, 1, 1000)
    useless = debias(human[:100].tolist(), noise[:100].tolist(), noise[100:].tolist())
    assert good.error < 0.6 * alone.error
    assert good.weight > 0.5
    assert useless.weight < 0.1
    assert useless.error == pytest.approx(alone.error, rel=0.05)
    assert (alone.weight, alone.n, good.n) == (0, 100, 1000)


@pytest.mark.parametrize(("cases", "labelled"), [(300, 100), (1000, 100), (300, 60)])
def test_a_judge_that_favours_the_candidates_failures_makes_it_superior_in_7_of_100_tries_at_most(cases, labelled):
    """Equal models, false-positive rate .6 against .3; the judge alone would be fooled nearly always."""
    fooled = superior = worse = 0
    for found, _, judge in tries(1500, cases, labelled, (0.7, 0.7), (0.6, 0.3)):
        lower, upper = found.bounds
        superior += lower > 0
        worse += upper < 0
        fooled += np.mean(judge) - 1.645 * np.std(judge) / np.sqrt(cases) > 0
    assert superior <= 105
    assert worse <= 105
    assert fooled > (750 if cases == 300 else 1425)


@pytest.mark.parametrize(("right", "false_positive"), [((0.8, 0.7), (0.3, 0.3)), ((0.7, 0.8), (0.6, 0.3))])
def test_each_bound_covers_the_truth_in_95_of_100_tries(right, false_positive):
    truth = right[0] - right[1]
    bounds = np.array([found.bounds for found, _, _ in tries(2000, 400, 100, right, false_positive)])
    assert np.mean(bounds[:, 0] <= truth) == pytest.approx(0.95, abs=0.017)
    assert np.mean(bounds[:, 1] >= truth) == pytest.approx(0.95, abs=0.017)


def test_a_superior_candidate_is_found_more_often_than_by_its_labels_alone():
    wins = alone = 0
    for found, human, judge in tries(300, 1000, 100, (0.78, 0.7), (0.1, 0.1)):
        wins += found.bounds[0] > 0
        alone += debias(human, judge[:100], []).bounds[0] > 0
    assert wins > alone + 30


def test_people_who_see_no_difference_leave_room_for_what_they_were_not_shown():
    lower, upper = debias([0.0] * 100, [0.0] * 100, [0.0] * 200).bounds
    assert lower == pytest.approx(-0.0263, abs=1e-3)
    assert upper == pytest.approx(0.0263, abs=1e-3)
    assert debias([0.0] * 50, [0.0] * 50, []).bounds[0] < -0.05


def test_a_smaller_alpha_is_a_wider_bound():
    human, judge = fair_judge(np.random.default_rng(0), 200)
    found = debias(human[:80].tolist(), judge[:80].tolist(), judge[80:].tolist())
    assert found.bounds_at(0.025)[0] < found.bounds[0] < found.mean < found.bounds[1] < found.bounds_at(0.025)[1]


def test_too_few_labels_and_labels_without_a_verdict_are_errors():
    with pytest.raises(MetricError, match="at least 3 cases with human verdicts; found 2"):
        debias([0.0, 1.0], [0.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="shorter"):
        debias([0.0, 1.0, 0.0], [0.0, 1.0], [1.0])
