"""Keys gpus, nodes, strategy, cpu_offload, accelerate_config -> what does not go together, or not on this machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pytest_ftgate.errors import TrainError
from pytest_ftgate.files.schema import suggestion
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.ray.cluster import on_ray
from pytest_ftgate.train.strategies.node import node_of
from pytest_ftgate.train.tuning import Tuning

OWN = ("gpus", "nodes", "strategy", "cpu_offload")
"""Keys that train.accelerate_config stands in place of."""

LAUNCHED = ("MULTI_GPU", "FSDP", "DEEPSPEED")
"""Kinds of accelerate that start several processes of this package's trainer; of MULTI_CPU it starts one alone."""
HERE = "LOCAL_MACHINE"


_KNOWN = """
compute_environment distributed_type mixed_precision use_cpu debug num_processes machine_rank num_machines gpu_ids
main_process_ip main_process_port rdzv_backend same_network main_training_function enable_cpu_affinity
deepspeed_config fsdp_config parallelism_config megatron_lm_config mpirun_config tpu_name tpu_zone tpu_use_cluster
tpu_use_sudo command_file commands tpu_vm tpu_env dynamo_config downcast_bf16 fp8_config
"""

KNOWN = frozenset(_KNOWN.split())
"""Keys of a configuration of accelerate 1.15, which refuses all others."""


class ConfigurationError(TrainError):
    """What is wrong in a configuration of accelerate. key: where, "" = in the whole of it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def strategy_problems(train: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Where in the file, what is wrong, and how to fix it; of the table [train] that its schema accepts."""
    if "accelerate_config" in train:
        for key in (key for key in OWN if key in train):
            message = f"train.{key} and train.accelerate_config both say how the GPUs share the work"
            yield ("train", key), message, "remove one of the two"
    if train.get("cpu_offload") and train.get("strategy", "ddp") == "ddp":
        message = 'train.cpu_offload requires another train.strategy than "ddp", under which nothing is shared out'
        yield ("train", "cpu_offload"), message, 'set train.strategy = "fsdp", or remove it'


def read_configuration(path: Path) -> dict[str, Any]:
    """The content of a file that `accelerate config` made. Raises TrainError for what cannot be one.

    A ConfigurationError, if a value of it is to blame.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainError(f"cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise TrainError("is not valid YAML or JSON") from None
    if not isinstance(data, dict) or "distributed_type" not in data:
        raise TrainError("is no configuration of accelerate: it lacks distributed_type")
    for key, fault in _faults(data):
        raise ConfigurationError(key, fault)
    return data


def _faults(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What accelerate would tell in a traceback, after the baseline is paid, or would not tell at all: (key, fault)."""
    for name in sorted(map(str, data.keys() - KNOWN)):
        yield name, f"has the unknown key {name!r}, which accelerate refuses; {suggestion(name, KNOWN)}"
    kind = data["distributed_type"]
    alone = kind == "NO" or kind is False  # as which YAML reads NO
    if not (alone or kind in LAUNCHED):
        yield (
            "distributed_type",
            f"has distributed_type = {kind!r}, which is not one of NO, {', '.join(LAUNCHED)}",
        )
    where = data.get("compute_environment", HERE)
    if where != HERE:
        yield "compute_environment", f"has compute_environment = {where!r}, which is not {HERE}"
    for key in ("num_processes", "num_machines"):
        count = data.get(key, 1)
        if type(count) is not int or count < 1:
            yield key, f"has {key} = {count!r}, which is not a whole number from 1"
    for key in ("deepspeed_config", "fsdp_config"):
        if not isinstance(data.get(key) or {}, dict):
            yield key, f"has {key} = {data[key]!r}, which is not a table of settings"
    yield from _contradictions(data, alone=alone)


def _contradictions(data: Mapping[str, Any], *, alone: bool) -> Iterator[tuple[str, str]]:
    """Of a file whose values are each what they can be."""
    count, machines = data.get("num_processes", 1), data.get("num_machines", 1)
    if machines > 1:
        fix = "set train.nodes and train.strategy in its place"
        yield "num_machines", f"has num_machines = {machines}, but such a file is started on one machine alone; {fix}"
    if alone and count > 1:
        yield "num_processes", f"has num_processes = {count}, of which distributed_type = NO starts one alone"
    if not alone and "num_processes" not in data:
        yield "", "lacks num_processes"
    deepspeed = data.get("deepspeed_config") or {}
    if "deepspeed_config_file" in deepspeed:
        yield (
            "deepspeed_config_file",
            "has deepspeed_config_file, whose content no digest would count; write its settings into deepspeed_config",
        )
    stage = deepspeed.get("zero_stage", 2)
    if type(stage) is not int or stage not in range(4):
        yield "zero_stage", f"has zero_stage = {stage!r}, which is not 0, 1, 2 or 3"


def check_strategy(tuning: Tuning, device: Device, environment: Mapping[str, str]) -> None:
    """Raises TrainError for what this machine, or what is installed, cannot do; nothing is known of other machines."""
    if tuning.accelerate_config or on_ray(tuning, environment):
        return
    if rank := node_of(environment, tuning.nodes).rank:
        raise TrainError(f"NODE_RANK is {rank}: pytest --train runs on the machine with NODE_RANK = 0 alone")
    if device.kind == "cuda" and tuning.gpus > device.count:
        raise TrainError(
            f"train.gpus = {tuning.gpus}, but {_seen(device)} visible here\n"
            f"    set train.gpus = {device.count}, or show more of them (CUDA_VISIBLE_DEVICES)"
        )
    if tuning.strategy == "ddp":
        return
    if device.kind != "cuda":
        raise TrainError(
            f'train.strategy = "{tuning.strategy}" requires GPUs, and there are none here\n'
            '    set train.strategy = "ddp", or train on a machine with GPUs (train.where = "ray")'
        )
    if tuning.strategy.startswith("deepspeed") and importlib.util.find_spec("deepspeed") is None:
        raise TrainError(
            f'train.strategy = "{tuning.strategy}" needs deepspeed, which is not installed\n'
            '    pip install deepspeed, or set train.strategy = "fsdp"'
        )


def _seen(device: Device) -> str:
    return f"1 GPU ({device.name}) is" if device.count == 1 else f"{device.count} GPUs ({device.name}) are"
