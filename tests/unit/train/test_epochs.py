"""Which epoch is kept, when to stop, what to warn of."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import pytest

from pytest_ftgate.train import epochs
from pytest_ftgate.train.manifest import Epoch


def epoch(number, score, loss=1.0, train_loss=1.0):
    return Epoch(number, number * 10, score, 0, 10, loss, 2.7, train_loss)


def test_the_best_epoch_has_the_best_score_then_the_lower_loss_then_comes_first():
    assert epochs.best([epoch(1, 0.8), epoch(2, 0.9), epoch(3, 0.7)]).epoch == 2
    assert epochs.best([epoch(1, 0.9, 1.0), epoch(2, 0.9, 0.5)]).epoch == 2
    assert epochs.best([epoch(1, 0.9), epoch(2, 0.9)]).epoch == 1


@pytest.mark.parametrize(
    ("scores", "stop"),
    [
        ([0.9, 0.8, 0.8, 0.9], True),
        ([0.9, 0.8, 0.8], False),
        ([0.9, 0.8, 0.95, 0.9], False),
        ([0.5, 0.6, 0.6, 0.6, 0.6], True),
        ([], False),
    ],
)
def test_training_stops_after_three_validations_without_a_better_score(scores, stop):
    assert epochs.should_stop([epoch(i + 1, s) for i, s in enumerate(scores)], patience=3) is stop


def test_overfitting_is_named_when_the_validation_loss_turns():
    turned = [epoch(1, 0.9, 0.30, 0.5), epoch(2, 0.9, 0.35, 0.2)]
    assert "since epoch 1 the validation loss rose from 0.3000 to 0.3500" in epochs.overfitting(turned)


@pytest.mark.parametrize("last", [(0.25, 0.2), (0.301, 0.2), (0.35, 0.6)])
def test_no_warning_while_the_loss_falls_or_both_rise(last):
    assert epochs.overfitting([epoch(1, 0.9, 0.30, 0.5), epoch(2, 0.9, *last)]) == ""
    assert epochs.overfitting([epoch(1, 0.9)]) == ""


def test_folders_are_read_in_order_and_unfinished_ones_are_not_epochs(tmp_path):
    for name in ("10-100", "2-20", "part.3"):
        (tmp_path / name).mkdir()
    (tmp_path / "2-20" / "score.json").write_text(json.dumps(asdict(epoch(2, 0.5))))
    assert [folder.name for folder in epochs.folders(tmp_path)] == ["2-20", "10-100"]
    assert epochs.scored(tmp_path) == [epoch(2, 0.5)]
    assert [folder.name for folder in epochs.unscored(tmp_path)] == ["10-100"]


@pytest.mark.parametrize(
    ("shares", "told"),
    [([1.0, 1.0], "nothing learnt in 2 steps: .* \\(mean 0.500\\)"), ([1.0, 0.5], "^$"), ([], "^$")],
)
def test_answers_that_are_all_graded_alike_are_a_warning(shares, told):
    steps = [{"loss": 0.0, "frac_reward_zero_std": share, "reward": place} for place, share in enumerate(shares)]
    assert re.search(told, epochs.all_alike([{"loss": 1.0}, *steps] if shares else [{"loss": 1.0}]))
