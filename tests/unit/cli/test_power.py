"""`ftgate power` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.evaluate.lock import write_lock
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.discordance import remember
from tests.projects import write_rows

pytestmark = pytest.mark.usefixtures("no_tracking_server")


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    rows = [
        {"id": f"a{i}", "input": f"Colour {i}?", "expected": "red", "slices": {"lang": "en" if i < 95 else "de"}}
        for i in range(120)
    ]
    return write_rows(tmp_path / "colours.golden.jsonl", rows)


def test_the_report_before_any_run(golden, ftgate, tmp_path, snapshot):
    code, out, err = ftgate("power", str(golden))
    assert (code, err) == (0, "")
    assert out == snapshot
    assert not (tmp_path / "state").exists()


def test_a_folder_of_sets_is_reported_set_by_set(golden, ftgate, tmp_path):
    write_rows(tmp_path / "deep/few.golden.jsonl", [{"input": "x", "expected": "y"}])
    code, out, _ = ftgate("power", str(tmp_path))
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines() if ", margin " in line] == ["colours", "few"]


def test_what_was_measured_is_used_and_named(golden, ftgate, tmp_path):
    values = {f"c{i}": 1.0 for i in range(120)}
    remember(tmp_path / "state", "colours", "d1", "base", values)
    remember(tmp_path / "state", "colours", "d2", "champion v1", values | {f"c{i}": 0.0 for i in range(6)})
    assert "discordance 0.05 (measured: champion v1 and base, 120 cases)" in ftgate("power", str(golden))[1]
    assert "discordance 0.3 (as given)" in ftgate("power", str(golden), "--discordance", "0.3")[1]


def test_the_margin_is_the_one_of_the_lock(golden, ftgate):
    write_lock(golden, load_suite(golden), 0.02)
    assert "120 cases, margin 2 points" in ftgate("power", str(golden))[1]


def test_clusters_are_told_of(golden, ftgate):
    rows = [json.loads(line) | {"cluster": f"doc{i // 4}"} for i, line in enumerate(golden.read_text().splitlines())]
    golden.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert "in 30 clusters: less power" in ftgate("power", str(golden))[1]


def results_of(suite, wrong, asked=None):
    rows = {
        case.id: {"case": case.digest, "value": float(i >= wrong), "passed": i >= wrong, "text": ""}
        for i, case in enumerate(suite.cases[:asked])
    }
    return {"suite": suite.name, "digest": suite.digest, "model": "m", "cases": rows}


def test_another_machine_takes_it_from_the_registry(golden, ftgate, registry, tmp_path):
    suite = load_suite(golden)
    for number, (wrong, asked) in enumerate(((0, None), (30, None), (12, None), (10, 10)), 1):  # v4: a smoke test
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        (folder / "colours.json").write_text(json.dumps(results_of(suite, wrong, asked)))
        adapter = tmp_path / f"adapter{number}"
        adapter.mkdir()
        (adapter / "adapter_model.safetensors").write_text(str(number))
        run = registry.log_run("task", {}, {}, {}, {"results": folder}, {})
        registry.add_version("task", adapter, registry.digest_of(adapter), run, {})
    _, out, _ = ftgate("power", str(golden))
    assert "discordance 0.15 (measured: task v3 and task v2, from the registry, 120 cases)" in out


@pytest.mark.parametrize("text", ["0", "16", "-0.1"])
def test_a_discordance_that_is_no_share_is_refused(text, golden, ftgate, capsys):
    with pytest.raises(SystemExit):
        ftgate("power", str(golden), f"--discordance={text}")
    assert "is not above 0 and at most 1" in capsys.readouterr().err


def test_a_missing_path_is_one_message(tmp_path, ftgate):
    code, _, err = ftgate("power", str(tmp_path / "none"))
    assert code == 2
    assert err.startswith("ftgate: ")
