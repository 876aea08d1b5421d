"""Keys of [train] and [lora] -> what TRL and PEFT are given, and what is refused before anything starts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train import libraries
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.extra import arguments_of, optimizers
from pytest_ftgate.train.kernels import check_kernels
from pytest_ftgate.train.libraries import check_libraries
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.method_problems import configuration_problems, method_problems
from pytest_ftgate.train.models import lora_config
from pytest_ftgate.train.run import run
from pytest_ftgate.train.tuning import METHODS_OF, METHODS_OF_INIT, Lora, Tuning

CPU, CUDA = Device("cpu", "a CPU"), Device("cuda", "a GPU", capability=(8, 0))


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def go(job, out_dir: Path):
    out_dir.mkdir(exist_ok=True)
    run(job, out_dir, EventLog(out_dir / "events.jsonl"))
    return read_manifest(out_dir / "manifest.json")


def problems(train=None, lora=None, **tables):
    data = tables | ({"train": train} if train is not None else {}) | ({"lora": lora} if lora is not None else {})
    return [(keys, message, fix) for keys, message, fix in method_problems(data)]


@pytest.mark.parametrize(("device", "optim"), [(CPU, "adamw_torch_fused"), (CUDA, "paged_adamw_8bit")])
def test_the_optimizer_is_that_of_the_device_unless_one_is_named(make_job, tmp_path, device, optim):
    assert arguments(make_job(), tmp_path, device)["optim"] == optim
    assert arguments(make_job(optimizer="adafactor"), tmp_path, device)["optim"] == "adafactor"


def test_arguments_of_the_keys(make_job, tmp_path):
    given = arguments(make_job(neftune_alpha=5.0, kernels="liger", extra={"adam_beta2": 0.95}), tmp_path, CUDA)
    assert (given["neftune_noise_alpha"], given["adam_beta2"]) == (5.0, 0.95)
    assert given["use_liger_kernel"] is True
    assert given["liger_kernel_config"] == {"cross_entropy": False, "fused_linear_cross_entropy": False}
    plain = arguments(make_job(), tmp_path, CUDA)
    assert plain["neftune_noise_alpha"] is None
    assert "use_liger_kernel" not in plain


def test_arguments_of_the_adapter(make_job):
    lora = Lora(
        r=4, target_modules=("q_proj",), rslora=True, extra={"layers_to_transform": [1], "rank_pattern": {"q_proj": 8}}
    )
    config = lora_config(make_job(lora=lora))
    assert (config.use_rslora, config.lora_alpha, config.layers_to_transform) == (True, 8.0, [1])
    assert config.rank_pattern == {"q_proj": 8}


@pytest.mark.parametrize(
    "scheduler", ["cosine_with_min_lr", "warmup_stable_decay", "inverse_sqrt", "polynomial", "constant_with_warmup"]
)
def test_every_scheduler_runs_with_what_it_needs(make_job, tmp_path, scheduler):
    job = make_job(method="lora", scheduler=scheduler, epochs=1, rows=80, batch_size=2, warmup=0.1)
    rates = [rate for _, rate in go(job, tmp_path / "out").curves["learning_rate"]]
    assert max(rates) == pytest.approx(5e-3, rel=0.01)
    if scheduler == "cosine_with_min_lr":
        assert 5e-4 <= rates[-1] < 6e-4
    if scheduler == "warmup_stable_decay":
        assert rates[30] == rates[35] == pytest.approx(5e-3)
        assert rates[-1] < 1e-3


@pytest.mark.parametrize("optimizer", ["adafactor", "paged_adamw_8bit"])
def test_another_optimizer_trains(make_job, tmp_path, optimizer):
    losses = [loss for _, loss in go(make_job(method="lora", optimizer=optimizer), tmp_path / "out").curves["loss"]]
    assert sum(losses[-3:]) < sum(losses[:3])


def test_lora_plus_gives_the_second_matrices_a_rate_of_their_own(make_job, tmp_path, monkeypatch):
    rates = {}

    def look(trainer, *_):
        trainer.create_optimizer()
        names = {id(weight): name for name, weight in trainer.model.named_parameters()}
        for group in trainer.optimizer.param_groups:
            rates.update({names[id(w)].split(".")[-3]: (group["lr"], group["weight_decay"]) for w in group["params"]})
        raise TrainError("seen")

    monkeypatch.setattr("pytest_ftgate.train.run.fit", look)
    with pytest.raises(TrainError, match="seen"):
        go(make_job(method="lora", loraplus_ratio=16.0, weight_decay=0.01), tmp_path / "out")
    assert rates == {"lora_A": (5e-3, 0.01), "lora_B": (0.08, 0.01)}


def test_noise_on_the_embeddings_changes_training_and_not_the_base(make_job, tmp_path):
    plain, noisy = go(make_job(), tmp_path / "a"), go(make_job(neftune_alpha=5.0), tmp_path / "b")
    assert plain.curves["loss"] != noisy.curves["loss"]
    assert plain.epochs[0].cases == noisy.epochs[0].cases


def test_names_are_read_from_the_libraries_that_are_installed():
    from trl import DPOConfig, GRPOConfig, SFTConfig

    from pytest_ftgate.train.odds import ORPOConfig

    assert arguments_of("qlora") == set(SFTConfig.__dataclass_fields__)
    assert arguments_of("dpo") == set(DPOConfig.__dataclass_fields__)
    assert arguments_of("grpo") == set(GRPOConfig.__dataclass_fields__)
    assert arguments_of("orpo") == set(ORPOConfig.__dataclass_fields__)
    from transformers.training_args import OptimizerNames

    assert set(optimizers()) == {str(name.value) for name in OptimizerNames}


@pytest.mark.parametrize(
    ("name", "told", "fix"),
    [
        ("adam_beta3", "train.extra.adam_beta3 is not an argument of TRL", "did you mean 'adam_beta"),
        ("learning_rate", "is what train.learning_rate sets", "set train.learning_rate"),
        ("output_dir", "it would change what a killed run goes on from", "remove it"),
        ("save_strategy", "it would change what a killed run goes on from", "remove it"),
        ("max_length", "is what train.max_length sets", "set train.max_length"),
        ("push_to_hub", "it would change that nothing leaves this machine", "remove it"),
        ("label_smoothing_factor", "has no effect on the loss", "remove it"),
    ],
)
def test_arguments_that_are_not_handed_on(name, told, fix):
    [(keys, message, advice)] = problems({"extra": {name: 1}})
    assert keys == ("train", "extra", name)
    assert told in message
    assert fix in advice


def test_what_is_handed_on_has_no_problem():
    assert not problems({"extra": {"adam_beta2": 0.95, "dataloader_num_workers": 2}})
    assert not problems({"method": "dpo", "extra": {"loss_type": ["ipo"]}})


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("adamw_torch_fusd", 'has no optimizer "adamw_torch_fusd"'),
        ("schedule_free_adamw", "other weights than those that are to be saved"),
        ("galore_adamw_layerwise", "its state is in no checkpoint"),
        ("adalomo", "in the backward pass"),
    ],
)
def test_optimizers_that_are_refused(name, told):
    [(keys, message, _)] = problems({"optimizer": name})
    assert keys == ("train", "optimizer")
    assert told in message


def test_inits_go_with_their_methods():
    for init, methods in METHODS_OF_INIT.items():
        for method in ("qlora", "lora", "dpo", "kto", "orpo", "grpo"):
            found = problems({"method": method}, {"init": init})
            assert bool(found) == (method not in methods), (init, method)
    [(keys, message, fix)] = problems({"method": "qlora"}, {"init": "pissa"})
    assert keys == ("lora", "init")
    assert message == 'lora.init = "pissa" requires method = "lora", found "qlora"'
    assert "remove lora.init" in fix


def test_the_doubled_rank_must_be_servable():
    [(keys, message, _)] = problems({"method": "lora"}, {"init": "pissa", "r": 300})
    assert keys == ("lora", "r")
    assert "twice lora.r = 300" in message
    assert problems({"method": "qlora"}, {"init": "loftq", "r": 300})
    assert not problems({"method": "qlora"}, {"init": "loftq", "r": 300}, serve={"quantization": "bitsandbytes"})


@pytest.mark.parametrize(("key", "value"), [("kernels", "liger"), ("optimizer", "galore_adamw")])
def test_an_optional_library_that_is_not_installed_is_named(monkeypatch, key, value):
    monkeypatch.setattr(libraries, "this_device", lambda: CUDA)
    with pytest.raises(TrainError, match=f'train.{key} = "{value}" needs .*not installed'):
        check_libraries(replace(Tuning(), **{key: value}))


def test_what_trl_and_peft_refuse_is_no_traceback(make_job, tmp_path):
    with pytest.raises(TrainError, match=r"\[train\]: TRL does not take these settings"):
        go(make_job(extra={"adam_beta3": 1}), tmp_path / "a")
    with pytest.raises(TrainError, match=r"\[lora\]: PEFT does not take these settings"):
        go(make_job(lora=Lora(r=4, extra={"layers_to_transform": [1]})), tmp_path / "b")
    [(keys, message, _)] = problems({}, {"extra": {"layers_to_transform": [1]}})
    assert keys == ("lora", "extra", "layers_to_transform")
    assert "needs the names of layers" in message


def test_kernels_are_for_cuda():
    check_kernels("liger", CUDA)
    check_kernels("", CPU)
    with pytest.raises(TrainError, match=r"kernels = .unsloth. needs a CUDA GPU, and this machine computes"):
        check_kernels("unsloth", CPU)
    assert METHODS_OF["kernels"] == ("qlora", "lora", "full")


UNSLOTH = """
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
ASKED = []
class FastLanguageModel:
    @staticmethod
    def from_pretrained(name, **options):
        ASKED.append(options)
        return AutoModelForCausalLM.from_pretrained(name), None
    @staticmethod
    def get_peft_model(model, random_state, **options):
        return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
