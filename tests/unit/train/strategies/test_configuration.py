"""(TrainJob, Device) -> configuration of accelerate and launch line, as accelerate itself reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.arguments import arguments
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch_line import command, environment
from pytest_ftgate.train.strategies.configuration import FILE, configuration, processes, strategy
from pytest_ftgate.train.strategies.node import Node
from pytest_ftgate.train.tuning import Tuning

CPU = Device("cpu", "a CPU", cores=8)
GPUS = Device("cuda", "NVIDIA A100", capability=(8, 0), visible=tuple("01234567"), cores=96)

COMMON = {
    "compute_environment": "LOCAL_MACHINE",
    "debug": False,
    "mixed_precision": "no",
    "num_machines": 1,
    "use_cpu": False,
    "enable_cpu_affinity": False,
    "main_training_function": "main",
    "main_process_port": 0,
}
FSDP = {
    "fsdp_version": 2,
    "fsdp_reshard_after_forward": True,
    "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
    "fsdp_cpu_ram_efficient_loading": True,
    "fsdp_sync_module_states": True,
    "fsdp_offload_params": False,
    "fsdp_state_dict_type": "SHARDED_STATE_DICT",
    "fsdp_activation_checkpointing": False,
}
ZERO2 = {
    "zero_stage": 2,
    "offload_optimizer_device": "none",
    "gradient_accumulation_steps": 4,
    "gradient_clipping": 0.3,
    "deepspeed_multinode_launcher": "standard",
    "zero3_init_flag": False,
}
ZERO3 = ZERO2 | {
    "zero_stage": 3,
    "offload_optimizer_device": "cpu",
    "offload_param_device": "cpu",
    "zero3_init_flag": True,
    "zero3_save_16bit_model": True,
}


def a_job(accelerate=None, **tuning) -> TrainJob:
    return TrainJob(
        "tiny", "base", "", "", "", "", "", dtype="bfloat16", accelerate=accelerate or {}, tuning=Tuning(**tuning)
    )


@pytest.mark.parametrize(
    ("device", "settings", "expected"),
    [
        (GPUS, {}, {"distributed_type": "NO", "num_processes": 1}),
        (CPU, {}, {"distributed_type": "NO", "num_processes": 1}),
        (CPU, {"gpus": 2}, {"distributed_type": "MULTI_GPU", "num_processes": 2, "use_cpu": True}),
        (GPUS, {"gpus": 2}, {"distributed_type": "MULTI_GPU", "num_processes": 2}),
        (GPUS, {"gpus": 8, "strategy": "fsdp"}, {"distributed_type": "FSDP", "num_processes": 8, "fsdp_config": FSDP}),
        (
            GPUS,
            {"strategy": "fsdp", "cpu_offload": True},
            {"distributed_type": "FSDP", "num_processes": 1, "fsdp_config": FSDP | {"fsdp_offload_params": True}},
        ),
        (
            GPUS,
            {"gpus": 8, "strategy": "deepspeed-2", "gradient_accumulation": 4},
            {"distributed_type": "DEEPSPEED", "num_processes": 8, "deepspeed_config": ZERO2},
        ),
        (
            GPUS,
            {"gpus": 8, "strategy": "deepspeed-3", "gradient_accumulation": 4, "cpu_offload": True},
            {"distributed_type": "DEEPSPEED", "num_processes": 8, "deepspeed_config": ZERO3},
        ),
    ],
)
def test_the_configuration_of_each_strategy(device, settings, expected):
    assert configuration(a_job(**settings), device) == COMMON | expected


def test_two_machines_meet_at_the_first_one(tmp_path):
    job = a_job(gpus=4, nodes=2)
    there = {key: value for key, value in COMMON.items() if key != "main_process_port"}
    where = {"num_machines": 2, "num_processes": 8, "same_network": True, "rdzv_backend": "static"}
    assert configuration(job, GPUS) == there | where | {"distributed_type": "MULTI_GPU"}
    line = command(job, GPUS, tmp_path, node=Node(1, "10.0.0.1", 29400))
    at = line.index("--machine_rank")
    assert line[at : at + 6] == ["--machine_rank", "1", "--main_process_ip", "10.0.0.1", "--main_process_port", "29400"]


@pytest.mark.parametrize(
    ("strategy", "offload", "expected"),
    [
        ("ddp", False, {"LAUNCHED": "torchrun", "NPROC": "4"}),
        (
            "fsdp",
            True,
            {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_OFFLOAD_PARAMS": "true", "NPROC": "4"},
        ),
    ],
)
def test_accelerate_reads_it_as_it_is_meant(tmp_path, strategy, offload, expected):
    """Its own parser, and the environment that it would give the processes."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    job = a_job(gpus=4, strategy=strategy, cpu_offload=offload)
    (tmp_path / FILE).write_text(json.dumps(configuration(job, GPUS)))
    line = command(job, GPUS, tmp_path)
    parsed, *_ = _validate_launch_command(launch_command_parser().parse_args(line[line.index("--config_file") :]))
    assert (parsed.use_fsdp, parsed.multi_gpu) == (strategy == "fsdp", strategy == "ddp")
    given = prepare_multi_gpu_env(parsed) | {"LAUNCHED": "torchrun", "NPROC": parsed.nproc_per_node}
    assert expected.items() <= given.items()
    assert given["OMP_NUM_THREADS"] == "24"


