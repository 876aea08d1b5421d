"""goldens/invoices, the example that is no classifier: its data are made again, gated against a server, and leak nothing."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import tomllib
from types import ModuleType

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write_rows
from tests.repository import ROOT

GOLDEN, PIPELINE = ROOT / "goldens/invoices", ROOT / "pipelines/invoices"
WORDINGS = tomllib.loads((PIPELINE / "wordings.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def prepare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare_invoices", PIPELINE / "prepare.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(prepare):
    """The rows of each file, made here."""
    return {file: list(prepare.rows_of(file, WORDINGS)) for file in prepare.FILES}


@pytest.fixture
def copied(project, rows):
    """goldens/invoices in a project of its own; its golden.lock is the one of the repository."""
    golden = project.path / "goldens/invoices"
    shutil.copytree(GOLDEN, golden, ignore=shutil.ignore_patterns("cases.jsonl"))
    write_rows(golden / "cases.jsonl", rows["goldens"])
    return golden


def test_the_texts_say_what_the_rows_expect(rows):
    assert {file: len(each) for file, each in rows.items()} == {"goldens": 200, "validation": 80, "train": 480}
    for row in (row for each in rows.values() for row in each):
        text, expected = row["input"]["text"], row["expected"]
        assert "{" not in text
        assert expected["vendor"] in text
        assert expected["due"][:4] in text
        digits = re.sub(r"\D", "", f"{expected['total']:.2f}")
        assert digits in re.sub(r"(?<=\d)[ .,'’](?=\d)", "", text).replace(" ", "")


def test_no_wording_company_or_text_of_the_goldens_is_trained_on(rows):
    for words in WORDINGS.values():
        for kind in ("stems", "wordings"):
            held = [set(words[kind][file]) for file in ("goldens", "validation", "train")]
            assert len(set().union(*held)) == sum(map(len, held))
    texts = [row["input"]["text"] for each in rows.values() for row in each]
    assert len(set(texts)) == len(texts)


def test_no_golden_leaks_and_the_data_pass_their_checks(copied, rows, capsys):
    home = copied.parents[1]
    files = [str(write_rows(home / f"{file}.jsonl", rows[file])) for file in ("train", "validation")]
    assert main(["leakage", *files, "--goldens", str(copied.parent), "--strict"]) == 0, capsys.readouterr()


def test_right_answers_pass_and_each_fault_is_graded(copied, rows, project, answering):
    """Every fourth answer is wrong in one of four ways: a field, the form, the name of a key, a sentence instead."""
    number = {row["input"]["text"]: place for place, row in enumerate(rows["goldens"])}

    def answer(messages):
        place = number[messages[-1]["content"]]
        expected = rows["goldens"][place]["expected"]
        faults = {
            0: json.dumps(expected | {"total": expected["total"] + 1}),
            4: json.dumps(expected | {"due": expected["due"].replace("-", "/")}),
            8: json.dumps({key: value for key, value in expected.items() if key != "currency"}),
            12: f"{expected['vendor']} wants {expected['total']} {expected['currency']}.",
        }
        return faults.get(place % 16, json.dumps(expected, ensure_ascii=False))

    answering(answer)
    result = project.run("goldens/invoices")
    result.stdout.fnmatch_lines(
        [
            "*accuracy * 0.750 *n = 200",
            "*score * 0.799 *n = 200",  # 13 of the 50 that are wrong have three of four fields, the others no form
            "*integrity*PASS*",
        ]
    )
    for said in ("total: found", "currency", "not valid JSON"):
        assert said in result.stdout.str()


def test_another_babel_writes_other_texts_and_is_refused(prepare, monkeypatch):
    monkeypatch.setattr(prepare.babel, "__version__", "2.18.1")
    with pytest.raises(
        SystemExit, match=r"Babel 2\.18\.1 is installed, expected 2\.19; run: pip install Babel==2\.19\.0"
    ):
        prepare.main()
