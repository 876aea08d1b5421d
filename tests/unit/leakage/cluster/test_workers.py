"""`ftgate data dedup --ray` on a Ray of this machine finds what the processes of this machine find."""

from __future__ import annotations

import random

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write_rows


def test_near_rows_are_found_on_ray(tmp_path, monkeypatch, capsys):
    pytest.importorskip("ray")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pytest_ftgate.data.dedup.groups.PIECE", 20)
    draw = random.Random(0)
    asked = [" ".join("".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(12)) for _ in range(50)]
    write_rows(tmp_path / "in.jsonl", [{"prompt": text, "completion": "yes"} for text in [*asked, f"{asked[7]} x"]])
    assert main(["data", "dedup", "in.jsonl", "out.jsonl", "--ray", "local"]) == 0
    assert "out.jsonl: 50 rows of 51; 0 equal and 1 near rows dropped" in capsys.readouterr().out


def test_no_cluster_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "in.jsonl", [{"prompt": "a", "completion": "b"}])
    assert main(["data", "dedup", "in.jsonl", "out.jsonl", "--ray", "nowhere"]) == 2
    assert "--ray nowhere: expected local, auto or HOST:PORT" in capsys.readouterr().err
