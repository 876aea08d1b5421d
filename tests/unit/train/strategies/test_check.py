"""What does not go together, or not on this machine, is refused before anything starts."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.method_problems import method_problems
from pytest_ftgate.train.strategies.check import KNOWN, check_strategy, read_configuration
from pytest_ftgate.train.tuning import Tuning

CPU, GPUS = Device("cpu", "a CPU"), Device("cuda", "NVIDIA L4", capability=(8, 9), visible=("0", "1"))
ONE = Device("cuda", "NVIDIA L4", capability=(8, 9), visible=("0",))

TWO, FSDP = "num_processes: 2", "distributed_type: FSDP"
ZERO = f"{TWO}, distributed_type: DEEPSPEED"


@pytest.mark.parametrize("key", ["gpus", "nodes", "strategy", "cpu_offload"])
def test_a_file_of_accelerate_stands_in_place_of_our_keys(key):
    value = {"strategy": "fsdp", "cpu_offload": False}.get(key, 2)
    [(where, message, _)] = method_problems({"train": {"accelerate_config": "own.yaml", key: value}})
    assert where == ("train", key)
    assert message == f"train.{key} and train.accelerate_config both say how the GPUs share the work"


def test_nothing_is_offloaded_under_ddp():
    [(where, _, fix)] = method_problems({"train": {"gpus": 2, "cpu_offload": True}})
    assert (where, fix) == (("train", "cpu_offload"), 'set train.strategy = "fsdp", or remove it')


@pytest.mark.parametrize(
    ("device", "settings", "message"),
    [
        (GPUS, {"gpus": 4}, r"train.gpus = 4, but 2 GPUs \(NVIDIA L4\) are visible here\n    set train.gpus = 2"),
        (ONE, {"gpus": 2}, r"train.gpus = 2, but 1 GPU \(NVIDIA L4\) is visible here\n    set train.gpus = 1"),
        (CPU, {"strategy": "fsdp"}, 'train.strategy = "fsdp" requires GPUs, and there are none here'),
        (GPUS, {"nodes": 2}, "train.nodes = 2, but the environment lacks NODE_RANK"),
        (GPUS, {"strategy": "deepspeed-3"}, "needs deepspeed, which is not installed\n    pip install deepspeed"),
    ],
)
def test_what_this_machine_cannot_do_is_refused(device, settings, message):
    with pytest.raises(TrainError, match=message):
        check_strategy(Tuning(**settings), device, {})


def test_the_gate_runs_on_the_first_machine_alone():
    there = {"NODE_RANK": "1", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29400"}
    with pytest.raises(TrainError, match="NODE_RANK is 1: pytest --train runs on the machine with NODE_RANK = 0 alone"):
        check_strategy(Tuning(nodes=2), GPUS, there)
    check_strategy(Tuning(nodes=2), GPUS, there | {"NODE_RANK": "0"})


def test_what_it_can_do_is_not():
    check_strategy(Tuning(gpus=2), GPUS, {})
    check_strategy(Tuning(gpus=2), CPU, {})
    check_strategy(Tuning(gpus=2, strategy="fsdp"), GPUS, {})
    check_strategy(Tuning(gpus=64, strategy="fsdp", where="ray"), CPU, {})


def test_a_whole_run_on_ray_trains_on_its_own_machine():
    with pytest.raises(TrainError, match=r"train.gpus = 64, but 2 GPUs"):
        check_strategy(Tuning(gpus=64, where="ray"), GPUS, {"FTGATE_ON_RAY": "1"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file"),
        ("a: [", "not valid YAML"),
        ("a: 1", "lacks distributed_type"),
        (
            f"{TWO}, distributed_type: MULTI_CPU",
            "distributed_type = 'MULTI_CPU', which is not one of NO, MULTI_GPU, FS",
        ),
        (f"{TWO}, distributed_type: NO", "num_processes = 2, of which distributed_type = NO starts one alone"),
        (f"{TWO}, distributed_type: [1]", r"distributed_type = \[1\], which is not one of"),
        ("distributed_type: FSDP", "lacks num_processes"),
        (f"{FSDP}, num_processes: all", "num_processes = 'all', which is not a whole number from 1"),
        (f"{FSDP}, num_processes: 0", "num_processes = 0, which is not"),
        (f"{FSDP}, num_processes: true", "num_processes = True, which is not"),
        (f"{FSDP}, {TWO}, num_machines: '2'", "num_machines = '2', which is not"),
        (f"{FSDP}, num_processes: 4, num_machines: 2", "num_machines = 2, but such a file is started on one machine"),
        (f"{FSDP}, {TWO}, 1: 2", "the unknown key '1', which accelerate refuses"),
        (f"{FSDP}, {TWO}, fsdp_config: 2", "fsdp_config = 2, which is not a table of settings"),
        (f"{FSDP}, {TWO}, compute_environment: AMAZON_SAGEMAKER", "'AMAZON_SAGEMAKER', which is not LOCAL_MACHINE"),
        (f"{ZERO}, deepspeed_config: ds.json", "deepspeed_config = 'ds.json', which is not a table of settings"),
        (f"{ZERO}, deepspeed_config: {{zero_stage: auto}}", "zero_stage = 'auto', which is not 0, 1, 2 or 3"),
        (f"{ZERO}, deepspeed_config: {{deepspeed_config_file: z3.json}}", "no digest would count; write its settings"),
    ],
)
def test_a_file_that_cannot_be_a_configuration_is_told(tmp_path, text, message):
    if text is not None:
        (tmp_path / "own.yaml").write_text(f"{{{text}}}")
    with pytest.raises(TrainError, match=message):
        read_configuration(tmp_path / "own.yaml")


@pytest.mark.parametrize(
    "text", ["distributed_type: NO", f"{FSDP}, {TWO}", f"{ZERO}, deepspeed_config: {{zero_stage: 3}}"]
)
def test_a_file_that_accelerate_takes_is_read_as_it_is(tmp_path, text):
    (tmp_path / "own.yaml").write_text(f"{{{text}}}")
    assert read_configuration(tmp_path / "own.yaml")


def test_the_keys_that_are_known_are_those_of_accelerate():
    from accelerate.commands.config.config_args import ClusterConfig

    assert {each.name for each in fields(ClusterConfig)} == KNOWN
