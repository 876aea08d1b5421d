"""Agreement of two raters: against scikit-learn, statsmodels, published examples, and by counting how often it errs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.agreement.coefficients import (
    ac1,
    cohen_chance,
    gwet_chance,
    kappa,
    percent_agreement,
    recalls,
    standard_error,
)
from pytest_ftgate.metrics.agreement.table import Table, cross
from pytest_ftgate.metrics.intervals import wilson

# Gwet, Handbook of Inter-Rater Reliability, 4th edition 2014: 100 pregnancies by two abstractors, 223 diagnoses.
PREGNANCIES = Table(("ectopic", "aiu", "niu"), ((13, 0, 0), (0, 20, 7), (0, 4, 56)))
DIAGNOSES = Table(tuple("sbdo"), ((40, 4, 4, 17), (6, 25, 2, 13), (4, 1, 21, 12), (15, 5, 9, 45)))


def labels_of(table):
    """The two raters' labels, case by case."""
    cells = [
        (one, other, count)
        for one, row in zip(table.classes, table.counts, strict=True)
        for other, count in zip(table.classes, row, strict=True)
    ]
    return [one for one, _, count in cells for _ in range(count)], [o for _, o, count in cells for _ in range(count)]


def tables(most=30, sizes=(2, 4)):
    return st.integers(*sizes).flatmap(
        lambda q: st.lists(st.lists(st.integers(0, most), min_size=q, max_size=q), min_size=q, max_size=q)
    )


def named(counts):
    return Table(tuple(f"c{i}" for i in range(len(counts))), tuple(map(tuple, counts)))


@pytest.mark.parametrize(
    ("table", "coefficient", "chance", "value", "error"),
    [
        (PREGNANCIES, ac1, gwet_chance, 0.84933, 0.04322),
        (PREGNANCIES, kappa, cohen_chance, 0.796, 0.059),
        (DIAGNOSES, ac1, gwet_chance, 0.456, 0.043),
        (DIAGNOSES, kappa, cohen_chance, 0.432, 0.046),
    ],
)
def test_published_examples(table, coefficient, chance, value, error):
    digits = 5e-6 if value == 0.84933 else 5e-4
    assert coefficient(table).value == pytest.approx(value, abs=digits)
    assert standard_error(table, chance(table)) == pytest.approx(error, abs=digits)


def test_agreement_of_88_percent_at_90_to_10_is_kappa_39_but_ac1_85():
    table = Table(("yes", "no"), ((83, 7), (5, 5)))
    assert percent_agreement(table).value == 0.88
    assert round(kappa(table).value, 2) == 0.39
    assert round(ac1(table).value, 2) == 0.85


def test_a_judge_that_always_says_yes_has_a_high_ac1_and_finds_not_one_no():
    table = Table(("yes", "no"), ((90, 0), (10, 0)))
    assert round(ac1(table).value, 2) == 0.89
    assert kappa(table).value == pytest.approx(0)
    assert recalls(table)["no"].value == recalls(table)["no"].lower == 0


@settings(deadline=None)
@given(tables())
def test_kappa_and_its_error_are_those_of_scikit_learn_and_statsmodels(counts):
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import cohens_kappa

    table = named(counts)
    if table.n == 0 or cohen_chance(table).agreement > 0.999:
        return
    first, second = labels_of(table)
    expected = cohen_kappa_score(first, second, labels=list(table.classes))
    assert kappa(table).value == pytest.approx(expected, abs=1e-9)
    theirs = cohens_kappa(np.array(counts), return_results=True)
    assert standard_error(table, cohen_chance(table)) ** 2 == pytest.approx(theirs.var_kappa, abs=1e-9)


@settings(deadline=None)
@given(tables())
def test_ac1_and_its_error_as_gwet_2008_writes_them(counts):
    """The variance of the paper's two-rater case with its three terms, written out with numpy."""
    table = named(counts)
    n, q = table.n, len(counts)
    if n == 0:
        return
    p = np.array(counts) / n
    mean = (p.sum(axis=0) + p.sum(axis=1)) / 2
    pa, pe = np.trace(p), float((mean * (1 - mean)).sum() / (q - 1))
    value = (pa - pe) / (1 - pe)
    hard = 1 - (mean[:, None] + mean[None, :]) / 2
    terms = pa * (1 - pa)
    terms -= 4 * (1 - value) * ((np.diag(p) * (1 - mean)).sum() / (q - 1) - pa * pe)
    terms += 4 * (1 - value) ** 2 * ((p * hard**2).sum() / (q - 1) ** 2 - pe**2)
    assert ac1(table).value == pytest.approx(value, abs=1e-9)
    assert standard_error(table, gwet_chance(table)) ** 2 == pytest.approx(terms / (n * (1 - pe) ** 2), abs=1e-9)


