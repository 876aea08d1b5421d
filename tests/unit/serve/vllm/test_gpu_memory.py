"""Waiting for GPU memory, with an `nvidia-smi` that says what the test wants."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.vllm.gpu_memory import processes, used_mib, wait_until_free

SCRIPT = """#!/bin/sh
case "$1" in
  --query-gpu=*) n=$(cat {folder}/calls 2>/dev/null || echo 0); n=$((n + 1)); echo $n > {folder}/calls
     if [ -f {folder}/used.$n ]; then cat {folder}/used.$n; else cat {folder}/used; fi ;;
  --query-compute-apps=*) cat {folder}/apps ;;
esac
"""


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


def test_used_memory_by_gpu(smi):
    smi(["0, 310\n1, 20480\n"], "4242, /usr/bin/python3, 19800\n")
    assert used_mib() == {"0": 310, "1": 20480}
    assert processes() == [("4242", "/usr/bin/python3", "19800")]


def test_without_a_gpu_there_is_nothing_to_wait_for(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert used_mib() == {}
    wait_until_free({}, 0)


def test_a_driver_that_does_not_answer_is_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'Failed to initialize NVML' >&2\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert used_mib() == {}


def test_memory_that_comes_back_late_is_waited_for(smi):
    folder, lines = smi(["0, 20480\n", "0, 9000\n", "0, 700\n"]), []
    wait_until_free({"0": 300}, 10, lines.append)
    assert (folder / "calls").read_text().strip() == "3"
    assert lines == ["waiting for GPU memory: GPU 0 20480 MiB", "waiting for GPU memory: GPU 0 9000 MiB"]


def test_the_process_that_holds_it_is_named(smi):
    smi(["0, 20480\n1, 100\n"], "4242, python, 19800\n77, Xorg, 120\n")
    with pytest.raises(ServeError) as caught:
        wait_until_free({"0": 300, "1": 100}, 0.1)
    told = str(caught.value)
    assert "GPU 0 20480 MiB in use" in told
    assert "GPU 1" not in told
    assert "pid 4242 (python) holds 19800 MiB" in told


def test_memory_held_in_another_container(smi):
    smi(["0, 20480\n"])
    with pytest.raises(ServeError, match="another container"):
        wait_until_free({}, 0.1)
