"""Wheels for a bare CUDA machine without a network -> .whl/, in the versions that are installed here.

make gpu-wheels      then, on that machine, with the repository and .whl/ side by side:
  python3 -m pip install --no-index --no-deps --target /tmp/site .whl/*.whl
  PYTHONPATH=/tmp/site:$PWD python3 -m bench.gpu_check

The machine brings Python, torch for CUDA, NumPy and PyArrow. Of bitsandbytes, which is built for a dozen versions of
CUDA, only the build for the machine's own is kept: CUDA=130 by default.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(".whl")
PACKAGES = [
    "accelerate",
    "aiohttp",
    "aiosignal",
    "aiohappyeyeballs",
    "attrs",
    "bitsandbytes",
    "datasets",
    "dill",
    "frozenlist",
    "iniconfig",
    "jinja2",
    "jsonschema",
    "jsonschema-rs",
    "jsonschema-specifications",
    "markupsafe",
    "multidict",
    "multiprocess",
    "peft",
    "propcache",
    "psutil",
    "pytest",
    "pyyaml",
    "referencing",
    "regex",
    "rich",
    "rpds-py",
    "safetensors",
    "tokenizers",
    "transformers",
    "trl",
    "xxhash",
    "yarl",
]
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_24_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def download(python: str) -> None:
    """With pip, for that Python, whatever the one that runs this."""
    target = [part for name in PLATFORMS for part in ("--platform", name)]
    wanted = [f"{name}=={version(name)}" for name in PACKAGES]
    options = ["--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", python, *target]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "-d", str(FOLDER), *options, *wanted], check=True)


def thin(wheel: Path, cuda: str) -> None:
    """Leave out the libraries of other versions of CUDA, and their lines in RECORD."""
    part = wheel.with_suffix(".part")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            if _is_kept(item.filename, cuda):
                data = old.read(item)
                if item.filename.endswith(".dist-info/RECORD"):
                    data = b"".join(line for line in data.splitlines(True) if _is_kept(line.decode(), cuda))
                new.writestr(item, data)
    part.replace(wheel)


def _is_kept(name: str, cuda: str) -> bool:
    library = name.startswith("bitsandbytes/libbitsandbytes_")
    return not library or f"_cuda{cuda}." in name or "_cpu." in name


def main() -> None:
    """For Python 3.12, or GPU_PYTHON."""
    FOLDER.mkdir(exist_ok=True)
    download(os.environ.get("GPU_PYTHON", "3.12"))
    for wheel in FOLDER.glob("bitsandbytes-*.whl"):
        thin(wheel, os.environ.get("CUDA", "130"))
    size = sum(wheel.stat().st_size for wheel in FOLDER.iterdir()) / 2**20
    print(f"{len(list(FOLDER.iterdir()))} wheels, {size:.0f} MiB, in {FOLDER}/")


if __name__ == "__main__":
    main()
