"""Inputs of production against training and goldens: no finding where there is none, and findings where there are."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from scipy.stats import chi2_contingency, kstest
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from pytest_ftgate.cli.main import main
from pytest_ftgate.data.drift.classifier import _areas, _predictor, _similarity, classifier
from pytest_ftgate.data.drift.compare import TESTS, compare
from pytest_ftgate.data.drift.inputs import Inputs, read_log, read_training, sampled
from pytest_ftgate.data.drift.labels import labels
from pytest_ftgate.data.drift.length import length
from pytest_ftgate.data.drift.vocabulary import vocabulary
from pytest_ftgate.errors import FileFaults
from tests.projects import write_golden, write_rows

WORDS = [
    "free",
    "win",
    "call",
    "now",
    "claim",
    "prize",
    "meet",
    "lunch",
    "home",
    "later",
    "love",
    "see",
    "you",
    "at",
    "the",
    "to",
    "a",
    "me",
    "is",
    "and",
]


def inputs(seed: int, n: int = 60, more: tuple[str, ...] = (), longest: int = 14, spam: float = 0.3) -> Inputs:
    """Messages of words drawn at random, a part of them rare; `more` words turn up in a third of them."""
    rng = random.Random(seed)
    texts = []
    for _ in range(n):
        words = rng.choices(WORDS, weights=range(1, len(WORDS) + 1), k=rng.randint(3, longest))
        texts.append(" ".join(words + [word for word in more if rng.random() < 0.33]))
    found = tuple("spam" if rng.random() < spam else "ham" for _ in range(n))
    return Inputs("training", tuple(texts), found)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_equal_sources_give_a_p_value_that_is_uniform_or_cautious(test):
    """Simulated type I error: at the level .05 a test finds something in about .05 of a hundred pairs of samples."""
    ps = np.array([test(inputs(2 * seed), inputs(2 * seed + 1, n=45)).p for seed in range(100)])
    assert (ps <= 0.05).mean() <= 0.10  # .05 and two standard errors
    assert (ps <= 0.5).mean() <= 0.60
    assert (ps <= 0.5).mean() >= 0.25, "a test that never finds anything is none"
    assert kstest(ps, "uniform", alternative="greater").pvalue > 0.01


def test_the_whole_report_finds_nothing_in_equal_sources_nineteen_times_in_twenty():
    found = [
        any(each.found for each in compare(inputs(3 * s), [inputs(3 * s + 1), inputs(3 * s + 2)])) for s in range(40)
    ]
    assert np.mean(found) <= 0.125  # .05 and two standard errors


def test_new_words_are_found_and_named():
    tested = {each.name: each for each in compare(inputs(1, 150, more=("bitcoin", "wallet")), [inputs(2, 150)])}
    assert tested["vocabulary"].found
    assert tested["classifier"].found
    assert {"bitcoin", "wallet"} <= set(tested["vocabulary"].told.split(";")[0].split())
    assert not tested["labels"].found


def test_longer_messages_are_found_by_their_length():
    tested = {each.name: each for each in compare(inputs(1, 150, longest=28), [inputs(2, 150)])}
    assert tested["length"].found
    assert "characters vs" in tested["length"].told


def test_another_mix_of_labels_is_found_by_the_labels_alone():
    tested = {each.name: each for each in compare(inputs(1, 150, spam=0.6), [inputs(2, 150)])}
    assert [name for name, each in tested.items() if each.found] == ["labels"]
    assert "spam" in tested["labels"].told


def test_letters_that_words_do_not_show_are_found_by_the_classifier():
    """Each word is rare, so no word is oftener: only their letters tell the sides apart."""
    rng = random.Random(4)

    def texts(letters: str) -> tuple[str, ...]:
        return tuple(" ".join("".join(rng.choices(letters, k=12)) for _ in range(4)) for _ in range(80))

    log, other = (Inputs("training", texts(letters), (None,) * 80) for letters in ("abcdeggg", "abcdefff"))
    assert classifier(log, other).p == 0.001
    assert labels(log, other) is None
    assert vocabulary(log, other) is None


def test_the_classifier_is_scikit_learns_ridge():
    """Closed form against Ridge on the kernel's own features, fold by fold."""
    log, other = inputs(1, 30), inputs(2, 30)
    similarity = _similarity([*log.texts, *other.texts])
    sides = (np.arange(60) < 30).astype(float)
    scores = _predictor(similarity, np.random.default_rng(3)) @ sides
    values, vectors = np.linalg.eigh(similarity)
    features = vectors * np.sqrt(np.maximum(values, 0))
    folds = np.random.default_rng(3).permutation(60) % 5
    for fold in range(5):
        test, train = folds == fold, folds != fold
        ridge = Ridge(alpha=1.0, fit_intercept=False).fit(features[train], sides[train])
        assert ridge.predict(features[test]) == pytest.approx(scores[test], abs=1e-6)
    assert _areas(scores[:, None], sides[:, None])[0] == pytest.approx(roc_auc_score(sides, scores))


