"""One way to load a base model: the precision that is asked for, and nothing taken for something else."""

from __future__ import annotations

import pytest
import torch

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.hf.engine import TransformersEngine
from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.serve.model import Model
from tests.repository import ROOT

PACKAGE = ROOT / "pytest_ftgate"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weights_are_the_files_at_the_precision_asked_for(model, model_dir, dtype):
    loaded = load_weights(str(model_dir), None, dtype)
    assert loaded.dtype == dtype
    for name, weight in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight.to(dtype)), name


def test_bitsandbytes_is_nf4_quantised_twice(model_dir):
    config = load_weights(str(model_dir), "main", torch.bfloat16, "bitsandbytes").config.quantization_config
    assert (config.load_in_4bit, config.bnb_4bit_quant_type, config.bnb_4bit_use_double_quant) == (True, "nf4", True)
    assert config.bnb_4bit_compute_dtype == torch.bfloat16


@pytest.mark.parametrize("name", ["awq", "gptq", "fp8", "nf4", ""])
def test_any_other_name_is_refused_and_not_taken_for_nf4(model_dir, name):
    with pytest.raises(ServeError, match=f"quantization is '{name}'; transformers supports 'bitsandbytes' or none"):
        load_weights(str(model_dir), None, torch.bfloat16, name)


def test_the_engine_refuses_it_before_a_process_is_started(model_dir, tmp_path):
    engine = TransformersEngine(Model(str(model_dir), quantization="awq"), tmp_path / "log")
    with pytest.raises(ServeError, match="quantization is 'awq'"):
        engine.start(lambda _: None)
    assert engine.pid is None
    assert not (tmp_path / "log").exists()


def test_there_is_no_second_place_that_loads_a_model():
    using = [
        path for path in PACKAGE.rglob("*.py") if "ForCausalLM.from_pretrained" in path.read_text(encoding="utf-8")
    ]
    there = "serve/forms/calibrated_script.py"  # in an environment of its own, where this package is not
    assert {path.relative_to(PACKAGE).as_posix() for path in using} == {"serve/hf/weights.py", there}