@settings(deadline=None)
@given(tables())
def test_bounds_hold_the_value_and_have_a_width(counts):
    table = named(counts)
    if table.n == 0 or cohen_chance(table).agreement > 0.999:
        return
    for metric in (percent_agreement(table), kappa(table), ac1(table)):
        assert -1 <= metric.lower <= metric.value + 1e-9
        assert metric.value <= metric.upper + 1e-9
        assert metric.upper <= 1 + 1e-9
        assert metric.upper - metric.lower > 0.01


def test_bounds_are_near_value_plus_minus_z_errors_where_those_are_good():
    table = Table(("yes", "no"), ((1200, 300), (350, 1150)))
    for metric, chance in ((kappa(table), cohen_chance(table)), (ac1(table), gwet_chance(table))):
        half = 1.6449 * standard_error(table, chance)
        assert (metric.lower, metric.upper) == pytest.approx((metric.value - half, metric.value + half), abs=0.002)


@pytest.mark.parametrize("n", [100, 300])
@pytest.mark.parametrize(
    "truth",
    [
        ((0.45, 0.05), (0.05, 0.45)),
        ((0.40, 0.10), (0.10, 0.40)),
        ((0.72, 0.03), (0.05, 0.20)),
        ((0.65, 0.10), (0.08, 0.17)),
        ((0.86, 0.04), (0.02, 0.08)),
    ],
)
def test_each_bound_of_ac1_is_wrong_in_one_of_twenty(truth, n):
    rng = np.random.default_rng(n)
    cells = np.array(truth).ravel()
    value = ac1(named([[int(1e6 * x) for x in row] for row in truth])).value
    drawn = [ac1(named(counts.reshape(2, 2).tolist())) for counts in rng.multinomial(n, cells, 2000)]
    too_high = np.mean([metric.lower > value for metric in drawn])
    too_low = np.mean([metric.upper < value for metric in drawn])
    assert 0.025 <= too_high <= 0.066
    assert 0.025 <= too_low <= 0.068


def test_recall_of_each_class_is_that_of_scikit_learn_with_wilson_bounds():
    from sklearn.metrics import recall_score

    first, second = labels_of(DIAGNOSES)
    found = recalls(DIAGNOSES)
    expected = recall_score(first, second, labels=list("sbdo"), average=None)
    assert [found[name].value for name in "sbdo"] == pytest.approx(list(expected))
    assert (found["s"].lower, found["s"].upper) == wilson(40, 65)
    assert (found["s"].n, found["s"].detail) == (65, "40 of 65 found")


def test_a_table_counts_pairs_of_labels():
    table = cross(["yes", "yes", "no"], ["yes", "no", "no"])
    assert table == Table(("no", "yes"), ((1, 0), (1, 1)))
    assert cross(["yes"], ["no"], ("yes", "no", "maybe")).counts == ((0, 1, 0), (0, 0, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("first", "second", "classes", "told"),
    [
        ([], [], ("yes", "no"), "at least one case"),
        (["yes"], ["yes"], (), "at least two different classes; found 'yes'"),
        (["yes"], ["yes"], ("yes", "yes"), "two different classes"),
        (["yes"], ["maybe"], ("yes", "no"), "'maybe' is not a known class; known: 'yes', 'no'"),
    ],
)
def test_what_is_no_table(first, second, classes, told):
    with pytest.raises(MetricError, match=told):
        cross(first, second, classes)


def test_numbers_that_have_no_value_are_errors():
    same = Table(("yes", "no"), ((50, 0), (0, 0)))
    with pytest.raises(MetricError, match="kappa is undefined: both raters gave all 50 cases the same label"):
        kappa(same)
    with pytest.raises(MetricError, match="class 'no' has no cases among the 50 labelled"):
        recalls(same)
    assert ac1(same).value == 1
