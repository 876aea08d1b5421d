"""`ftgate tradeoff` as a user types it: mistakes are explained before anything is fetched or served."""

from __future__ import annotations

import pytest

from tests.projects import lock, write_golden, write_pipeline, write_rows


@pytest.fixture
def project(tmp_path, monkeypatch, base):
    monkeypatch.chdir(tmp_path)
    lock(write_golden(tmp_path / "goldens/quiz", [{"id": "a", "input": "q", "expected": "yes"}]))
    write_rows(tmp_path / "pipelines/spam/t.jsonl", [{"input": "a", "expected": "b"}])
    write_pipeline(tmp_path / "pipelines/spam", "quiz", model=str(base), train="t.jsonl", validation="t.jsonl")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("spam", "--out", "table.csv"), "--out table.csv: found '.csv', expected a file that ends in .md or .json"),
        (("other",), "other has no champion; name a version: ftgate tradeoff other vN"),
        (("spam", "v7"), "spam has no version v7; registered: v1"),
        (("spam", "--forms", "bf16,q8"), "'q8' is not a form of a model; expected one of: merged, int8"),
        (("spam", "--pipelines", "nowhere"), "no pipeline 'spam' in nowhere; available: none"),
    ],
)
def test_a_mistake_is_explained(promote, ftgate, arguments, said):
    promote("a")
    code, out, err = ftgate("tradeoff", *arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in out + err
