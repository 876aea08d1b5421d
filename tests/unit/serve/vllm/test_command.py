"""What `vllm serve` is started with."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.command import (
    RANKS,
    VllmSettings,
    allowed_rank,
    arguments,
    environment,
    find_vllm,
    runs_on_cpu,
    with_programs,
)


@given(st.integers(1, 512))
def test_the_rank_is_the_least_allowed_one(rank):
    found = allowed_rank(rank)
    assert found in RANKS
    assert found >= rank
    assert not [smaller for smaller in RANKS if rank <= smaller < found]


def test_a_rank_above_all_is_refused():
    with pytest.raises(ServeError, match=r"rank 513; vLLM serves at most 512: .*\[lora\] r"):
        allowed_rank(513)


def test_the_executable_beside_python_comes_first(tmp_path, monkeypatch):
    for name in ("env", "path"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vllm").write_text("#!/bin/sh\n")
        (tmp_path / name / "vllm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "env" / "python"))
    assert find_vllm() == tmp_path / "env" / "vllm"
    assert find_vllm(str(tmp_path / "path" / "vllm")) == tmp_path / "path" / "vllm"
    (tmp_path / "env" / "vllm").unlink()
    assert find_vllm() == tmp_path / "path" / "vllm"
    (tmp_path / "path" / "vllm").unlink()
    with pytest.raises(ServeError, match="vllm: command not found"):
        find_vllm()


def test_without_a_distribution_beside_it_the_gpu_decides(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert runs_on_cpu(tmp_path / "bin" / "vllm")
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert not runs_on_cpu(tmp_path / "bin" / "vllm")


def test_revision_and_quantization_are_handed_on():
    line = " ".join(arguments(Model("org/name", "abc", "float16", "awq"), "s", 1, 8, cpu=False))
    assert "--revision abc" in line
    assert "--quantization awq" in line
    assert "--revision" not in arguments(Model("org/name"), "s", 1, 8, cpu=False)


def test_the_network_is_shut_only_if_the_model_is_here(tmp_path):
    assert "HF_HUB_OFFLINE" in environment(Model(str(tmp_path)), "key", tmp_path, 1)
    assert "HF_HUB_OFFLINE" not in environment(Model("org/name"), "key", tmp_path, 1)


@pytest.mark.parametrize("given", [("--max-lora-rank", "16"), ("--x", "--max-lora-rank=16")])
def test_the_users_own_rank_is_known(given):
    assert VllmSettings("", given).max_rank == 16


def test_a_rank_that_is_no_number():
    with pytest.raises(ServeError, match="--max-lora-rank is many"):
        _ = VllmSettings("", ("--max-lora-rank", "many")).max_rank


def test_the_folder_of_a_vllm_named_by_its_path_is_searched_for_ninja(tmp_path):
    executable = tmp_path / "vllm" / "bin" / "vllm"
    assert with_programs(executable, {"PATH": "/usr/bin"}) == {"PATH": f"{executable.parent}:/usr/bin"}
    there = f"/usr/bin:{executable.parent}"
    assert with_programs(executable, {"PATH": there}) == {"PATH": there}


@pytest.mark.parametrize("cpu", [True, False])
def test_an_exported_form_is_served_without_room_for_adapters(tmp_path, cpu):
    """On a CPU vLLM ends in a traceback where adapters are to be put on the layers of an int8 model."""
    assert "--enable-lora" in arguments(Model(str(tmp_path)), "m", 1, 8, cpu=cpu)
    (tmp_path / "ftgate_form.json").write_text("{}")
    assert not [word for word in arguments(Model(str(tmp_path)), "m", 1, 8, cpu=cpu) if "lora" in word]
