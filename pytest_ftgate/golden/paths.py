"""Names of a golden set's files: which file is a set, what the set is called, and where what belongs to it lies."""

from __future__ import annotations

from pathlib import Path

from pytest_ftgate.files.compressed import is_compressed, plain_name
from pytest_ftgate.golden.csv_columns import header, means_cases

FOLDER_FILE = "golden.toml"
CASES_FILE = "cases.jsonl"
LABELS = "labels.jsonl"
VERDICTS = "verdicts.jsonl"

_SHARED = (".golden.json", ".golden.csv")
"""Ends of names that other tools give to files of their own, such as recorded answers of an API."""
_OURS = (".golden.jsonl", ".golden.yaml", ".golden.yml")
SUFFIXES = (*_OURS, *_SHARED)
"""Ends of the names of golden sets in one file."""
UNREAD = "is compressed; golden sets are read uncompressed"

_LOOKED_AT = 1 << 16
"""Bytes of a file that are looked at to see whether it holds cases."""


def is_golden(path: Path) -> bool:
    """Whether a file is a golden set.

    A golden.toml, *.golden.jsonl, *.golden.yaml or *.golden.yml is one by its name. A *.golden.json, a *.golden.csv and
    a cases.jsonl without a golden.toml beside it are, if they hold an `input`: other tools use these names too. A CSV
    file with `question` for `input` is one with a fault, and so is a *.golden.jsonl.gz that nobody has uncompressed.
    """
    if is_compressed(path):
        return plain_name(path).endswith(_OURS) and not path.with_name(plain_name(path)).exists()
    if path.name == CASES_FILE:
        return not path.with_name(FOLDER_FILE).exists() and _holds_cases(path)
    if path.name == FOLDER_FILE or not path.name.endswith(_SHARED):
        return path.name == FOLDER_FILE or path.name.endswith(SUFFIXES)
    return _holds_cases(path)


def is_named_as_set(name: str) -> bool:
    """Whether a file that holds cases is called as golden sets are; what it holds may say that it is none."""
    return name == CASES_FILE or name.endswith(SUFFIXES)


def set_name(path: Path) -> str:
    """The folder's name for golden.toml and cases.jsonl, else the file's name before `.golden`."""
    if path.name in (FOLDER_FILE, CASES_FILE):
        return path.absolute().parent.name
    return path.name.rsplit(".golden", 1)[0]


def set_file(path: Path) -> Path:
    """The pytest file of a set: a folder's golden.toml, or its cases.jsonl if it has none; any other file is itself."""
    folder = path if path.is_dir() else path.parent
    if not path.is_dir() and path.name != CASES_FILE:
        return path
    toml, cases = folder / FOLDER_FILE, folder / CASES_FILE
    return cases if cases.exists() and not toml.exists() else toml


def called(path: Path) -> Path:
    """A set in one file by its name, goldens/mood -> goldens/mood.golden.yaml; all that there is stays as it is."""
    if path.exists() or not path.name:
        return path
    files = [file for suffix in SUFFIXES if (file := path.with_name(path.name + suffix)).is_file()]
    return files[0] if len(files) == 1 else path


def set_argument(path: Path) -> Path:
    """The set as an argument of pytest and of commands: its folder, or its only file. path: of the set, or its lock."""
    return path if ".golden." in path.name else path.parent


def beside(golden: Path, name: str) -> Path:
    """goldens/mood/golden.toml -> goldens/mood/labels.jsonl; mood.golden.yaml -> mood.labels.jsonl."""
    stem, mark, _ = golden.name.rpartition(".golden.")
    return golden.with_name(f"{stem}.{name}" if mark else name)


def companion(golden: Path, suffix: str) -> Path:
    """The lock (".lock") or noise of a set: golden.lock in its folder, mood.golden.lock beside mood.golden.yaml.

    golden: the set's folder or file; a lock's own path stays as it is.
    """
    if golden.is_dir():
        return golden / f"golden{suffix}"
    return golden.with_name(f"golden{suffix}") if golden.name == CASES_FILE else golden.with_suffix(suffix)


def _holds_cases(path: Path) -> bool:
    """Whether the beginning of a file names `input`, or `cases`; of a CSV file also `question` and its like."""
    try:
        if not path.is_file():
            return False
        if path.suffix == ".csv":
            return means_cases(header(path))
        with path.open("rb") as file:
            text = file.read(_LOOKED_AT)
    except OSError:
        return False
    return b'"input"' in text or b'"cases"' in text
