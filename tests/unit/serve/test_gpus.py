"""Which GPUs a process of ours sees, by what nvidia-smi says and CUDA_VISIBLE_DEVICES leaves."""

from __future__ import annotations

import pytest

from pytest_ftgate.serve.device import Device, gpu, gpu_environment
from pytest_ftgate.serve.gpus import gpus_of, instances, visible, visible_gpus

T4 = ["0", "GPU-aaaa1", "Tesla T4", "7.5", "15360", "550.54.15", "[N/A]"]
H100 = ["1", "GPU-bbbb2", "NVIDIA H100", "9.0", "81559", "550.54.15", "Disabled"]
TWO = list(gpus_of([T4, H100]))
CUT = """GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-cccc3)
  MIG 3g.40gb     Device  0: (UUID: MIG-1111)
  MIG 1g.10gb     Device  1: (UUID: MIG-2222)
GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-dddd4)
"""
A100 = ["NVIDIA A100-SXM4-80GB", "8.0", "81920", "550.54.15"]

SMI = """#!/bin/sh
case "$1" in
  --query-gpu=*) cat {folder}/rows ;;
  -L) cat {folder}/listed ;;
esac
"""


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """A program `nvidia-smi` that says these rows, and this list."""

    def make(rows, listed=""):
        (tmp_path / "nvidia-smi").write_text(SMI.format(folder=tmp_path))
        (tmp_path / "nvidia-smi").chmod(0o755)
        (tmp_path / "rows").write_text("".join(", ".join(row) + "\n" for row in rows))
        (tmp_path / "listed").write_text(listed)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return make


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("", ["0", "1"]),
        ("1", ["1"]),
        ("1,0", ["1", "0"]),
        ("GPU-bbbb2", ["1"]),
        ("0,7,1", ["0"]),
        ("1,1", ["1"]),
        ("7", []),
        ("MIG-77", []),
    ],
)
def test_cuda_visible_devices_names_them_and_the_first_unknown_name_ends_the_list(names, found):
    assert [one.index for one in visible(TWO, names)] == found


def test_the_least_able_of_the_visible_gpus_decides():
    both = gpu(TWO)
    assert (both.name, both.capability, both.count, both.memory_mib) == ("Tesla T4", (7, 5), 2, 15360)
    assert both.driver == "550.54.15"
    assert gpu(visible(TWO, "1")).capability == (9, 0)
    assert gpu([]) is None


@pytest.mark.parametrize("rows", [[], [["No devices were found"]], [["0", "GPU-1", "Old card", "[N/A]"]]])
def test_what_is_no_gpu_is_none(rows):
    assert list(gpus_of(rows)) == []


def test_memory_that_nvidia_smi_does_not_know_is_unknown():
    assert next(gpus_of([["0", "GPU-1", "GH200", "9.0", "[N/A]", "570.1"]])).memory_mib == 0


def test_of_a_cut_card_a_process_sees_one_instance(smi):
    smi([["0", "GPU-cccc3", *A100, "Enabled"], ["1", "GPU-dddd4", *A100, "Disabled"]], CUT)
    first = gpu(visible_gpus({}))
    assert (first.visible, first.memory_mib, first.mig, first.count) == (("MIG-1111",), 40 * 1024, True, 1)
    assert first.name == "NVIDIA A100-SXM4-80GB MIG 3g.40gb"
    second = gpu(visible_gpus({"CUDA_VISIBLE_DEVICES": "MIG-2222"}))
    assert (second.visible, second.memory_mib) == (("MIG-2222",), 10 * 1024)
    whole = gpu(visible_gpus({"CUDA_VISIBLE_DEVICES": "GPU-dddd4"}))
    assert (whole.visible, whole.mig) == (("1",), False)


def test_a_card_without_instances_is_whole():
    [card] = gpus_of([["0", "GPU-cccc3", *A100]])
    assert instances([card], "GPU 0: NVIDIA A100 (UUID: GPU-cccc3)\n") == [card]


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_an_empty_list_hides_all(smi, hidden):
    smi([T4])
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": hidden}) == []
    assert len(visible_gpus({})) == 1


def test_a_process_is_shown_as_many_as_it_uses():
    both = gpu(TWO)
    assert gpu_environment(both, 1) == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "0"}
    assert gpu_environment(both)["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert gpu_environment(gpu(visible(TWO, "1")), 1)["CUDA_VISIBLE_DEVICES"] == "1"
    assert gpu_environment(Device("cpu", "of a test"), 2) == {}