def test_the_default_configuration_of_a_user_is_never_read(tmp_path):
    """One in HF_HOME asks for three processes; one is started."""
    planted = tmp_path / "home" / "accelerate" / "default_config.yaml"
    planted.parent.mkdir(parents=True)
    planted.write_text("{distributed_type: MULTI_GPU, num_processes: 3, num_machines: 1, mixed_precision: bf16}")
    (tmp_path / FILE).write_text(json.dumps(configuration(a_job(), CPU)))
    said = "import os; print([os.environ.get(k) for k in ('WORLD_SIZE', 'ACCELERATE_MIXED_PRECISION')])"
    (tmp_path / "said.py").write_text(said)
    line = command(a_job(), CPU, tmp_path)
    line = [*line[: line.index("--module")], str(tmp_path / "said.py")]
    assert line[0] == sys.executable
    given = {**os.environ, **environment(a_job(), CPU), "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(line, env=given, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[None, 'no']"]


def test_cores_are_shared_by_the_processes_of_a_machine():
    assert environment(a_job(gpus=4), CPU)["OMP_NUM_THREADS"] == "2"
    assert environment(a_job(gpus=4, threads=3), CPU)["OMP_NUM_THREADS"] == "3"
    assert environment(a_job(gpus=16), CPU)["OMP_NUM_THREADS"] == "1"
    assert environment(a_job(gpus=2), CPU)["ACCELERATE_USE_CPU"] == "true"
    assert "ACCELERATE_USE_CPU" not in environment(a_job(gpus=2), GPUS) | environment(a_job(), CPU)
    assert environment(a_job(gpus=2), GPUS)["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_a_configuration_of_the_users_own_is_taken_as_it_is_and_counted_in_the_digest():
    own = {"distributed_type": "FSDP", "num_processes": 8, "num_machines": 2, "fsdp_config": {"fsdp_version": 1}}
    job = a_job(own, accelerate_config="/etc/fsdp.yaml")
    assert configuration(job, GPUS) == own
    assert (processes(job), strategy(job)) == (8, "fsdp")
    assert strategy(a_job({"distributed_type": "DEEPSPEED", "deepspeed_config": {"zero_stage": 3}})) == "deepspeed-3"
    elsewhere = replace(job, tuning=replace(job.tuning, accelerate_config="/home/fsdp.yaml"))
    assert elsewhere.digest == job.digest
    assert replace(job, accelerate=own | {"num_processes": 4}).digest != job.digest
    assert TrainJob.from_json(job.to_json()) == job


@pytest.mark.parametrize(
    "place", [{"main_process_port": 29501}, {"gpu_ids": "0,1"}, {"machine_rank": 1}, {"main_process_ip": "10.0.0.1"}]
)
def test_where_a_configuration_of_the_users_own_computes_is_not_in_the_digest(place):
    own = {"distributed_type": "DEEPSPEED", "num_processes": 2, "deepspeed_config": {"zero_stage": 2}}
    job, elsewhere = a_job(own), a_job(own | place)
    assert elsewhere.digest == job.digest
    assert configuration(elsewhere, GPUS) == own | place
    hosts = own | {"deepspeed_config": {"zero_stage": 2, "deepspeed_hostfile": "hosts"}}
    assert a_job(hosts).digest == job.digest != a_job(own | {"deepspeed_config": {"zero_stage": 3}}).digest


def test_what_changes_the_rows_of_a_step_or_how_they_are_summed_is_in_the_digest():
    alone = a_job().digest
    others = ({"gpus": 2}, {"nodes": 2}, {"strategy": "fsdp"}, {"strategy": "fsdp", "cpu_offload": True})
    assert len({alone, *(a_job(**other).digest for other in others)}) == 5


def test_what_is_shared_out_has_an_optimizer_that_can_be(tmp_path):
    one, two = (arguments(a_job(gpus=2, strategy=name), Path(tmp_path), GPUS) for name in ("ddp", "fsdp"))
    assert (one["optim"], two["optim"]) == ("paged_adamw_8bit", "adamw_torch_fused")
    assert one["ddp_find_unused_parameters"] is False
    assert "ddp_timeout" not in arguments(a_job(), Path(tmp_path), GPUS)
