"""--canary --live: labelled production inputs beside the panel, against a served model and a real registry."""

from __future__ import annotations

import json
import random
import shutil
from typing import Any

import pytest

from pytest_ftgate.pipeline.canary.store import experiment
from tests.plugin.test_canary import Shop
from tests.projects import write_rows


@pytest.fixture
def shop(project, answering, mlflow_template, no_tracking_server):
    made = Shop(project, answering)
    made.state.mkdir()
    shutil.copy(mlflow_template, made.state / "mlflow.db")
    folder = made.path / "pipelines/echo"
    write_rows(folder / "train.jsonl", [{"input": f"row {i}", "expected": f"row {i}"} for i in range(5)])
    write_rows(folder / "validation.jsonl", [{"input": "valid", "expected": "valid"}])
    made.promote("a", {f"c{i}": {"case": f"{i}", "value": 1.0, "passed": True, "text": ""} for i in range(120)})
    assert made.rebase() == 0
    return made


def asked(number: int, **more: Any) -> dict[str, Any]:
    words = random.Random(number).sample(
        ["parcel", "refund", "invoice", "voucher", "colour", "size", "late", "broken", "lost", "gift", "box"], 6
    )
    text = f"live {' '.join(words)} {1000 + number}"
    row = {"id": f"p{number}", "golden": "echo", "input": text, "expected": text}
    return {**row, "stratum": "all", "weight": 2.0, **more}


def look(shop: Shop, rows: list[dict[str, Any]], day: int = 1, *args: str) -> tuple[int, str]:
    write_rows(shop.path / "labelled.jsonl", rows)
    return shop.night(day, "--live", "labelled.jsonl", *args)


def test_production_is_looked_at_beside_the_panel(shop, capsys):
    """Steady, then worse than the goldens; what was trained on counts for nothing, and no text leaves the machine."""
    trained = {**asked(200), "input": "row 3", "expected": "row 3"}
    code, out = look(shop, [*map(asked, range(60)), trained])
    assert code == 0, out
    assert "STEADY echo v1: +0.0 points" in out
    assert "STEADY echo v1, production: production not below the goldens at promotion (1.000 and 1.000)" in out
    assert "production 1.000 [0." in out
    assert "left out: 1 inputs that share text with training data" in out
    assert "2 passed" in out

    shop.wrong = 0
    shop.lost = 30
    shop.project.write(
        "conftest.py",
        "def pytest_ftgate_drift(task, finding):\n    print('HOOK', finding.kind, round(finding.score, 2))\n",
    )
    code, out = look(shop, [asked(i) for i in range(60)], 2, "-s", "--ftgate-rollback-on-drift", "--junitxml=junit.xml")
    assert code == 12, out
    assert "DRIFT echo v1, production: production 50.0 points below the goldens at promotion" in out
    assert "HOOK drift 0.5" in out
    assert "answered worst: p0, p1" in out
    assert "rolled back" not in out, "goldens that are easier than production say nothing of the champion before"
    assert "refund" not in out + (shop.path / "junit.xml").read_text()

    code, out = look(shop, [asked(i) for i in range(49)], 3)
    assert (code, "49 labelled inputs that were not trained on; at least 50 are needed" in out) == (10, True), out
    code, out = look(shop, [], 3)
    assert (code, "no labelled inputs" in out) == (2, True), "no quiet green"
    shop.project.write("pipelines/echo/train.jsonl", "not a row\n")
    code, out = look(shop, [asked(i) for i in range(60)], 3)
    assert (code, "cannot tell which inputs were trained on" in out) == (10, True), out

    runs = shop.registry.logged(experiment("echo"), {"ftgate.kind": "production"})
    assert [(run.tags["finding"], run.metrics["score"]) for run in runs] == [("steady", 1.0), ("drift", 0.5)]
    capsys.readouterr()
    assert shop.command() == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["2026-11-02", "0.500"] in [line[:2] for line in table]
    assert next(line for line in table if line[-1:] == ["drift"])[-3:] == ["60", "1.000", "drift"]
    alarms = [json.loads(line) for line in (shop.state / "audit.jsonl").read_text().splitlines()]
    assert [line["what"]["score"] for line in alarms if line["kind"] == "alarm"] == [0.5]
    assert {line["what"]["for"] for line in alarms if line["kind"] == "data"} == {"canary --live"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--canary", "--live", "none.jsonl"), "--live: none.jsonl not found"),
        (("--live", "labelled.jsonl"), "--live FILE needs --canary"),
    ],
)
def test_a_file_that_is_not_there_is_wrong_usage(project, args, said):
    result = project.run(*args)
    assert (result.ret, said in result.stderr.str()) == (4, True)
