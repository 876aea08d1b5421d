"""`ftgate import`: what is printed, what is written, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write, write_rows

CONFIG = """prompts: ['Say {{word}}', 'Tell {{word}}']
providers: [openai:gpt]
tests:
  - vars: {word: no}
    assert:
      - {type: contains, value: no}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_says_what_it_wrote_and_what_to_do_next(capsys: pytest.CaptureFixture[str]):
    write(Path("p.yaml"), CONFIG)
    assert main(["import", "promptfoo", "p.yaml", "goldens/words"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "goldens/words: 1 case, 2 prompts",
        "  providers, keys and settings of the run are not copied: the model is named where pytest is started",
        "next:",
        "  ftgate lock goldens/words",
        "  pytest goldens/words --ftgate-base-url http://localhost:8000/v1 --ftgate-model NAME --ftgate-prompt all",
    ]
    assert main(["lock", "goldens/words"]) == 0


def test_a_loss_is_exit_code_1_and_nothing_is_written_unless_partial(capsys: pytest.CaptureFixture[str]):
    write(Path("p.yaml"), CONFIG + "      - {type: python, value: check}\n")
    assert main(["import", "promptfoo", "p.yaml", "goldens/words"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("p.yaml:7: python: is a program, which is not run here")
    assert out[1:] == [
        "1 thing cannot be carried over; nothing written",
        "    --partial writes the other cases and graders",
    ]
    assert not Path("goldens").exists()
    assert main(["import", "promptfoo", "p.yaml", "goldens/words", "--partial"]) == 0
    assert "goldens/words: 1 case, 2 prompts; 1 thing not carried over" in capsys.readouterr().out
    assert main(["import", "promptfoo", "p.yaml", "goldens/words", "--partial"]) == 2
    assert "goldens/words exists; nothing is overwritten" in capsys.readouterr().err


def test_without_a_case_nothing_is_written(capsys: pytest.CaptureFixture[str]):
    write(Path("p.yaml"), "prompts: ['{{q}}']\ntests: []\n")
    assert main(["import", "promptfoo", "p.yaml", "goldens/words", "--partial"]) == 1
    assert "p.yaml: no case that can be carried over; nothing written" in capsys.readouterr().out


def test_a_table_is_read_by_its_mapping(capsys: pytest.CaptureFixture[str]):
    write_rows(Path("t.jsonl"), [{"q": "2+2?", "a": "4"}])
    assert main(["import", "table", "t.jsonl", "goldens/sums", "--map", "input=q,expected=a"]) == 0
    assert capsys.readouterr().out.startswith("goldens/sums: 1 case\nnext:\n")
    assert main(["import", "table", "t.jsonl", "goldens/other", "--map", "input=question"]) == 2
    assert "no row has the column 'question'" in capsys.readouterr().err
