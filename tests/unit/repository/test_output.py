"""Whatever is printed passes `files.escape`: the few places that write to a terminal are known."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.repository import ROOT

PRINTING = {
    "cli/ci_retrain.py": "why a pipeline is trained or not, to standard error, made printable",
    "cli/common.py": "say",
    "cli/leakage.py": "the report, in colours; its rows are escaped in leakage/report.py",
    "cli/main.py": "errors, the version",
    "cli/router.py": "a router's configuration: checked names for nginx, YAML that is dumped, escaped comments",
    "files/yes_no.py": "questions",
    "pipeline/progress.py": "Console",
    "plugin/collecting.py": "a warning, made printable",
    "plugin/hooks.py": "the summary",
    "plugin/report/failure_text.py": "failures, made printable in run_item",
    "plugin/report/written.py": "annotations of GitHub, made printable in pipeline/report/places.py",
    "plugin/session.py": "what Console prints",
    "serve/forms/calibrated_script.py": "a version, to the process that started it",
    "serve/forms/gguf/tokens.py": "what gguf logs of a tokenizer is kept quiet",
    "serve/hf/speed.py": "a number, to the process that started it",
    "train/preview.py": "a fault, to the process that started it",
    "train/ray/jobs.py": "what Ray's client logs is kept quiet",
    "train/ray/lines.py": "events as JSON, to the process that follows the job",
}
WRITING = {"print", "write_line", "warn", "getLogger"}


def prints(code: ast.AST) -> bool:
    for node in ast.walk(code):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"sys.stdout.write", "sys.stderr.write", "tw.line"}:
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in WRITING:
            return True
    return False


def test_all_places_that_print_are_known():
    package = ROOT / "pytest_ftgate"
    found = {
        str(Path(file).relative_to(package))
        for file in package.rglob("*.py")
        if prints(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert found - {"registry/mlflow_quiet.py"} == set(PRINTING)
