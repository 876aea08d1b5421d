"""`ftgate leakage` as a user types it."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.data.near.rows import read_rows
from pytest_ftgate.leakage.drop_rows import write_clean
from tests.projects import write_golden, write_rows

TEXTS = [" ".join(f"word{number}of{place}" for place in range(20)) for number in range(4)]


def write(path, *texts):
    lines = ({"id": f"c{number}", "input": text, "expected": "yes"} for number, text in enumerate(texts))
    return str(write_rows(path, lines))


@pytest.fixture
def goldens(tmp_path):
    write(tmp_path / "goldens/one.golden.jsonl", *TEXTS[:2])
    write(tmp_path / "goldens/two.golden.jsonl", *TEXTS[2:])
    return str(tmp_path / "goldens")


def test_clean_files_are_exit_code_0(tmp_path, goldens, capsys):
    files = [write(tmp_path / name, "something else altogether") for name in ("a.jsonl", "b.jsonl")]
    assert main(["leakage", *files, "--goldens", goldens]) == 0
    out = capsys.readouterr().out
    assert "4 golden cases, 2 training rows: clean" in out
    assert "paraphrase" in out


def test_a_leak_is_exit_code_11_and_names_set_golden_file_and_line(tmp_path, goldens, capsys):
    file = write(tmp_path / "train.jsonl", "something else", f"before {TEXTS[3]} after")
    assert main(["leakage", file, "--goldens", goldens]) == 11
    assert "train.jsonl:2: leak of golden case two/c1 (containment, score 1.00" in capsys.readouterr().out


def test_compressed_rows_are_compared_as_what_they_are(tmp_path, goldens, capsys):
    file = Path(write(tmp_path / "train.jsonl", "something else", f"before {TEXTS[3]} after"))
    packed = file.with_name("train.jsonl.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert main(["leakage", str(packed), "--goldens", goldens]) == 11
    assert "train.jsonl.gz:2: leak of golden case two/c1" in capsys.readouterr().out


def test_a_golden_case_in_its_own_prompt_is_a_leak(tmp_path, capsys):
    cases = [{"id": f"c{number}", "input": text, "expected": "yes"} for number, text in enumerate(TEXTS)]
    folder = write_golden(tmp_path / "goldens/mood", cases, f"[prompt]\nsystem = 'As in: {TEXTS[1]}'\n")
    file = write(tmp_path / "train.jsonl", "something else")
    assert main(["leakage", file, "--goldens", str(folder)]) == 11
    assert "golden.toml:2: leak of golden case mood/c1 (containment, score 1.00" in capsys.readouterr().out


def pairs_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_pairs_are_written_as_json_lines_and_as_csv(tmp_path, goldens):
    half = " ".join(TEXTS[0].split()[:12])
    file = write(tmp_path / "train.jsonl", TEXTS[3], f"{half} and much else", f"{TEXTS[2]} {TEXTS[3]}")
    out = tmp_path / "pairs.jsonl", tmp_path / "sub" / "pairs.csv"
    assert main(["leakage", file, "--goldens", goldens, "--jsonl", str(out[0]), "--csv", str(out[1])]) == 11
    pairs = pairs_of(out[0])
    assert {(pair["verdict"], pair["golden"], pair["line"]) for pair in pairs} == {
        ("leak", "two/c1", 1),
        ("suspect", "one/c0", 2),
        ("leak", "two/c0", 3),
        ("leak", "two/c1", 3),
    }
    with out[1].open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert table == [{key: str(value) for key, value in pair.items()} for pair in pairs]


def test_a_cell_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "one.golden.jsonl", TEXTS[0])
    write(tmp_path / "=2+5.jsonl", TEXTS[0])
    assert main(["leakage", "=2+5.jsonl", "--goldens", "one.golden.jsonl", "--csv", "pairs.csv"]) == 11
    [_, row] = csv.reader((tmp_path / "pairs.csv").open(newline="", encoding="utf-8"))
    assert "'=2+5.jsonl" in row


def test_clean_data_make_a_file_without_pairs(tmp_path, goldens):
    file = write(tmp_path / "train.jsonl", "something else")
    assert main(["leakage", file, "--goldens", goldens, "--jsonl", str(tmp_path / "pairs.jsonl")]) == 0
    assert pairs_of(tmp_path / "pairs.jsonl") == []


def test_the_pairs_replace_nothing_that_is_read(tmp_path, goldens, capsys):
    file = write(tmp_path / "train.jsonl", TEXTS[3])
    for target in (file, f"{goldens}/one.golden.jsonl", f"{goldens}/new.csv"):
        assert main(["leakage", file, "--goldens", goldens, "--csv", target]) == 2
        assert "name another file for the pairs" in capsys.readouterr().err
    assert main(["leakage", file, "--goldens", goldens, "--csv", f"{tmp_path}/x", "--jsonl", f"{tmp_path}/x"]) == 2
    assert "x: is named by both --jsonl and --csv; name two files" in capsys.readouterr().err
    assert main(["leakage", file, "--goldens", goldens, "--csv", f"{tmp_path}/o.csv.gz"]) == 2
    assert "output is written uncompressed; use a name like o.csv" in capsys.readouterr().err
    assert not (tmp_path / "o.csv.gz").exists()
    assert main(["leakage", file, "--goldens", goldens, "--csv", "/dev/null"]) == 2
    assert main(["leakage", file, "--goldens", goldens]) == 11


def test_rows_of_two_sets_are_counted_once(tmp_path, goldens, capsys):
    file = write(tmp_path / "train.jsonl", f"{TEXTS[0]} {TEXTS[3]}", TEXTS[1], "something else")
    assert main(["leakage", file, "--goldens", goldens]) == 11
    assert "leakage: 3 of 4 golden cases leak, in 2 of 3 training rows\n" in capsys.readouterr().out


def test_suspects_count_when_strict(tmp_path, goldens):
    half = " ".join(TEXTS[0].split()[:12])
    file = write(tmp_path / "train.jsonl", f"{half} and something else, which makes it much longer than it was")
    assert main(["leakage", file, "--goldens", goldens]) == 0
    assert main(["leakage", file, "--goldens", goldens, "--strict"]) == 11


def test_one_set_can_be_named(tmp_path, goldens):
    file = write(tmp_path / "train.jsonl", TEXTS[3])
    assert main(["leakage", file, "--goldens", f"{goldens}/one.golden.jsonl"]) == 0


def test_faults_are_told(tmp_path, goldens, capsys):
    assert main(["leakage", str(tmp_path / "gone.jsonl"), "--goldens", goldens]) == 2
    assert "cannot read training data" in capsys.readouterr().err
    assert main(["leakage", write(tmp_path / "t.jsonl", "x"), "--goldens", str(tmp_path / "none")]) == 2
    assert "none: not found\n    pass a golden set" in capsys.readouterr().err


def test_a_check_that_does_not_work_is_integrity(tmp_path, goldens, capsys, monkeypatch):
    from pytest_ftgate.leakage.exact import Exact

    monkeypatch.setattr(Exact, "find", lambda self, sample: iter(()))
    assert main(["leakage", write(tmp_path / "t.jsonl", "x"), "--goldens", goldens]) == 11
    assert "leakage self-test failed" in capsys.readouterr().out


def test_rows_of_one_line_are_told_apart_and_dropped_one_by_one(tmp_path, goldens, capsys):
    rows = [{"prompt": text, "completion": "yes"} for text in ("ash and birch", TEXTS[1], "elm and oak", TEXTS[2])]
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows))
    assert main(["leakage", str(file), "--goldens", goldens]) == 11
    assert "2 of 4 golden cases leak, in 2 of 4 training rows" in capsys.readouterr().out
    found = [row.number for row in read_rows(file) if row.question in TEXTS]
    copy = write_clean(file, found, tmp_path / "clean")
    assert [json.loads(line) for line in copy.read_text().splitlines()] == [rows[0], rows[2]]


def test_blank_lines_are_no_rows_of_the_copy(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n{"a": 3}\n')
    assert write_clean(tmp_path / "a.jsonl", {2}, tmp_path / "to").read_text() == '{"a": 1}\n{"a": 3}\n'


@pytest.mark.parametrize("column", ["source", "notes", "review", "origin", "slices"])
def test_columns_that_are_ours_elsewhere_are_compared_in_rows_of_no_known_shape(tmp_path, goldens, column):
    file = write_rows(tmp_path / "train.jsonl", [{column: TEXTS[1], "target": "something"}])
    assert main(["leakage", str(file), "--goldens", goldens]) == 11
    known = {"prompt": "a question", "completion": "something", column: TEXTS[1]}
    assert main(["leakage", str(write_rows(tmp_path / "known.jsonl", [known])), "--goldens", goldens]) == 0