"""


def test_unsloth_is_asked_for_the_very_base(make_job, tmp_path, monkeypatch):
    """A module in its place that takes the arguments it takes; the real one needs CUDA."""
    tmp_path.joinpath("unsloth.py").write_text(UNSLOTH)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("pytest_ftgate.train.run.check_kernels", lambda *_: None)
    manifest = go(make_job(method="lora", kernels="unsloth", epochs=1), tmp_path / "out")
    [asked] = sys.modules.pop("unsloth").ASKED
    assert (asked["load_in_4bit"], asked["use_exact_model_name"], asked["max_seq_length"]) == (False, True, 96)
    assert manifest.metrics["train_loss"] > 0


def test_what_needs_cuda_or_another_library_is_known_before_anything_starts(monkeypatch):
    monkeypatch.setattr(libraries, "this_device", lambda: CPU)
    for name in ("flex_attention", "flash_attention_2"):
        with pytest.raises(TrainError, match=f'train.attention = "{name}" needs CUDA'):
            check_libraries(Tuning(attention=name))
    for name, package in (("adamw_torch_xla", "torch-xla"), ("adamw_torch_npu_fused", "torch-npu")):
        with pytest.raises(TrainError, match=f"{name}. needs {package}, which is not installed"):
            check_libraries(Tuning(optimizer=name))
    with pytest.raises(TrainError, match="activation_offloading needs CUDA"):
        check_libraries(Tuning(extra={"activation_offloading": True}))


def test_the_doubled_rank_of_a_single_layer_must_be_servable():
    [(keys, message, _)] = problems({"method": "lora"}, {"init": "pissa", "extra": {"rank_pattern": {"q_proj": 300}}})
    assert keys == ("lora", "extra", "rank_pattern", "q_proj")
    assert "twice lora.extra.rank_pattern.q_proj = 300" in message


@pytest.mark.parametrize(
    ("tuning", "told"),
    [
        ({"extra": {"adam_beta2": "0.95"}}, r"\[train\]: TRL does not take these settings"),
        ({"extra": {"optim_args": "foo"}}, r"\[train\]: TRL does not take these settings"),
        ({"extra": {"lr_scheduler_kwargs": {"foo": 1}}}, r"does not take these settings: .*foo"),
        ({"lora": Lora(r=4, target_modules=("nope",))}, r"\[train\] or \[lora\]: TRL does not take .*nope"),
        ({"lora": Lora(r=4, extra={"rank_pattern": {"nope": 8}})}, "rank_pattern: no layer .* matches 'nope'"),
        ({"lora": Lora(r=4, extra={"alpha_pattern": {"q_prj": 8}})}, "alpha_pattern: no layer .* matches 'q_prj'"),
    ],
)
def test_values_that_are_not_taken_are_no_crash(make_job, tmp_path, tuning, told):
    with pytest.raises(TrainError, match=told):
        go(make_job(method="lora", epochs=1, rows=8, **tuning), tmp_path / "out")


def test_a_pattern_of_a_layer_is_taken(make_job, tmp_path):
    lora = Lora(r=4, extra={"rank_pattern": {"^model.layers.0.self_attn.q_proj": 8}})
    assert go(make_job(method="lora", epochs=1, rows=8, lora=lora), tmp_path / "out").digest


def test_a_warm_up_of_all_steps_is_no_single_step(make_job, tmp_path):
    assert 0.999 < arguments(make_job(warmup=1.0), tmp_path, CPU)["warmup_steps"] < 1
    assert arguments(make_job(), tmp_path, CPU)["warmup_steps"] == 0.05


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ({"num_cycles": 0.5}, {"min_lr_rate": 0.1, "num_cycles": 0.5}),
        ({"min_lr": 1e-5}, {"min_lr": 1e-5}),
        ({"min_lr_rate": 0.2}, {"min_lr_rate": 0.2}),
    ],
)
def test_a_scheduler_keeps_what_it_cannot_do_without(make_job, tmp_path, own, given):
    job = make_job(scheduler="cosine_with_min_lr", extra={"lr_scheduler_kwargs": own})
    assert arguments(job, tmp_path, CPU)["lr_scheduler_kwargs"] == given


def test_keys_that_say_the_same_as_another_or_nothing():
    gaussian = {"extra": {"init_lora_weights": "gaussian"}}
    assert not problems({"method": "lora"}, gaussian)
    for train, lora in (({}, {"init": "pissa"}), ({"from": "champion"}, {})):
        [(keys, message, _)] = problems({"method": "lora", **train}, lora | gaussian)
        assert keys == ("lora", "extra", "init_lora_weights")
        assert "both say what the first weights are" in message
    [(keys, _, _)] = problems({"kernels": "unsloth", "attention": "sdpa"})
    assert keys == ("train", "attention")
    assert not problems({"method": "dpo", "packing": False})
    assert not problems({"method": "full", "loraplus_ratio": 0})
    assert problems({"method": "lora", "load_in_4bit": False})


def test_advice_is_what_the_method_allows():
    [(_, _, fix)] = problems({"method": "dpo", "extra": {"padding_free": True}})
    assert fix == "remove it"
    [(_, message, _)] = problems({"extra": {"dataloader_drop_last": True}})
    assert "which tokens are learnt" in message


@pytest.mark.parametrize(
    "content", [{"distributed_type": "FSDP"}, {"distributed_type": "DEEPSPEED", "deepspeed_config": {"zero_stage": 3}}]
)
def test_a_base_that_is_shared_out_by_a_configuration_has_no_other_first_weights(content):
    [(keys, message, _)] = configuration_problems({"lora": {"init": "pissa"}}, content)
    assert keys == ("lora", "init")
    assert "the whole base on each GPU" in message
    assert not list(configuration_problems({"lora": {"init": "pissa"}}, {"distributed_type": "MULTI_GPU"}))
    assert not list(configuration_problems({}, content))
    [(keys, message, _)] = configuration_problems({"train": {"method": "grpo"}}, content)
    assert keys == ("train", "accelerate_config")
    assert message.startswith(
        'method = "grpo" draws answers from the whole model; train.accelerate_config shares it out'
    )
