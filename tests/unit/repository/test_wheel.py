"""The wheel that `pip` builds: every file of the package, and nothing of tests, tools or benchmarks."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.repository import ROOT


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path):
    source = tmp_path / "source"
    for name in ("pytest_ftgate", "tests", "tools", "bench"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(source)], check=True)
    [wheel] = tmp_path.glob("*.whl")
    held = {Path(name) for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = ROOT / "pytest_ftgate"
    ours = {path.relative_to(ROOT) for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == ours
    assert {path.suffix for path in held} >= {".py", ".json", ".jsonl", ".j2", ".html", ".typed"}
