"""The golden set of sums, and what models have answered to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.evaluate.journal import Journal
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.serve.response import Response
from tests.projects import write_golden
from tests.unit.cli.judge_label.sums import TOML


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    folder = tmp_path / "goldens" / "sums"
    return write_golden(
        folder, ({"id": f"c{n}", "input": f"{n} + 1?", "expected": str(n + 1)} for n in range(60)), TOML
    )


@pytest.fixture
def answered(golden: Path, tmp_path: Path):
    """answered("model", {id: text}) writes the journal as a run does."""

    def write(model: str, texts: dict[str, str], **response: object) -> None:
        suite = load_suite(golden)
        with Journal(tmp_path / "state", "sums") as journal:
            answers = Responses(suite, model, journal)
            for case in suite.cases:
                if case.id in texts:
                    said = Response(case.id, model, texts[case.id], **response)
                    journal.append(f"{model}{case.id}", said, set="sums", asked=answers.asked(case, 0))

    return write
