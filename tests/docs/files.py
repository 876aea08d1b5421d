"""A file of the documentation, written into a project -> AssertionError, or our own error, if it cannot be used."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import yaml

from pytest_ftgate.data.readers.reader import read_entries
from pytest_ftgate.data.request_log.read import read_requests
from pytest_ftgate.errors import Fault
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.files.schema import check
from pytest_ftgate.golden.spec import read_golden
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.cost.price_file import read_prices
from pytest_ftgate.pipeline.importing.deepeval import read_deepeval
from pytest_ftgate.pipeline.importing.imported import Imported
from pytest_ftgate.pipeline.importing.inspect_samples import read_inspect
from pytest_ftgate.pipeline.importing.lm_eval import read_lm_eval
from pytest_ftgate.pipeline.importing.openai import read_openai
from pytest_ftgate.pipeline.importing.promptfoo import read_promptfoo
from tools.reference.flags import recorded

CASE = '{"id": "a", "input": {"text": "x"}, "expected": "y"}\n'
NEEDED = {
    "goldens": 'goldens = ["mail"]\n',
    "base": '[base]\nmodel = "./model"\n',
    "data": '[data]\ntrain = "train.jsonl"\nvalidation = "validation.jsonl"\n',
}
"""What a pipeline.toml must have, for blocks that show a part of one."""


def check_file(path: Path) -> None:
    for pattern, how in CHECKS.items():
        if path.match(pattern):
            return how(path)
    raise AssertionError(f"nobody checks a file such as {path.name}")


def _golden(path: Path) -> None:
    cases = path.with_name("cases.jsonl")
    if cases.exists():
        load_suite(path)
        return
    cases.write_text(CASE)
    assert not read_golden(path).faults
    cases.unlink()


def _cases(path: Path) -> None:
    settings = path.with_name("golden.toml")
    if not settings.exists():
        settings.touch()
    load_suite(settings)


def _pipeline(path: Path) -> None:
    text = path.read_text()
    for key in tomllib.loads(text).get("registry", {}).get("promoters", ()):
        (path.parent / key).touch()
    lacking = [part for key, part in NEEDED.items() if key not in tomllib.loads(text)]
    top = [part for part in lacking if not part.startswith("[")]
    path.write_text("".join([*top, text, *(part for part in lacking if part not in top)]))
    read_pipeline(path)


def _settings(path: Path) -> None:
    given = tomllib.loads(path.read_text())["tool"]["pytest"]["ini_options"]
    strange = {name for name in given if name.startswith("ftgate_")} - set(recorded().inis)
    assert not strange


def _of_schema(name: str) -> Callable[[Path], None]:
    def checked(path: Path) -> None:
        for line in path.read_text().splitlines():
            assert not check(json.loads(line), name, path.name, lambda _: 1)

    return checked


def _log(path: Path) -> None:
    assert len(read_requests(path)) == len(path.read_text().splitlines())


def _rows(path: Path) -> None:
    faults = [str(entry) for entry in read_entries(path) if isinstance(entry, Fault)]
    assert not faults


def _imported(read: Callable[[Path], Imported]) -> Callable[[Path], None]:
    def checked(path: Path) -> None:
        assert read(path).cases

    return checked


def _json_lines(path: Path) -> None:
    assert all(json.loads(line) for line in path.read_text().splitlines())


def _python(path: Path) -> None:
    compile(path.read_text(), path.name, "exec")


def _workflow(path: Path) -> None:
    _yaml(path)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _yaml(path: Path) -> None:
    assert yaml.safe_load(path.read_text())


CHECKS: dict[str, Callable[[Path], None]] = {
    "golden.toml": _golden,
    "pipeline.toml": _pipeline,
    "prices.toml": lambda path: read_prices(path) and None,
    "pyproject.toml": _settings,
    "cases.jsonl": _cases,
    "*.golden.jsonl": lambda path: load_suite(path) and None,
    "*.golden.yaml": lambda path: load_suite(path) and None,
    "*.golden.csv": lambda path: load_suite(path) and None,
    "exposures.jsonl": _of_schema("exposure"),
    "outcomes.jsonl": _of_schema("outcome"),
    "requests.jsonl": _log,
    "export*.jsonl": _json_lines,
    "registry/data/*/*.jsonl": _json_lines,
    "inspect/*.jsonl": _imported(read_inspect),
    "deepeval/*.jsonl": _imported(read_deepeval),
    "lm-eval/*.jsonl": _json_lines,
    "*.jsonl": _rows,
    "*.py": _python,
    ".github/workflows/*.yml": _workflow,
    "promptfooconfig.yaml": _imported(read_promptfoo),
    "registry/evals/*.yaml": _imported(read_openai),
    "lm-eval/*.yaml": _imported(read_lm_eval),
    "*.yml": _yaml,
}
