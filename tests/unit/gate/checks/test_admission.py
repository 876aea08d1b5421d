"""Who may vote: judges that look good on average and know nothing are refused, good ones are let in."""

import numpy as np
import pytest

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.admission import admit


def always(answer):
    return lambda rng, labels: [answer] * len(labels)


def coin(rng, labels):
    return rng.choice(["yes", "no"], len(labels)).tolist()


def prevalent_coin(rng, labels):
    """Says yes about as often as people do, without looking."""
    return rng.choice(["yes", "no"], len(labels), p=[0.85, 0.15]).tolist()


def right_90(rng, labels):
    wrong = {"yes": "no", "no": "yes"}
    return [
        label if right else wrong[label] for label, right in zip(labels, rng.random(len(labels)) < 0.9, strict=True)
    ]


def admitted(judge, n, share, sets):
    """How often a judge is admitted on n labels, each of them yes with the chance `share`."""
    rng = np.random.default_rng(n)
    count = 0
    for _ in range(sets):
        labels = dict(enumerate(rng.choice(["yes", "no"], n, p=[share, 1 - share]).tolist()))
        count += admit(labels, dict(enumerate(judge(rng, list(labels.values()))))).admitted
    return count / sets


@pytest.mark.parametrize(("n", "share"), [(400, 0.9), (400, 0.75), (120, 0.75)])
@pytest.mark.parametrize("judge", [always("yes"), always("no"), coin, prevalent_coin])
def test_judges_that_know_nothing_are_refused(judge, n, share):
    assert admitted(judge, n, share, 1000) <= 0.01


@pytest.mark.parametrize(("n", "share", "least"), [(400, 0.9, 0.9), (200, 0.75, 0.97), (120, 0.6, 0.9)])
def test_a_judge_that_is_right_nine_times_in_ten_is_mostly_admitted(n, share, least):
    assert admitted(right_90, n, share, 400) >= least


def verdicts_of(labels, wrong):
    """Verdicts with so many wrong ones in each class."""
    left, made = dict(wrong), {}
    for key, label in labels.items():
        off = left.get(label, 0) > 0
        left[label] = left.get(label, 0) - off
        made[key] = {"yes": "no", "no": "yes"}[label] if off else label
    return made


def counted(yes, no):
    return {f"a{i}": "yes" if i < yes else "no" for i in range(yes + no)}


def test_the_numbers_are_told():
    labels = counted(75, 25)
    found = admit(labels, verdicts_of(labels, {"yes": 3, "no": 4}))
    assert found.admitted
    assert found.reasons == ()
    assert found.numbers["agreement"] == 0.93
    assert found.numbers["recall(no)"] == 21 / 25
    assert found.numbers["recall(no) lower"] == pytest.approx(0.6875, abs=0.0005)
    assert found.numbers["ac1 lower"] > 0.75
    assert (found.numbers["labels"], found.numbers["labels(no)"], found.numbers["no_verdict"]) == (100, 25, 0)


@pytest.mark.parametrize(
    ("yes", "no", "reasons"),
    [
        (60, 39, ["99 human labels, at least 100 required"]),
        (90, 24, ["24 human labels are 'no', at least 25 required"]),
        (100, 0, ["labels of two or more classes required, found only 'yes'"]),
        (0, 0, ["0 human labels, at least 100 required", "labels of two or more classes required, found none"]),
        (10, 5, ["15 human labels, at least 100", "5 human labels are 'no'", "10 human labels are 'yes'"]),
    ],
)
def test_too_few_labels_refuse_even_a_perfect_judge_with_every_reason(yes, no, reasons):
    labels = counted(yes, no)
    found = admit(labels, dict(labels))
    assert not found.admitted
    assert len(found.reasons) == len(reasons)
    for told, reason in zip(found.reasons, reasons, strict=True):
        assert told.startswith(reason)


def test_a_recall_that_is_not_shown_is_named_where_ac1_is_high():
    labels = counted(275, 25)
    found = admit(labels, verdicts_of(labels, {"no": 10}))
    assert not found.admitted
    assert found.reasons == ("recall(no) 0.60, lower bound 0.437 < 0.5 (n = 25)",)
    assert found.numbers["ac1 lower"] > 0.9


def test_an_agreement_that_is_too_low_is_named_where_recalls_are_fair():
    labels = counted(150, 150)
    found = admit(labels, verdicts_of(labels, {"yes": 45, "no": 45}))
    assert [reason.split(" ")[0] for reason in found.reasons] == ["ac1"]


def test_a_class_that_nobody_gave_is_missing():
    labels = counted(60, 60)
    found = admit(labels, labels, ("yes", "no", "maybe"))
    assert found.reasons == ("0 human labels are 'maybe', at least 25 required",)


def test_a_judge_that_passes_over_what_is_hard_gains_nothing():
    labels = counted(75, 50)
    wrong = verdicts_of(labels, {"no": 24})
    silent = {key: verdict for key, verdict in wrong.items() if verdict == labels[key]}
    strange = {key: verdict if verdict == labels[key] else "dunno" for key, verdict in wrong.items()}
    refused = admit(labels, wrong)
    assert not refused.admitted
    for verdicts, count in ((silent, 24), (strange, 24)):
        found = admit(labels, verdicts)
        assert (found.admitted, found.reasons) == (refused.admitted, refused.reasons)
        assert found.numbers["no_verdict"] == count


def test_verdicts_on_other_answers_do_not_count():
    labels = counted(75, 50)
    assert admit(labels, {**labels, "stranger": "no"}) == admit(labels, labels)


def test_a_label_that_is_no_class_is_an_error():
    labels = counted(75, 50)
    with pytest.raises(MetricError, match="'maybe' is not a known class"):
        admit({**labels, "x": "maybe"}, labels, ("yes", "no"))
