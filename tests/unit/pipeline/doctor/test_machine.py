"""GPUs, drivers and precision, with an `nvidia-smi` that says what the test wants. Never run on CUDA."""

from __future__ import annotations

import pytest

from pytest_ftgate.pipeline.doctor.finding import Level, warning
from pytest_ftgate.pipeline.doctor.machine import answers, device, driver_problem, enough, torch_cuda
from pytest_ftgate.serve.device import Device

CPU = Device("cpu", "a CPU", cores=2)


def test_a_card_is_described(machine, patient):
    gpu, precision = device(patient(machine("2 x 4090")))
    assert gpu.text == "2 x NVIDIA GeForce RTX 4090, capability 8.9, 24.0 GiB each, driver 550.54.14"
    assert precision.level is Level.OK


def test_bfloat16_on_an_old_card_is_named_with_what_it_has(machine, patient):
    _, precision = device(patient(machine("T4")))
    assert precision.level is Level.WARNING
    assert precision.fix == 'set serve.dtype = "auto" (here float16)'


def test_memory_that_is_not_said(machine, patient):
    gpu, _ = device(patient(machine("N/A")))
    assert "memory not said by nvidia-smi" in gpu.text


def test_more_gpus_than_there_are(machine, patient):
    (finding,) = enough(patient(machine("2 x 4090"), {"gpus": 4}))
    assert finding.level is Level.ERROR
    assert finding.text == "train.gpus = 4, but 2 GPUs (NVIDIA GeForce RTX 4090) are visible here"
    assert finding.fix == "set train.gpus = 2, or show more of them (CUDA_VISIBLE_DEVICES)"
    assert not list(enough(patient(machine("2 x 4090"), {"gpus": 2})))


def test_a_shared_machine_has_what_is_visible(machine, patient):
    (finding,) = enough(patient(machine("2 x 4090", visible="1"), {"gpus": 2}))
    assert finding.text.startswith("train.gpus = 2, but 1 GPU ")


def test_a_process_sees_one_instance(machine, patient):
    assert [finding.level for finding in enough(patient(machine("MIG"), {"gpus": 2}))] == [Level.ERROR]
    assert not list(enough(patient(machine("MIG"), {"gpus": 2, "where": "ray"})))
    assert not list(enough(patient(machine("MIG"), {"gpus": 2, "accelerate_config": "two.yaml"})))


def test_a_strategy_for_gpus_without_any(patient):
    (finding,) = enough(patient(CPU, {"strategy": "fsdp"}))
    assert finding.text.startswith('train.strategy = "fsdp" requires GPUs')


def test_processes_on_too_few_cores(patient):
    (finding,) = enough(patient(CPU, {"gpus": 4}))
    assert finding == warning(
        "CPU", "train.gpus = 4: no GPU here, and so many processes on 2 cores", "set train.gpus = 1"
    )


def test_a_card_beside_a_torch_without_cuda_is_not_passed_over_in_silence(machine, patient):
    machine("4090")
    _, unused, _ = device(patient(CPU))
    assert unused.level is Level.WARNING
    assert unused.text.startswith("NVIDIA GeForce RTX 4090 is not used: torch ")


def test_an_environment_that_hides_every_card(machine, patient, monkeypatch):
    machine("4090")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    _, unused, _ = device(patient(CPU))
    assert "CUDA_VISIBLE_DEVICES is '7', which names no GPU here" in unused.text


@pytest.mark.parametrize(
    ("built", "driver", "fine"),
    [("12.8", "470.82.01", False), ("13.0", "570.10", False), ("12.8", "570.10", True), ("12.8", "", True)],
)
def test_a_driver_that_is_older_than_torchs_cuda(built, driver, fine):
    assert bool(driver_problem(built, driver)) is not fine


def test_the_oldest_driver_that_would_do_is_named():
    assert driver_problem("12.8", "470.82.01").endswith("CUDA 12.8, which needs driver 525 or later, not 470.82.01")


def test_a_torch_that_cannot_compute_there_says_why():
    finding = answers("12.8")
    assert finding.level is Level.ERROR, "the torch of these tests is built for the CPU"
    assert "CUDA" in finding.text


def test_the_cuda_of_the_installed_torch_is_read_without_importing_it():
    import torch

    assert torch_cuda() == (torch.version.cuda or "")
