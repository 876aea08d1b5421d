"""The check for CUDA machines keeps up with the code: here it rehearses on a tiny model."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

from tools.gpu_wheels import PACKAGES, thin

ROOT = Path(__file__).resolve().parents[3]


def test_it_rehearses_without_a_gpu(tmp_path):
    environment = os.environ | {"OUT": str(tmp_path / "out"), "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench.gpu_check"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    told = [line for line in done.stdout.splitlines() if line.startswith(("OK", "FAIL"))]
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line[:4] for line in told] == ["OK  "] * 3
    assert "tokens/s" in told[1]
    assert (tmp_path / "out" / "tiny.log").is_file()
    assert done.stdout.splitlines()[-1].startswith("0 failed")


def test_a_thin_wheel_has_one_library_and_a_record_of_it(tmp_path):
    wheel = tmp_path / "bitsandbytes-0.50.2-py3-none-any.whl"
    libraries = [f"bitsandbytes/libbitsandbytes_{kind}.so" for kind in ("cuda121", "cuda130", "cpu")]
    with zipfile.ZipFile(wheel, "w") as made:
        for name in [*libraries, "bitsandbytes/nn.py"]:
            made.writestr(name, "x")
        record = "".join(f"{name},,\n" for name in [*libraries, "bitsandbytes/nn.py"])
        made.writestr("bitsandbytes-0.50.2.dist-info/RECORD", record)
    thin(wheel, "130")
    with zipfile.ZipFile(wheel) as thinned:
        names = thinned.namelist()
        record = thinned.read("bitsandbytes-0.50.2.dist-info/RECORD").decode()
    assert names[:3] == [libraries[1], libraries[2], "bitsandbytes/nn.py"]
    assert "cuda130" in record
    assert "cuda121" not in record


def test_every_wheel_is_of_a_package_that_is_installed_here():
    assert all(version(name) for name in PACKAGES)
