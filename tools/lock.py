"""pyproject.toml -> requirements/*.txt: each package that set-up installs, with version and hashes. Run by `make lock`.

    python3.11 -m tools.lock              # a version that is locked already stays, if pyproject.toml allows it
    python3.11 -m tools.lock --upgrade    # the newest versions that pyproject.toml allows

One resolution settles all versions of the environment, and the files share out its lines, so they cannot disagree.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from tools.install import LOCKS, install_uv, pip_settings, resolved

INSTALLER = ["--group", "installer"]
DEV = ["pyproject.toml", "--extra", "train", "--extra", "registry", "--group", "dev", "--group", "bare", *INSTALLER]
VLLM = ["--group", "vllm"]
LINE = re.compile(r"^([A-Za-z0-9._-]+)==[^\n]*\n(?: [^\n]*\n)*", re.MULTILINE)
"""A package with its hashes and with the packages that ask for it."""
EVERYWHERE = re.compile(r"( (;|and) python_full_version < '3\.14')? and \(\(.*\)\)(?= \\$)", re.MULTILINE)
"""The condition of every line, from `environments` in pyproject.toml; left out, so that the others are seen."""
UNIVERSAL = ["--universal", "--python-version", "3.11"]
ABOUT = {
    "installer": "pip, uv and setuptools, which install the rest.",
    "dev": "What `make setup` installs, torch aside.",
    "torch": "torch from PyPI, and what only torch asks for: CUDA libraries among it.",
    "torch-cpu": "torch built for the CPU, where pip's find-links offer it, and what only torch asks for.",
    "vllm": "What `make vllm` adds.",
    "dvc": "DVC, for an environment of its own.",
}

Lines = list[tuple[str, str]]
"""(package, its lines in the file), sorted by package. A package has two entries where Pythons need two versions."""


def main() -> int:
    """Write all files; exit code 0."""
    os.environ.pop("UV_FIND_LINKS", None)  # torch.txt is for PyPI's torch
    install_uv()
    with tempfile.TemporaryDirectory() as folder:
        lock_environment(Path(folder))
        write("dvc", resolve(present(Path(folder, "dvc.txt"), "dvc"), "--group", "dvc", *UNIVERSAL))
    return 0


def lock_environment(folder: Path) -> None:
    """All but dvc. What several parts ask for is in the file of the first: installer, dev, then the others."""
    settled = present(folder / "settled.txt", "installer", "dev", "torch", "vllm")
    both = resolve(settled, *DEV, *VLLM, *UNIVERSAL)
    (no_torch := folder / "no-torch.txt").write_text("torch\n")
    fixed: list[str | Path] = ["--constraints", settled, *UNIVERSAL]
    installer = names(resolve(folder / "installer.txt", *fixed, *INSTALLER))
    dev = names(resolve(folder / "dev.txt", *DEV, *fixed, "--excludes", no_torch))
    vllm = names(resolve(folder / "vllm.txt", *DEV, *VLLM, *fixed, "--excludes", no_torch))
    torch = names(resolve(folder / "torch.txt", "-", *fixed, text=pinned_torch(both)))
    write("installer", only(both, installer))
    write("dev", only(both, dev - installer))
    write("vllm", only(both, vllm - dev))
    write("torch", only(both, torch - dev))
    lock_cpu_build(folder, both, dev)


def lock_cpu_build(folder: Path, both: Lines, dev: set[str]) -> None:
    """torch-cpu, if pip's find-links offer such a build to this Python."""
    os.environ.update(pip_settings())
    fixed = ["--constraints", str(folder / "settled.txt"), "--no-annotate"]
    found = resolve(folder / "cpu.txt", "-", *fixed, text=pinned_torch(both))
    build = only(found, {"torch"})
    if "+cpu" in build[0][1]:
        write("torch-cpu", build + only(both, names(found) - dev - {"torch"}))
    else:
        print("lock: no CPU build of torch is offered here; requirements/torch-cpu.txt is left as it is")


def pinned_torch(lines: Lines) -> str:
    """torch==VERSION."""
    return next(text.split()[0] for name, text in lines if name == "torch")


def present(path: Path, *locks: str) -> Path:
    """`path`, filled with the present locks, whose versions uv then keeps where it can; not so with --upgrade."""
    files = [] if "--upgrade" in sys.argv else [LOCKS / f"{lock}.txt" for lock in locks]
    path.write_text("".join(file.read_text() for file in files if file.exists()))
    return path


def resolve(path: Path, *arguments: str | Path, text: str = "") -> Lines:
    """What uv settles on, also left in `path`. text: uv's standard input."""
    return [(match[1], match[0]) for match in LINE.finditer(resolved(path, "--generate-hashes", *arguments, text=text))]


def names(lines: Lines) -> set[str]:
    """Of the packages."""
    return {name for name, _ in lines}


def only(lines: Lines, wanted: set[str]) -> Lines:
    """Those of the wanted packages."""
    return [line for line in lines if line[0] in wanted]


def write(lock: str, lines: Lines) -> None:
    """requirements/LOCK.txt."""
    LOCKS.mkdir(exist_ok=True)
    head = f"# {ABOUT[lock]}\n# Made from pyproject.toml by `make lock` (tools/lock.py); change it there.\n"
    (LOCKS / f"{lock}.txt").write_text(head + "".join(EVERYWHERE.sub("", text) for _, text in lines))


if __name__ == "__main__":
    sys.exit(main())
