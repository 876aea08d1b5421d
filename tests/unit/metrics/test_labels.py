"""Metrics of labels: values of scikit-learn, bounds that are honest, errors that say what is missing."""

import random
from math import isnan

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics import posterior
from pytest_ftgate.metrics.compute import Scored
from pytest_ftgate.metrics.labels import Labels

SPAM = ("spam", "ham")


def cases(pairs, **more):
    return [Scored(f"c{i}", float(e == p), e == p, e, p, **more) for i, (e, p) in enumerate(pairs)]


def table(tp, fn, fp, tn):
    pairs = [("spam", "spam")] * tp + [("spam", "ham")] * fn + [("ham", "spam")] * fp + [("ham", "ham")] * tn
    return Labels(SPAM, cases(pairs))


answers = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c", None, "zebra"])), min_size=1, max_size=60
).map(lambda pairs: [("a", "a"), ("b", "a"), ("c", "c"), *pairs])


@settings(max_examples=40, deadline=None)
@given(answers)
def test_values_are_those_of_scikit_learn(pairs):
    labels = Labels("abc", cases(pairs))
    truth = [expected for expected, _ in pairs]
    found = [answer if answer in "abc" else "other" for answer in (str(answer) for _, answer in pairs)]
    known = {"labels": ["a", "b", "c"], "zero_division": 0}
    assert labels.accuracy().value == pytest.approx(sk.accuracy_score(truth, found))
    assert labels.mcc().value == pytest.approx(sk.matthews_corrcoef(truth, found))
    for average in ("macro", "micro", "weighted"):
        assert labels.f1(average=average).value == pytest.approx(sk.f1_score(truth, found, average=average, **known))
    for i, label in enumerate("abc"):
        assert labels.f1(label).value == pytest.approx(sk.f1_score(truth, found, average=None, **known)[i])
        assert labels.recall(label).value == pytest.approx(sk.recall_score(truth, found, average=None, **known)[i])


@settings(max_examples=25, deadline=None)
@given(answers)
def test_bounds_enclose_the_value(pairs):
    labels = Labels("abc", cases(pairs))
    found = [labels.accuracy(), labels.mcc(), labels.f1("a"), labels.recall("b"), labels.precision("a")]
    found += [labels.f1(average=average) for average in ("macro", "micro", "weighted")]
    for metric in found:
        assert metric.lower <= metric.value + 1e-12
        assert metric.value <= metric.upper + 1e-12
        assert metric.lower < 1
        assert metric.n == len(pairs)


def test_the_statistic_of_the_draws_is_the_statistic_of_the_value():
    """Fed with the table itself instead of draws, each statistic gives what scikit-learn gives."""
    rng = random.Random(1)
    pairs = [(e, rng.choice([e, e, "a", "b", None])) for e in "aabbbbccc" * 5]
    labels = Labels("abc", cases(pairs))
    counts = labels._table().astype(float)
    hits, predicted, sizes = np.diag(counts[:, :3])[None], counts.sum(axis=0)[None], counts.sum(axis=1)
    for name, statistic in (
        ("macro", posterior.macro_f1),
        ("micro", posterior.micro_f1),
        ("weighted", posterior.weighted_f1),
    ):
        assert statistic(hits, predicted, sizes)[0] == pytest.approx(labels.f1(average=name).value)
    assert posterior.mcc(hits, predicted, sizes)[0] == pytest.approx(labels.mcc().value)


@pytest.mark.parametrize("n", [1, 3, 150])
def test_a_perfect_set_gives_neither_nan_nor_certainty(n):
    labels = table(n, 0, 0, n)
    found = [labels.accuracy(), labels.mcc(), labels.f1("spam"), labels.recall("ham"), labels.precision("spam")]
    found += [labels.f1(average=average) for average in ("macro", "micro", "weighted")]
    for metric in found:
        assert metric.value == 1
        assert not isnan(metric.lower)
        assert metric.lower < 1
        if n == 3:
            assert metric.lower < 0.85


def test_perfect_with_many_classes_is_not_drowned_by_the_prior():
    names = [f"l{i}" for i in range(20)]
    metric = Labels(names, cases([(name, name) for name in names] * 15)).f1(average="macro")
    assert 0.95 < metric.lower < 1
    assert metric.upper == 1


