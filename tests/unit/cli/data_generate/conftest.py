"""A folder with seeds and a golden set, and `ftgate data generate` in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from tests.messages_server import MessagesServer
from tests.projects import write_golden, write_rows
from tests.unit.data.synthesis.writers import sentence, spam_rows

GOLDENS = [
    {"id": f"g{n}", "input": {"text": sentence(f"golden {n}", 14)}, "expected": {"label": "spam"}} for n in range(12)
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    write_rows(tmp_path / "train.jsonl", spam_rows())
    write_golden(tmp_path / "goldens/sms", GOLDENS, '[prompt]\ntemplate = "{{ text }}"\n')
    return tmp_path


@pytest.fixture
def generate(folder, capsys):
    """generate(server, more arguments) -> exit code, output and errors, the new rows."""

    def run(server: MessagesServer, *args: str, count: int = 20, budget: str = "1", source: str = "train.jsonl"):
        made = ["data", "generate", source, "--count", str(count), "--budget", budget, "--out", "new.jsonl"]
        code = main([*made, "--base-url", server.url, "--price", "1", "5", *args])
        out = Path("new.jsonl")
        return (
            code,
            capsys.readouterr(),
            [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else [],
        )

    return run
