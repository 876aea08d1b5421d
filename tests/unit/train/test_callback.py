"""Checkpoints come by the clock: one before too much work could be lost."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_ftgate.train import callback
from pytest_ftgate.train.callback import CHECKPOINT_S, Keeper
from pytest_ftgate.train.tuning import Tuning


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(s=1000.0)
    monkeypatch.setattr(callback.time, "monotonic", lambda: now.s)
    return now


def saved_at(clock, step_s: float, steps: int, tmp_path, save_s: float = 0.0) -> list[int]:
    """The steps after which a checkpoint is asked for that takes `save_s`; within an epoch, before its end."""
    trainer = SimpleNamespace(
        accelerator=SimpleNamespace(num_processes=1, device=SimpleNamespace(type="cpu"), wait_for_everyone=lambda: None)
    )
    trainer.is_world_process_zero = lambda: True
    trainer.save_s = save_s
    keeper = Keeper(tmp_path, lambda *_, **__: None, trainer, Tuning(), None, None)
    keeper.on_train_begin()
    asked = []
    for step in range(1, steps + 1):
        keeper.on_step_begin()
        clock.s += step_s
        control = SimpleNamespace(should_save=False, should_training_stop=False)
        keeper.on_step_end(None, SimpleNamespace(epoch=step / 1000, global_step=step, max_steps=1000), control)
        if control.should_save:
            asked.append(step)
            clock.s += save_s
            keeper.on_save(None, SimpleNamespace(log_history=[]), control)
    return asked


@pytest.mark.parametrize(("step_s", "wanted"), [(1.0, [45, 90]), (10.0, [4, 8]), (60.0, [1, 2])])
def test_no_more_than_the_limit_is_ever_at_stake(clock, tmp_path, step_s, wanted):
    asked = saved_at(clock, step_s, 100, tmp_path)
    assert asked[:2] == wanted
    gaps = [(b - a) * step_s for a, b in zip([0, *asked], asked, strict=False)]
    assert max(gaps) <= max(CHECKPOINT_S, step_s)


@pytest.mark.parametrize(("save_s", "wanted"), [(1.0, [45, 90]), (5.0, [100, 200]), (30.0, [600])])
def test_a_checkpoint_that_takes_long_comes_seldom(clock, tmp_path, save_s, wanted):
    """Of the time at most a twentieth is spent on it."""
    asked = saved_at(clock, 1.0, 700, tmp_path, save_s)
    assert asked[: len(wanted)] == wanted
    assert len(asked) * save_s <= 0.05 * 700
