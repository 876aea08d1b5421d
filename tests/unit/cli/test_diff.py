"""`ftgate diff` as a user types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ftgate.registry import Registry

pytestmark = pytest.mark.usefixtures("no_tracking_server")


def case(right: bool, text: str, digest: str = "d") -> dict:
    return {"case": digest, "value": float(right), "passed": right, "text": text}


OLD = {"a": case(True, "spam"), "b": case(False, "hum"), "c": case(True, "ham"), "e": case(True, "x", "old")}
NEW = {"a": case(False, "I cannot\nsay"), "b": case(True, "ham"), "c": case(True, "ham"), "e": case(False, "y", "new")}


@pytest.fixture
def enter(registry: Registry, tmp_path: Path) -> Callable[..., int]:
    def make(weights: str, cases: dict, task: str = "spam", **params: object) -> int:
        folder = tmp_path / f"adapter-{task}-{weights}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_text(weights)
        (folder / "adapter_config.json").write_text('{"r": 8, "peft_type": "LORA"}')
        (folder.with_suffix(".results")).mkdir()
        results = folder.with_suffix(".results")
        (results / "sms.json").write_text(json.dumps({"cases": cases}))
        f1 = sum(each["passed"] for each in cases.values()) / len(cases)
        numbers = {"sms.f1": f1, "sms.f1.lower": 0.1, "seconds.serve": len(weights), "train_seconds": 3.0}
        run = registry.log_run(task, params, numbers, {}, {"results": results}, {})
        tags = {"verdict": "PROMOTE" if weights == "a" else "HOLD", "golden.sms": "ab" * 32}
        return registry.add_version(task, folder, registry.digest_of(folder), run, tags).number

    return make


def test_settings_data_scores_and_cases(enter, ftgate, snapshot):
    enter("a", OLD, learning_rate=0.1, epochs=2, train_digest="1" * 64, rows=360)
    enter("bb", NEW, learning_rate=0.2, epochs=2, train_digest="2" * 64, rows=400, warmup=0.1)
    code, out, err = ftgate("diff", "spam", "v1", "v2")
    assert (code, err) == (0, "")
    assert out == snapshot
    assert ftgate("diff", "v1", "v2")[1] == out, "there is only one task"


def test_a_version_and_itself(enter, ftgate):
    enter("a", OLD, epochs=2)
    _, out, _ = ftgate("diff", "spam", "1", "1")
    assert out.count("no differences\n") == 2
    assert "4 cases compared, 0 regressed, 0 fixed\n" in out


def test_long_lists_are_cut_unless_asked_for(enter, ftgate):
    enter("a", {f"c{n}": case(True, "x") for n in range(30)})
    enter("bb", {f"c{n}": case(False, "y" * 200) for n in range(30)})
    out = ftgate("diff", "spam", "v1", "v2")[1]
    assert "lost: 10 more (--all)" in out
    assert max(map(len, out.splitlines())) < 120
    assert ftgate("diff", "spam", "v1", "v2", "--all")[1].count("  lost  c") == 30


def test_mistakes_are_told(enter, ftgate):
    enter("a", OLD)
    enter("a", OLD, task="ham")
    for names, said in (
        (("v1", "v2"), "expected: ftgate diff TASK v3 v4; tasks: ham, spam"),
        (("spam", "v1"), "'spam' is not a version"),
        (("spam", "v1", "v7"), "spam has no version v7; registered: v1"),
        (("a", "b", "v1", "v2"), "expected: ftgate diff TASK v3 v4"),
    ):
        code, _, err = ftgate("diff", *names)
        assert (code, said in err) == (2, True), (names, err)
