"""What does not go together, or not on this machine, is refused before anything starts."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.method_problems import method_problems
from pytest_ftgate.train.strategies.check import check_strategy, read_configuration
from pytest_ftgate.train.tuning import Tuning

CPU, GPUS = Device("cpu", "a CPU"), Device("cuda", "NVIDIA L4", capability=(8, 9), visible=("0", "1"))


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
    [(None, "cannot be read: No such file"), ("a: [", "not valid YAML"), ("a: 1", "lacks distributed_type")],
)
def test_a_file_that_cannot_be_a_configuration_is_told(tmp_path, text, message):
    if text is not None:
        (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(TrainError, match=message):
        read_configuration(tmp_path / "own.yaml")
