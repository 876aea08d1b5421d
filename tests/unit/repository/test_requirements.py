"""The locks in requirements/ against pyproject.toml, and what set-up tells uv of pip's configuration."""

from __future__ import annotations

import re
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repository import ROOT
from tools import install

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = {path.stem: path for path in sorted((ROOT / "requirements").glob("*.txt"))}
BLOCK = re.compile(r"^\S.*\n(?: .*\n)*", re.MULTILINE)


def blocks(lock: str) -> list[str]:
    """A text for each package: its line, hashes, and who asks for it."""
    return [text for text in BLOCK.findall(LOCKS[lock].read_text("utf-8")) if not text.startswith("#")]


def package(block: str) -> Requirement:
    return Requirement(block.split(" \\", maxsplit=1)[0])


def direct() -> list[Requirement]:
    """What pyproject.toml names itself of what is installed."""
    project = PYPROJECT["project"]
    extras = [line for name in ("serve", "train", "registry") for line in project["optional-dependencies"][name]]
    groups = [line for group in PYPROJECT["dependency-groups"].values() for line in group]
    return [r for r in map(Requirement, [*project["dependencies"], *extras, *groups]) if r.name != "pytest-ftgate"]


def test_the_locks_are_all_there():
    assert sorted(LOCKS) == ["dev", "dvc", "installer", "torch", "torch-cpu", "vllm"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_one_version_with_hashes_and_no_index_is_named(lock):
    text = LOCKS[lock].read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:[0-9a-f]{64}\b)", text, re.MULTILINE)
    for block in blocks(lock):
        assert re.fullmatch(r"==[^,*]+", str(package(block).specifier))
        assert "--hash=sha256:" in block


def test_the_locks_agree_with_pyproject_or_make_lock_was_forgotten():
    """A pin changed, a package added."""
    locked = [package(block) for lock in LOCKS for block in blocks(lock)]
    for asked in direct():
        found = [r for r in locked if canonicalize_name(r.name) == canonicalize_name(asked.name)]
        assert found, f"{asked} is not locked: make lock"
        versions = [next(iter(r.specifier)).version for r in found]
        assert all(asked.specifier.contains(version, prereleases=True) for version in versions), (
            f"{asked} is not what is locked ({', '.join(versions)}): make lock"
        )


def test_the_locks_hold_nothing_that_pyproject_named_once():
    named = {
        canonicalize_name(package(block).name)
        for lock in LOCKS
        for block in blocks(lock)
        if "pytest-ftgate (pyproject.toml" in block
    }
    assert named == {canonicalize_name(r.name) for r in direct()}


@pytest.mark.parametrize("torch", ["torch", "torch-cpu"])
def test_the_files_of_one_environment_name_no_package_twice_with_different_versions(torch):
    lines: dict[str, set[tuple[str, ...]]] = {}
    for lock in ("installer", "dev", torch, "vllm"):
        found: dict[str, list[str]] = {}
        for block in blocks(lock):
            found.setdefault(package(block).name, []).append(block)
        for name, texts in found.items():
            lines.setdefault(name, set()).add(tuple(texts))
    assert not {name: texts for name, texts in lines.items() if len(texts) > 1}


def test_cuda_comes_with_torch_from_pypi_alone():
    with_cuda = {
        lock for lock in LOCKS for block in blocks(lock) if package(block).name.startswith(("nvidia-", "cuda-"))
    }
    assert with_cuda == {"torch"}


@pytest.fixture
def nothing_set(monkeypatch, tmp_path):
    """No settings of pip or uv from outside; pip's file of settings is tmp_path/pip.conf."""
    for name in [*install.FROM_PIP.values(), *("PIP_" + name.replace("-", "_").upper() for name in install.FROM_PIP)]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setattr(install, "PYTHON", Path(sys.executable))


@pytest.mark.usefixtures("nothing_set")
def test_uv_looks_where_pip_is_configured_to_look(monkeypatch, tmp_path):
    (tmp_path / "pip.conf").write_text(
        "[global]\nfind-links =\n    /wheels\n    /more\nindex-url = /index\ncert = /pem\n"
    )
    monkeypatch.setenv("PIP_INDEX_URL", "/other")
    monkeypatch.setenv("SSL_CERT_FILE", "/mine")
    settings = install.pip_settings()
    assert settings["UV_DEFAULT_INDEX"] == "/other"
    assert "/wheels,/more" in settings["UV_FIND_LINKS"]
    assert "SSL_CERT_FILE" not in settings


@pytest.mark.parametrize(("offered", "lock"), [(["2.13.0"], "torch"), (["2.13.0", "2.13.0+cpu"], "torch-cpu")])
def test_the_cpu_build_of_torch_is_taken_where_it_is_offered(monkeypatch, tmp_path, offered, lock):
    version = install.locked("torch", "torch")
    for name in offered:
        fake_wheel(tmp_path, "torch", name.replace("2.13.0", version))
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "index").as_uri())
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    assert install.torch_build() == lock


def fake_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def test_a_python_without_pip_and_ensurepip_is_said_plainly(monkeypatch):
    monkeypatch.setattr(install, "works", lambda *command: command[-1] == "--version" and "pip" not in command)
    with pytest.raises(SystemExit, match=r"has neither pip nor ensurepip(.|\n)*apt install python3-venv"):
        install.install_uv()
