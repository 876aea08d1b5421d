"""Waiting for GPU memory, with an `nvidia-smi` that says what the test wants."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pytest_ftgate.serve.gpu_memory import Holder, holders, used_mib, wait_until_free

SCRIPT = """#!/bin/sh
case "$1" in
  --query-gpu=*memory.used) n=$(cat {folder}/calls 2>/dev/null || echo 0); n=$((n + 1)); echo $n > {folder}/calls
     if [ -f {folder}/used.$n ]; then cat {folder}/used.$n; else cat {folder}/used; fi ;;
  --query-gpu=*) printf '0, GPU-0, Tesla T4, 7.5, 15360, 550\n1, GPU-1, Tesla T4, 7.5, 15360, 550\n' ;;
  --query-compute-apps=*) cat {folder}/apps ;;
esac
"""
NOBODY = 2**22 + 7
"""No process: above the largest pid."""


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """`smi([answer, answer, ...], apps)`: each call of the memory query gives the next answer, then the last again."""

    def make(answers, apps=""):
        path = tmp_path / "nvidia-smi"
        path.write_text(SCRIPT.format(folder=tmp_path))
        path.chmod(0o755)
        for number, answer in enumerate(answers, 1):
            (tmp_path / f"used.{number}").write_text(answer)
        (tmp_path / "used").write_text(answers[-1])
        (tmp_path / "apps").write_text(apps)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return tmp_path

    return make


@pytest.fixture
def neighbour():
    """A living process that this one has not started: its parent is gone."""
    code = (
        "import subprocess; print(subprocess.Popen(['sleep', '60'], start_new_session=True, stdout=-3, stderr=-3).pid)"
    )
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    yield pid
    os.kill(pid, 9)


def test_used_memory_by_gpu(smi):
    smi(["0, GPU-0, 310\n1, GPU-1, 20480\n"], f"GPU-1, {NOBODY}, /usr/bin/python3, 19800\n")
    assert used_mib() == {"0": 310, "1": 20480}
    assert holders() == [Holder("GPU-1", NOBODY, "/usr/bin/python3", 19800)]


def test_only_visible_gpus_count(smi, monkeypatch):
    smi(["0, GPU-0, 310\n1, GPU-1, 20480\n"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert used_mib() == {"0": 310}
    assert wait_until_free({"0": 300}, 0) == ""


def test_a_growing_neighbour_on_our_gpu_is_not_waited_for(smi, neighbour):
    folder = smi(["0, GPU-0, 9000\n"], f"GPU-0, {neighbour}, python, 8700\n")
    assert used_mib() == {"0": 300}
    assert wait_until_free({"0": 300}, 0) == ""
    (folder / "apps").write_text(f"GPU-0, {neighbour}, python, [N/A]\n")
    assert used_mib() == {"0": 9000}


def test_without_a_gpu_there_is_nothing_to_wait_for(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert used_mib() == {}
    assert wait_until_free({}, 0) == ""


@pytest.mark.parametrize("says", ["echo 'Failed to initialize NVML' >&2\nexit 9", "echo '0, GPU-0, [N/A]'"])
def test_a_driver_that_does_not_answer_is_not_waited_for(tmp_path, monkeypatch, says):
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{says}\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert used_mib() == {}


def test_memory_that_comes_back_late_is_waited_for(smi):
    folder, lines = smi(["0, GPU-0, 20480\n", "0, GPU-0, 9000\n", "0, GPU-0, 700\n"]), []
    assert wait_until_free({"0": 300}, 10, lines.append) == ""
    assert (folder / "calls").read_text().strip() == "3"
    assert lines == ["waiting for GPU memory: GPU 0 20480 MiB", "waiting for GPU memory: GPU 0 9000 MiB"]


def test_the_process_that_holds_it_is_named(smi):
    smi(["0, GPU-0, 20480\n1, GPU-1, 100\n"], f"GPU-0, {NOBODY}, python, 19800\nGPU-1, 77777777, Xorg, 120\n")
    told = wait_until_free({"0": 300, "1": 100}, 0.1)
    assert "GPU 0 20480 MiB in use" in told
    assert "GPU 1" not in told
    assert f"pid {NOBODY} (python) holds 19800 MiB" in told


def test_memory_held_in_another_container(smi):
    smi(["0, GPU-0, 20480\n"])
    assert "another container" in wait_until_free({}, 0.1)