def few_classes():
    return np.array([[0.92, 0.05, 0.02, 0.01], [0.06, 0.9, 0.03, 0.01], [0.04, 0.1, 0.85, 0.01]]), 40


def many_classes(right):
    """Twenty classes, the wrong answers spread over all others and one column of unknown labels."""
    wrong = np.full((20, 21), (1 - right) / 20)
    wrong[np.arange(20), np.arange(20)] = right
    return wrong, 10


@pytest.mark.parametrize(("chances", "size"), [few_classes(), many_classes(0.5), many_classes(0.8), many_classes(0.95)])
def test_coverage_of_macro_f1(chances, size, monkeypatch):
    """Each bound is on its side of the truth in at least 93 % of simulated sets (nominal 95)."""
    monkeypatch.setattr(posterior, "DRAWS", 500)
    rng, sizes = np.random.default_rng(5), np.full(len(chances), float(size))

    def macro(table):
        return posterior.macro_f1(np.diag(table)[None], table.sum(axis=0)[None], sizes)[0]

    drawn = [np.array([rng.multinomial(size, row) for row in chances]) for _ in range(300)]
    truth = np.mean([macro(table) for table in drawn])
    bounds = np.array([posterior.table_bounds(table, posterior.macro_f1, macro(table)) for table in drawn])
    assert np.mean(bounds[:, 0] <= truth) >= 0.93
    assert np.mean(bounds[:, 1] >= truth) >= 0.93


def test_draws_are_seeded():
    assert table(30, 5, 3, 40).f1(average="macro") == table(30, 5, 3, 40).f1(average="macro")


def test_an_unknown_answer_is_wrong_and_has_its_own_column():
    labels = Labels(SPAM, cases([("spam", "spam"), ("spam", None), ("ham", "junk"), ("ham", "ham")]))
    assert labels.accuracy().value == 0.5
    assert labels.recall("spam").value == 0.5
    assert labels.precision("spam").value == 1
    assert labels.confusion().columns == ("spam", "ham", "(no label)")
    assert labels.confusion().counts == ((1, 0, 1), (0, 1, 1))
    assert labels.confusion().lines()[0].split() == ["expected", "\\", "predicted", "spam", "ham", "(no", "label)"]


def test_an_unmeasured_case_counts_against_the_model_in_every_metric():
    measured = cases([("spam", "spam")] * 20 + [("ham", "ham")] * 20)
    lost = [Scored("x", 0.0, False, "ham", None, measured=False), Scored("y", 0.0, False, "spam", None, measured=False)]
    whole, short = Labels(SPAM, measured), Labels(SPAM, measured + lost)
    assert short.precision("spam").value < whole.precision("spam").value
    for metric in ("accuracy", "mcc"):
        assert getattr(short, metric)().value < 1
    assert short.f1("spam").detail == "tp 20, fp 1, fn 1"
    assert short.f1("ham").detail == "tp 20, fp 1, fn 1"
    assert short.confusion().columns[-1] == "(not measured)"
    assert [row[-1] for row in short.confusion().counts] == [1, 1]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Labels(SPAM, []), "no cases selected"),
        (lambda: Labels(["spam"], cases([("spam", "spam")])), "at least two"),
        (lambda: Labels(SPAM, cases([("eggs", "spam")])), "case 'c0' expects 'eggs', known labels: 'spam', 'ham'"),
        (lambda: Labels(SPAM, cases([(None, "spam")])), "expects no label"),
        (lambda: Labels(SPAM, cases([("ham", "ham")])).f1("spam"), "class 'spam' has no case"),
        (lambda: Labels(SPAM, cases([("ham", "ham")])).f1(average="macro"), "class 'spam' has no case"),
        (lambda: Labels(SPAM, cases([("ham", "ham")])).mcc(), "class 'spam' has no case"),
        (lambda: table(0, 3, 0, 3).precision("spam"), "none of 6 answers is 'spam'"),
        (lambda: table(1, 1, 1, 1).f1("spma"), "did you mean 'spam'"),
        (lambda: table(1, 1, 1, 1).f1(), "needs either positive"),
        (lambda: table(1, 1, 1, 1).f1("spam", "macro"), "needs either positive"),
        (lambda: table(1, 1, 1, 1).f1(average="mean"), "'binary', 'macro'"),
    ],
)
def test_errors_say_what_is_missing(make, text):
    with pytest.raises(MetricError) as caught:
        make()
    assert text in str(caught.value)
