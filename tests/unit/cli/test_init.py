"""`ftgate init` as a user types it: all or nothing, nothing overwritten, no question where nobody can answer."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.lock import compare, read_lock
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.leakage.user_check import check_own
from pytest_ftgate.pipeline.config import read_pipeline
from tests.projects import write, write_model, write_rows
from tests.unit.pipeline.starting.tables import table


def write_csv(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def label(i):
    return "ham" if i % 3 else "spam"


@pytest.fixture
def init(tmp_path, capsys, monkeypatch):
    """init("mail.csv", ...) -> exit code, standard output, standard error; in a folder with mail.csv and a model."""
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "mail.csv", table(300, label))
    write_model(tmp_path / "model")

    def run(*args):
        code = main(["init", *args])
        return code, *capsys.readouterr()

    return run


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


BEFORE = ["mail.csv", "model/config.json"]
OWN = [
    "goldens/mail/cases.jsonl",
    "goldens/mail/golden.lock",
    "goldens/mail/golden.toml",
    "pipelines/mail/data/train.jsonl",
    "pipelines/mail/data/validation.jsonl",
    "pipelines/mail/pipeline.toml",
    "tests/test_mail.py",
]
SHARED = [".github/workflows/ftgate-canary.yml", ".github/workflows/ftgate-gate.yml", ".gitignore", "pytest.ini"]


def test_everything_is_made_locked_and_told(init, tmp_path):
    code, out, _ = init("mail.csv", "--base", "model")
    assert code == 0
    assert files(tmp_path) == sorted([*BEFORE, *OWN, *SHARED])
    suite = load_suite(tmp_path / "goldens/mail")
    assert not compare(suite, read_lock(tmp_path / "goldens/mail/golden.toml"))
    pipeline = read_pipeline(tmp_path / "pipelines/mail/pipeline.toml")
    assert pipeline.base.model == str(tmp_path / "model")
    assert pipeline.goldens == ("mail",)
    assert not check_own([*pipeline.data_files], [suite]).leaks
    for told in (
        "asked     text",
        "expected  label: 2 labels: ham 200, spam 100",
        "rows      70 golden cases, 210 training and 20 validation rows",
        "floor: macro F1 0.8",
        "pytest goldens/mail --train",
    ):
        assert told in out
    assert len(out.splitlines()) <= 40
    assert max(map(len, out.splitlines())) <= 110


def test_what_is_in_the_way_is_named_and_nothing_is_written(init, tmp_path):
    write(tmp_path / "tests/test_mail.py", "mine")
    write(tmp_path / "goldens/mail/notes.txt", "mine")
    code, _, err = init("mail.csv")
    assert code == 2
    assert "never overwritten: goldens/mail, tests/test_mail.py" in err
    assert files(tmp_path) == sorted([*BEFORE, "goldens/mail/notes.txt", "tests/test_mail.py"])
    assert init("mail.csv", "--task", "post", "--base", "model")[0] == 0
    assert (tmp_path / "tests/test_mail.py").read_text() == "mine"


def test_what_is_no_folder_where_one_must_be_is_named(init, tmp_path):
    write(tmp_path / "goldens", "mine")
    (tmp_path / "tests").symlink_to("nowhere")
    code, _, err = init("mail.csv", "--base", "model")
    assert code == 2
    assert "in the way: goldens, tests: not a folder" in err


def test_files_of_the_whole_project_stay_as_they_are(init, tmp_path):
    write(tmp_path / "pyproject.toml", "[tool.pytest.ini_options]\n")
    for name in (".gitignore", ".github/workflows/ftgate-gate.yml"):
        write(tmp_path / name, "mine")
    code, out, _ = init("mail.csv", "--base", "model")
    assert code == 0
    assert (tmp_path / ".gitignore").read_text() == "mine"
    assert (tmp_path / ".github/workflows/ftgate-gate.yml").read_text() == "mine"
    assert not (tmp_path / "pytest.ini").exists()
    assert "left as they were: .gitignore, .github/workflows/ftgate-gate.yml" in out


@pytest.mark.parametrize("unit", ["pipelines/mail", "tests/test_mail.py", "pytest.ini"])
def test_a_move_that_fails_is_taken_back(init, tmp_path, monkeypatch, unit):
    rename = Path.rename

    def failing(path, target):
        if str(path).endswith(unit) and ".ftgate-init-" in str(path):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    code, _, err = init("mail.csv", "--base", "model")
    assert code == 2
    assert "No space left" in err
    assert files(tmp_path) == BEFORE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail.csv", "model"]


def test_a_dry_run_writes_nothing(init, tmp_path):
    code, out, _ = init("mail.csv", "--base", "model", "--dry-run", "--dir", "new")
    assert code == 0
    assert "70 golden cases" in out
    assert files(tmp_path) == BEFORE
    assert not (tmp_path / "new").exists()


def test_a_dry_run_says_what_the_real_run_says(init, tmp_path):
    rows = table(330, label, team=lambda i: f"team {i % 3}")
    for i in range(300, 330):
        rows[i]["text"] = f"{rows[i]['text']} {rows[i - 300]['text']} {i} {i * i}"
    write_csv(tmp_path / "held.csv", rows)
    _, tried, _ = init("held.csv", "--base", "model", "--dry-run")
    _, out, _ = init("held.csv", "--base", "model")
    assert "left out:" in tried
    assert "each with its own score: --slice team" in tried
    decided, look = tried.removesuffix("nothing is written (--dry-run)\n").split("look at:")
    assert out.startswith(decided)
    assert f"look at:{look}next:" in out


def test_rows_of_one_cluster_stay_together_and_show_less(init, tmp_path):
    write_rows(tmp_path / "docs.jsonl", table(300, label, cluster=lambda i: f"d{i // 5}"))
    code, out, _ = init("docs.jsonl", "--base", "model")
    assert code == 0
    assert "300 rows in 60 groups of near duplicates or of one cluster" in out
    clusters = {case.cluster for case in load_suite(tmp_path / "goldens/docs").cases}
    assert f"less, as they are {len(clusters)} clusters" in " ".join(out.split())


def test_a_folder_inside_a_repository_is_told_where_workflows_belong(init, tmp_path):
    (tmp_path / ".git").mkdir()
    _, out, _ = init("mail.csv", "--base", "model", "--dir", "new")
    assert "not the root of its repository" in out
    _, out, _ = init("mail.csv", "--base", "model", "--dir", "other", "--ci", "none")
    assert "root of its repository" not in out


def test_another_folder_and_gitlab(init, tmp_path):
    code, _, _ = init("mail.csv", "--base", "model", "--dir", "new", "--ci", "gitlab")
    assert code == 0
    assert (tmp_path / "new/.gitlab/ftgate-canary.yml").is_file()
    assert files(tmp_path / "new/goldens") == ["mail/cases.jsonl", "mail/golden.lock", "mail/golden.toml"]
    assert read_pipeline(tmp_path / "new/pipelines/mail/pipeline.toml").base.model == str(tmp_path / "model")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("nowhere.csv",), "nowhere.csv: not found"),
        (("mail.csv", "--expected", "team"), "--expected team: no such column; found text ('"),
        (("mail.csv", "--input", "label", "--expected", "label"), "named twice"),
        (("mail.csv", "--goldens", "100"), "--goldens 100: 300 rows can be used"),
        (("mail.csv", "--base", "./none"), "--base ./none: no such folder"),
        (("broken.jsonl",), "broken.jsonl:2: "),
        (("doubt.jsonl",), "cannot tell which column holds the questions; found a ('"),
        (("personal.jsonl",), "personal data in 1 row (personal.jsonl:8): e-mail in 1"),
    ],
)
def test_mistakes_are_one_message_and_write_nothing(init, tmp_path, monkeypatch, args, told):
    write(tmp_path / "broken.jsonl", '{"text": "a", "label": "b"}\n{"text": \n')
    write_rows(tmp_path / "doubt.jsonl", [{"a": "x", "b": "y"}] * 300)
    rows = table(300, label)
    rows[7]["text"] += " maria.lopez@acme-mail.org"
    write_rows(tmp_path / "personal.jsonl", rows)
    before = files(tmp_path)
    code, out, err = init(*args)
    assert code == 2
    assert told in err
    assert out == ""
    assert files(tmp_path) == before


def test_at_a_terminal_what_is_ambiguous_is_asked(init, tmp_path):
    program = [sys.executable, "-m", "pytest_ftgate", "init", "team.jsonl", "--base", "model", "--dry-run"]
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    rows = [{"text": row["text"], "team": row["label"], "lang": "de"} for row in table(300, label)]
    rows[0]["text"] += " maria.lopez@acme-mail.org"
    write_rows(tmp_path / "team.jsonl", rows)
    running = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path)
    os.close(theirs)
    os.write(ours, b"7\n1\nredact\n1\n")
    told = b""
    while chunk := _read(ours):
        told += chunk
    assert running.wait(60) == 0
    assert b"reading team.jsonl ..." in told
    assert b"which column holds the right answers? [1-2]" in told
    assert b"team: 2 labels" in told
    assert b"personal data in 1 row (team.jsonl:1): e-mail in 1" in told
    assert b"--pii redact" in told


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""


def test_training_rows_that_hold_a_golden_case_are_left_out(init, tmp_path):
    rows = table(330, label)
    for i in range(300, 330):  # a whole text of another row inside of a much longer one: no near duplicate, but a leak
        rows[i]["text"] = f"{rows[i]['text']} {rows[i - 300]['text']} {table(1, label)[0]['text'][::-1]} {i} {i * i}"
    write_rows(tmp_path / "held.jsonl", rows)
    code, out, _ = init("held.jsonl", "--base", "model")
    assert code == 0
    assert "rows too like a golden case (leakage check): " in out
    suite = load_suite(tmp_path / "goldens/held")
    data = tmp_path / "pipelines/held/data"
    assert not check_own([data / "train.jsonl", data / "validation.jsonl"], [suite]).found


def test_parquet_with_numbers_as_answers(init, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    rows = table(300, lambda i: i * 1.5)
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "sums.parquet")
    code, out, _ = init("sums.parquet", "--base", "model")
    assert code == 0
    assert "numeric" in out
    assert load_suite(tmp_path / "goldens/sums").cases[0].notes.startswith("sums.parquet:")


@pytest.mark.parametrize("kind", ["folder", "parquet"])
def test_classes_of_hugging_face_data_have_their_names(init, tmp_path, kind):
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["negative", "positive"])})
    rows = [*table(300, lambda i: i % 2), {"text": "of no class", "label": -1}]
    data = Dataset.from_list(rows, features=features)
    if kind == "folder":
        data.save_to_disk(str(tmp_path / "reviews"))
    else:
        data.to_parquet(str(tmp_path / "reviews.parquet"))
    code, out, _ = init("reviews" if kind == "folder" else "reviews.parquet", "--base", "model", "--dry-run")
    assert code == 0
    assert "2 labels: negative 150, positive 150" in out
    assert "nothing in label: 1 " in out


def test_objects_get_a_schema_beside_the_golden_set(init, tmp_path):
    cities = ["Rome", "Oslo"]
    rows = [
        {"mail": row["text"], "order": row["label"]}
        for row in table(300, lambda i: json.dumps({"city": cities[i % 2], "count": i}))
    ]
    write_csv(tmp_path / "orders.csv", rows)
    code, out, _ = init("orders.csv", "--base", "model")
    assert code == 0
    assert "json_schema (schema.json, inferred) and json_fields" in out
    suite = load_suite(tmp_path / "goldens/orders")
    assert suite.cases[0].expected.keys() == {"city", "count"}
    assert suite.graders[0].schema["properties"]["city"]["enum"] == ["Oslo", "Rome"]
