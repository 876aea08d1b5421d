"""Which precision "auto" means, for machines as they describe themselves in /proc/cpuinfo and to nvidia-smi."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_ftgate.serve import device as module
from pytest_ftgate.serve import gpus
from pytest_ftgate.serve.device import Device, cpu, gpu, this_device
from pytest_ftgate.serve.gpus import gpus_of
from pytest_ftgate.serve.precision import choice, emulated, native_dtypes, resolved

AVX2 = "model name\t: AMD EPYC 7R13 Processor\nflags\t\t: fpu sse4_2 avx avx2 bmi2 fma f16c\n"
SKYLAKE = "model name\t: Intel(R) Xeon(R) Platinum 8175M\nflags\t\t: avx2 avx512f avx512dq avx512bw avx512vl\n"
COOPER_LAKE = "model name\t: Intel(R) Xeon(R) Platinum 8378H\nflags\t\t: avx2 avx512f avx512_vnni avx512_bf16\n"
SAPPHIRE_RAPIDS = "model name\t: Intel(R) Xeon(R) 8488C\nflags\t\t: avx512f avx512_bf16 avx512_fp16 amx_bf16 amx_tile\n"
GENOA = "processor\t: 0\nmodel name\t: AMD EPYC 9R14\nflags\t\t: avx2 avx512f avx512_bf16\nprocessor\t: 1\n"
ALDER_LAKE = "model name\t: 12th Gen Intel(R) Core(TM) i7-1260P\nflags\t\t: avx2 avx_vnni f16c\n"
GRAVITON2 = "processor\t: 0\nFeatures\t: fp asimd evtstrm aes fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\n"
GRAVITON3 = "processor\t: 0\nFeatures\t: fp asimd fphp asimdhp asimddp sve i8mm bf16 dgh rng\n"
APPLE_M1 = "model name: Apple M1\nFeatures: asimdhp\n"
APPLE_M2 = "model name: Apple M2\nFeatures: bf16 asimdhp\n"


@pytest.mark.parametrize(
    ("cpuinfo", "dtype"),
    [
        (AVX2, "float32"),
        (SKYLAKE, "float32"),
        (COOPER_LAKE, "bfloat16"),
        (SAPPHIRE_RAPIDS, "bfloat16"),
        (GENOA, "bfloat16"),
        (ALDER_LAKE, "float32"),
        (GRAVITON2, "float32"),
        (GRAVITON3, "bfloat16"),
        (APPLE_M1, "float32"),
        (APPLE_M2, "bfloat16"),
        ("", "float32"),
    ],
    ids=[
        "Zen 3", "Skylake", "Cooper Lake", "Sapphire Rapids", "Zen 4", "Alder Lake",
        "Graviton 2", "Graviton 3", "M1", "M2", "unknown",
    ],
)  # fmt: skip
def test_a_cpu_computes_in_bfloat16_only_where_it_has_the_instructions(cpuinfo, dtype):
    assert resolved("auto", cpu(cpuinfo, {})) == dtype


@pytest.mark.parametrize(
    ("line", "dtype"),
    [
        ("0, GPU-1, Tesla V100-SXM2-16GB, 7.0", "float16"),
        ("0, GPU-1, Tesla T4, 7.5", "float16"),
        ("0, GPU-1, NVIDIA A100-SXM4-80GB, 8.0", "bfloat16"),
        ("0, GPU-1, NVIDIA GeForce RTX 4090, 8.9", "bfloat16"),
        ("0, GPU-1, NVIDIA H100 80GB HBM3, 9.0", "bfloat16"),
        ("0, GPU-1, NVIDIA GeForce RTX 5090, 12.0", "bfloat16"),
    ],
    ids=["V100", "T4", "A100", "4090", "H100", "5090"],
)
def test_a_gpu_computes_in_bfloat16_from_capability_8(line, dtype):
    found = gpu(list(gpus_of([line.split(", ")])))
    assert found.kind == "cuda"
    assert found.name in line
    assert resolved("auto", found) == dtype


@pytest.mark.parametrize(
    ("limit", "dtype"),
    [("AVX2", "float32"), ("AVX512_CORE", "float32"), ("avx512_core_bf16", "bfloat16"), ("ALL", "bfloat16")],
)
@pytest.mark.parametrize("name", ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"])
def test_what_the_environment_takes_from_onednn_is_not_there(name, limit, dtype):
    assert resolved("auto", cpu(GENOA, {name: limit})) == dtype


def test_a_gpu_is_of_no_use_to_a_torch_without_cuda(monkeypatch):
    monkeypatch.setattr(gpus, "nvidia_smi", lambda query: [["0", "GPU-1", "NVIDIA H100", "9.0"]])
    monkeypatch.setattr(module, "version", lambda name: "2.13.0+cpu")
    assert module._gpu({}) is None
    monkeypatch.setattr(module, "version", lambda name: "2.13.0")
    assert module._gpu({}).name == "NVIDIA H100"
    assert module._gpu({"CUDA_VISIBLE_DEVICES": ""}) is None


def test_a_written_precision_is_taken_as_it_is():
    for dtype in ("bfloat16", "float16", "float32"):
        assert resolved(dtype, cpu(AVX2, {})) == dtype


def test_the_line_says_what_it_costs():
    old, new, t4 = cpu(AVX2, {}), cpu(GENOA, {}), Device("cuda", "Tesla T4", capability=(7, 5))
    assert choice("bfloat16", new) == "computing in bfloat16 on AMD EPYC 9R14"
    assert choice("float32", new) == "computing in float32 on AMD EPYC 9R14"
    assert "no bfloat16 instructions" in choice("float32", old)
    for device, best in ((old, "float32"), (t4, "float16")):
        line = choice("bfloat16", device)
        assert "emulated" in line
        assert line.endswith(f"than in {best}")
    assert emulated("bfloat16", t4)
    assert not emulated("float32", t4)


def test_this_machine_is_looked_at_once(monkeypatch):
    assert this_device() is this_device()
    assert "float32" in native_dtypes(this_device())


def test_no_torch_is_imported_to_choose():
    code = "import sys; from pytest_ftgate.serve.precision import native_dtype; native_dtype(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
