"""While one process loads a model for itself, transformers forgets that the training is shared out by ZeRO-3."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from transformers.integrations.deepspeed import (
    is_deepspeed_zero3_enabled,
    set_hf_deepspeed_config,
    unset_hf_deepspeed_config,
)

from pytest_ftgate.train.strategies.unshared import unshared


class Zero3:
    """What transformers asks of its HfDeepSpeedConfig; deepspeed is not installed here."""

    def is_zero3(self) -> bool:
        return True


@pytest.mark.parametrize(("stage", "within"), [(3, False), (2, True)])
def test_a_model_of_one_process_is_not_shared_out(stage, within):
    config = Zero3()
    plugin = SimpleNamespace(zero_stage=stage, hf_ds_config=config)
    trainer = SimpleNamespace(accelerator=SimpleNamespace(state=SimpleNamespace(deepspeed_plugin=plugin)))
    set_hf_deepspeed_config(config)
    try:
        with unshared(trainer):
            assert is_deepspeed_zero3_enabled() is within
        assert is_deepspeed_zero3_enabled()
    finally:
        unset_hf_deepspeed_config()


def test_without_deepspeed_nothing_is_touched():
    with unshared(SimpleNamespace(accelerator=SimpleNamespace(state=SimpleNamespace()))):
        assert not is_deepspeed_zero3_enabled()
