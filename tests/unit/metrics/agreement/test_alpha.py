"""Krippendorff's alpha: against the library krippendorff, published examples, the pairs counted one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.agreement import alpha as module
from pytest_ftgate.metrics.agreement.alpha import krippendorff_alpha

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
UNITS = [[rating for rating in unit if rating is not None] for unit in zip(*OBSERVERS, strict=True)]
LEVELS = (1, 2, 3, 4, 5)


def by_pairs(units, domain, ordinal):
    """Alpha from its definition: disagreement of pairs within units over that of all pairs."""
    units = [unit for unit in units if len(unit) > 1]
    everything = [rating for unit in units for rating in unit]
    sizes = [everything.count(value) for value in domain]

    def distance(one, other):
        low, high = sorted((domain.index(one), domain.index(other)))
        if not ordinal:
            return float(one != other)
        return (sum(sizes[low : high + 1]) - (sizes[low] + sizes[high]) / 2) ** 2

    def mean_distance(ratings):
        pairs = [(a, b) for i, a in enumerate(ratings) for j, b in enumerate(ratings) if i != j]
        return sum(distance(a, b) for a, b in pairs) / len(pairs)

    observed = sum(len(unit) * mean_distance(unit) for unit in units) / len(everything)
    return 1 - observed / mean_distance(everything)


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_published_example(level, value):
    metric = krippendorff_alpha(UNITS, LEVELS, level)
    assert metric.value == pytest.approx(value, abs=5e-4)
    assert metric.n == 11, "the twelfth unit has one rating"
    assert metric.lower < metric.value < metric.upper <= 1


def value_of(units, domain, level):
    """The value without its bounds, which take a bootstrap each."""
    ratings = module._ratings(units, domain, level)
    return float(module._values(ratings, ratings.counts[None, :])[0])


UNITS_OF = st.lists(st.lists(st.sampled_from([1, 2, 3, 4]), max_size=4), min_size=2, max_size=12)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@settings(deadline=None)
@given(units=UNITS_OF)
def test_it_is_its_definition(level, units):
    if len({rating for unit in units if len(unit) > 1 for rating in unit}) < 2:
        return
    assert value_of(units, [1, 2, 3, 4], level) == pytest.approx(
        by_pairs(units, [1, 2, 3, 4], level == "ordinal"), abs=1e-9
    )


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@settings(deadline=None)
@given(units=UNITS_OF)
def test_it_is_that_of_the_library_krippendorff(level, units):
    import krippendorff

    counts = np.array([[unit.count(value) for value in (1, 2, 3, 4)] for unit in units])
    if len({rating for unit in units if len(unit) > 1 for rating in unit}) < 2:
        return
    expected = krippendorff.alpha(value_counts=counts, value_domain=[1, 2, 3, 4], level_of_measurement=level)
    assert value_of(units, [1, 2, 3, 4], level) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_bounds_are_those_of_a_plain_bootstrap_on_well_behaved_data(level):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 60)
    units = [[int(t), int(t) if rng.random() < 0.8 else int(rng.integers(0, 3))] for t in truth]
    metric = krippendorff_alpha(units, [0, 1, 2], level)
    drawn = [by_pairs([units[i] for i in rng.integers(0, 60, 60)], [0, 1, 2], level == "ordinal") for _ in range(60)]
    spread = float(np.std(drawn, ddof=1))
    assert metric.value - metric.lower == pytest.approx(1.645 * spread, rel=0.35)
    assert metric.upper - metric.value == pytest.approx(1.645 * spread, rel=0.35)
    assert metric == krippendorff_alpha(units, [0, 1, 2], level), "seeded"


def test_the_lower_bound_keeps_its_level(monkeypatch):
    monkeypatch.setattr(module, "RESAMPLES", 999)
    rng = np.random.default_rng(3)
    cells, pairs = np.array([0.55, 0.10, 0.08, 0.27]), [(0, 0), (0, 1), (1, 0), (1, 1)]
    share = 0.55 + 0.18 / 2
    value = 1 - 0.18 / (2 * share * (1 - share))
    found = []
    for counts in rng.multinomial(150, cells, 400):
        units = [pair for pair, count in zip(pairs, counts, strict=True) for _ in range(count)]
        found.append(krippendorff_alpha(units, [0, 1]))
    assert 0.02 <= np.mean([metric.lower > value for metric in found]) <= 0.085, "nominal .05, standard error .011"
    assert 0.02 <= np.mean([metric.upper < value for metric in found]) <= 0.085


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_perfect_agreement_leaves_room_for_what_was_not_seen(level):
    few = krippendorff_alpha([[1, 1]] * 10 + [[3, 3]] * 10, [1, 2, 3], level)
    many = krippendorff_alpha([[1, 1]] * 500 + [[3, 3]] * 500, [1, 2, 3], level)
    assert few.value == many.value == few.upper == 1
    assert few.lower < 0.9 < many.lower < 1


@pytest.mark.parametrize(
    ("units", "told"),
    [
        ([], "at least one unit with two ratings"),
        ([[1], [2], []], "at least one unit with two ratings"),
        ([[1, 1], [1, 1]], "all ratings are equal"),
        ([[1, 9]], "9 is not a known value; known: 1, 2"),
    ],
)
def test_what_has_no_alpha(units, told):
    with pytest.raises(MetricError, match=told):
        krippendorff_alpha(units, [1, 2])
