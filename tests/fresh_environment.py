"""A virtual environment with the modules that are installed here and, of the pytest plugins, xdist alone.

We and a stand-in for the other package of our name are then installed into it, as pip would leave us behind: a package, a
dist-info with entry points, a console script. That needs no network and takes 0.1 s.
"""

from __future__ import annotations

import os
import site
import subprocess
import tomllib
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.repository import ROOT

Points = Mapping[str, Mapping[str, str]]

OTHER_PLUGIN = """\
import pytest


def pytest_addoption(parser):
    group = parser.getgroup("ftgate")
    group.addoption("--ftgate-dataset", action="append", default=[])
    group.addoption("--ftgate-model", default=None)


@pytest.fixture
def other():
    return "the other package"
"""


class Environment:
    """`first` comes before `second` on sys.path: packages of the first folder are found, and loaded, before the others."""

    def __init__(self, path: Path) -> None:
        venv.create(path, symlinks=True, with_pip=False)
        self.bin = path / "bin"
        self.first = next(path.glob("lib/python*/site-packages"))
        self.second = path / "second"
        self.second.mkdir()
        for installed in _installed():
            (self.first / installed.name).symlink_to(installed)
        (self.first / "second.pth").write_text(f"{self.second}\n", encoding="utf-8")

    @property
    def python(self) -> str:
        return str(self.bin / "python")

    def install_ours(self, folder: Path) -> None:
        """With the entry points that pyproject.toml declares, not those that were installed here at some time."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        (folder / "pytest_ftgate").symlink_to(ROOT / "pytest_ftgate")
        points = {**project["entry-points"], "console_scripts": project["scripts"]}
        self._install(folder, "pytest-ftgate", "0.1.0", points)

    def install_other(self, folder: Path, package: str = "ftgate", plugin: str = OTHER_PLUGIN) -> None:
        """A stand-in for PyPI's `ftgate`: an entry point and a command of that name, and an option that we have too."""
        module = folder / package
        module.mkdir()
        (module / "__init__.py").write_text("def main():\n    print('the other command')\n", encoding="utf-8")
        (module / "pytest_plugin.py").write_text(plugin, encoding="utf-8")
        points = {"pytest11": {"ftgate": f"{package}.pytest_plugin"}, "console_scripts": {"ftgate": f"{package}:main"}}
        self._install(folder, package, "0.1.3", points)

    def _install(self, folder: Path, package: str, version: str, points: Points) -> None:
        info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {package}\nVersion: {version}\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text("\n".join(_sections(points)), encoding="utf-8")
        for name, target in points["console_scripts"].items():
            module, function = target.split(":")
            script = self.bin / name
            script.write_text(f"#!{self.python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
            script.chmod(0o755)

    def run(self, folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command of this environment; `pytest` is that of its Python."""
        program = [self.python, "-m", "pytest"] if command[0] == "pytest" else [str(self.bin / command[0])]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
        env |= {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1", **variables}
        return subprocess.run(
            [*program, *command[1:]], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120
        )


def _installed() -> Iterator[Path]:
    """What stands in the site-packages of this interpreter, but us and what makes a package a pytest plugin."""
    for folder in map(Path, site.getsitepackages()):
        for path in folder.iterdir() if folder.is_dir() else ():
            points = path / "entry_points.txt"
            plugin = points.is_file() and "[pytest11]" in points.read_text(encoding="utf-8")
            if "ftgate" not in path.name.lower() and (not plugin or path.name.startswith("pytest_xdist-")):
                yield path


def _sections(points: Points) -> Iterator[str]:
    """As setuptools writes them: sorted by name within a group."""
    for group, entries in points.items():
        yield f"[{group}]"
        yield from (f"{name} = {target}" for name, target in sorted(entries.items()))