def test_random_tables_agree_with_chi_squared_where_that_holds():
    for share in (0.3, 0.36, 0.4):
        log, other = inputs(1, 400, spam=share), inputs(2, 400)
        table = [[each.labels.count(name) for name in ("ham", "spam")] for each in (log, other)]
        least, most = (chi2_contingency(table, correction=correction).pvalue for correction in (False, True))
        assert least - 0.01 <= labels(log, other).p <= most + 0.01


def test_lengths_by_hand():
    same = Inputs("training", ("abc",) * 20, (None,) * 20)
    assert length(same, same).p == 1
    assert length(Inputs("log", ("a" * 50,) * 20, (None,) * 20), same).p < 1e-6


def test_large_logs_are_sampled_and_the_sample_is_always_the_same():
    many = inputs(1, 3000)
    assert len(sampled(many).texts) == len(sampled(many).labels) == 1000
    assert sampled(many) == sampled(many)
    assert set(sampled(many).texts) <= set(many.texts)


# --- files and the command ----------------------------------------------------------------------------------------------


def write(path, rows) -> str:
    return str(write_rows(path, rows))


def rows(found: Inputs, answer: str) -> list[dict]:
    return [
        {"input": {"text": text}, answer: json.dumps({"label": label}) if answer == "output" else {"label": label}}
        for text, label in zip(found.texts, found.labels, strict=True)
    ]


def test_log_and_training_are_read_alike(tmp_path):
    log = read_log(tmp_path / write(tmp_path / "log.jsonl", rows(inputs(1), "output")), "label")
    training = read_training(tmp_path / write(tmp_path / "train.jsonl", rows(inputs(1), "expected")), "label")
    assert (log.texts, log.labels) == (training.texts, training.labels) == (inputs(1).texts, inputs(1).labels)


def test_without_a_path_the_whole_answer_is_the_label(tmp_path):
    log = read_log(tmp_path / write(tmp_path / "log.jsonl", rows(inputs(1), "output")))
    training = read_training(tmp_path / write(tmp_path / "train.jsonl", rows(inputs(1), "expected")))
    assert log.labels == training.labels
    assert set(log.labels) == {'{"label":"ham"}', '{"label":"spam"}'}
    plain = read_log(tmp_path / write(tmp_path / "plain.jsonl", [{"input": "a", "output": " ham "}, {"input": "b"}]))
    assert plain.labels == ("ham", None)


def test_every_line_that_is_no_request_is_told(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"input": "fine"}\n{"output": "x"}\nnonsense\n[1]\n')
    with pytest.raises(FileFaults) as caught:
        read_log(path)
    assert [fault.line for fault in caught.value.faults] == [2, 3, 4]
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(FileFaults, match="no rows"):
        read_log(tmp_path / "empty.jsonl")


def test_the_command_says_no_drift_or_what_drifted(tmp_path, capsys):
    train = write(tmp_path / "train.jsonl", rows(inputs(2, 150), "expected"))
    golden = write_golden(
        tmp_path / "goldens" / "mail",
        rows(
            Inputs(
                "",
                *map(
                    tuple,
                    zip(*dict(zip(inputs(3, 150).texts, inputs(3, 150).labels, strict=True)).items(), strict=True),
                ),
            ),
            "expected",
        ),
        '[prompt]\ntemplate = "{{ text }}"\n[label]\npath = "label"\nvalues = ["spam", "ham"]\n',
    )
    held_to = ["--train", train, "--goldens", str(golden)]

    same = write(tmp_path / "same.jsonl", rows(inputs(4, 150), "output"))
    assert main(["drift", "inputs", same, *held_to]) == 0
    out = capsys.readouterr().out
    assert "150 production inputs compared with 150 of training" in out
    assert "no drift" in out
    assert out.count("classifier") >= 2

    other = write(tmp_path / "other.jsonl", rows(inputs(5, 150, more=("bitcoin", "wallet")), "output"))
    assert main(["drift", "inputs", other, *held_to]) == 12
    out = capsys.readouterr().out
    assert "DRIFT: production inputs differ in vocabulary (training)" in out
    assert "bitcoin" in out


def test_mistakes_are_one_message(tmp_path, capsys):
    log = write(tmp_path / "log.jsonl", rows(inputs(1), "output"))
    for args, said in (
        ([log], "nothing to compare with; pass --train FILE, --goldens DIR or both"),
        ([str(tmp_path / "none.jsonl"), "--train", log], "cannot be read"),
        ([log, "--goldens", str(tmp_path)], ": no golden set found"),
    ):
        assert main(["drift", "inputs", *args]) == 2
        err = capsys.readouterr().err
        assert said in err
        assert "Traceback" not in err


def test_vocabulary_of_a_script_without_spaces_names_pairs_of_characters():
    known = [f"请问第{number}号包裹什么时候送到？" for number in range(40)]
    log = [f"第{number}号订单我要申请退款。" for number in range(40)]
    found = vocabulary(Inputs("log", tuple(log), (None,) * 40), Inputs("training", tuple(known), (None,) * 40))
    assert found is not None
    assert found.p < 0.01
    more, fewer = (part.partition(": ")[2].split() for part in found.told.split("; "))
    assert sum(len(pair) == 2 and pair in log[0] for pair in more) >= 4
    assert sum(len(pair) == 2 and pair in known[0] for pair in fewer) >= 4
