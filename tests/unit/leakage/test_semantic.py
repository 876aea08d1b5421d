"""What is said in other words is shown, decides nothing, and never takes more memory than the goldens and a batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import LeakageError
from pytest_ftgate.leakage import semantic
from pytest_ftgate.leakage.semantic import Nearest, advice, nearest_rows
from tests.projects import write_rows
from tests.repository import ROOT
from tests.unit.leakage.leak_samples import case, check, row, words

MODEL = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"

ASKED = "The meeting has been moved to Thursday at three in the afternoon because the manager is ill."
PARAPHRASE = "Since our boss is sick, we will now meet on Thursday at 3 pm."
UNRELATED = [
    "Add two cups of flour and stir until the dough is smooth.",
    "He scored twice in the second half of the final.",
    "Win a free phone now, call this number.",
]


def letters(texts) -> np.ndarray:
    """A stand-in with the form of a model: shares of letters, of length 1."""
    counts = np.array([[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], float)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_the_nearest_row_of_each_golden_is_found_over_all_batches(monkeypatch):
    monkeypatch.setattr(semantic, "BATCH", 7)
    sizes: list[int] = []

    def encode(texts):
        sizes.append(len(texts))
        return letters(texts)

    rows = [row(text, line) for line, text in enumerate(["abc def", *(words(5, n) for n in range(40)), "xyz xyzz"], 1)]
    found = nearest_rows([("s/a", "zzyx"), ("s/b", "fed cba"), ("s/c", " ")], iter(rows), encode)
    assert [(each.golden, each.line) for each in found] == [("s/b", 1), ("s/a", 42)]
    assert found[0].score == pytest.approx(1)
    assert sizes == [2, 7, 7, 7, 7, 7, 7]
    every = letters([each.question for each in rows]) @ letters(["zzyx"]).T
    assert found[1].score == pytest.approx(float(every.max()))


def test_nothing_to_compare_is_an_error():
    for goldens, rows in (([("a", "")], [row("abc")]), ([("a", "abc")], [])):
        with pytest.raises(LeakageError, match="nothing to compare by embedding"):
            nearest_rows(goldens, rows, letters)


def test_the_advice_says_that_it_is_one():
    found = [Nearest("s/a", "t.jsonl", 3, 0.91, "asked", "said " * 40), Nearest("s/b", "t.jsonl", 9, 0.5, "x", "y")]
    first, *lines = advice(found, "folder", 0.8)
    assert first == "embedding matches (advisory; folder, cosine >= 0.8): 1 of 2 golden cases"
    assert lines == [f"  t.jsonl:3: similarity 0.91 to golden case s/a: 'asked' ~ '{'said ' * 19}sa...'"]
    assert list(advice(found, "folder", 0.95))[1:] == ["  highest similarity: 0.91"]


def test_every_report_says_that_words_cannot_show_a_paraphrase():
    for report in (check([case(ASKED)], PARAPHRASE), check([case(ASKED)], ASKED)):
        assert "paraphrases and translations are not detected" in report.describe()
    assert not check([case(ASKED)], PARAPHRASE).found


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows(Path("goldens/s.golden.jsonl"), [{"id": "a", "input": ASKED, "expected": "yes"}])
    texts = [*UNRELATED[:2], PARAPHRASE, *UNRELATED[2:]]
    write_rows(Path("t.jsonl"), ({"input": text, "expected": "no"} for text in texts))


def test_a_paraphrase_is_nearer_than_unrelated_rows_in_a_real_model(files, capfd):
    """Means of a small language model's states: all cosines are high, so the order is what counts."""
    if not MODEL.is_dir():
        pytest.skip("needs SmolLM2-135M-Instruct: make data")
    assert main(["leakage", "t.jsonl", "--semantic", str(MODEL), "--semantic-least", "0.9"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert "clean" in lines[0]
    assert "advisory" in lines[-2]
    assert lines[-1].startswith("  t.jsonl:3: similarity 0.9")
    assert "to golden case s/a: 'The meeting has been moved" in lines[-1]


def test_mistakes_are_told(files, capsys):
    with pytest.raises(SystemExit):
        main(["leakage", "t.jsonl", "--semantic", "x", "--semantic-least", "2"])
    assert "is not a cosine similarity" in capsys.readouterr().err
    assert main(["leakage", "t.jsonl", "--semantic-least", "0.9"]) == 2
    assert "needs --semantic MODEL" in capsys.readouterr().err
