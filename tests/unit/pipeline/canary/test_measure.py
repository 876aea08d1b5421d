"""Runs of the panel against a mock server: what is asked, and what is no answer."""

from __future__ import annotations

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.canary.measure import ask_night, ask_runs
from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.targets import Target
from pytest_ftgate.serve.model import Model
from tests.mock_openai import Fault, MockServer, broken, cut_off
from tests.projects import write_golden

ODD = {"t1": broken(400), "t2": Fault(delay_s=30), "t3": cut_off(), "t4": "wrong"}


@pytest.fixture
def asked(tmp_path):
    """(panel, target, runtime, server): twenty cases, four of which are not answered well."""
    cases = [{"id": f"c{i}", "input": f"t{i}", "expected": f"t{i}"} for i in range(20)]
    toml = "[request]\ntimeout_s = 3\ntemperature = 0.7\nrepeats = 4\n"
    suite = load_suite(write_golden(tmp_path / "echo", cases, toml))
    with MockServer(lambda messages: ODD.get(messages[-1]["content"], messages[-1]["content"])) as server:
        settings = Settings(state_dir=tmp_path / "state", engine="openai", base_url=server.base_url, model="mock")
        with Runtime(settings, silent()) as runtime:
            yield [(suite, suite.cases)], Target("mock", Model("mock", served=True)), runtime, server


def test_what_came_late_or_broke_is_no_answer_and_what_was_cut_off_is_a_wrong_one(asked):
    panel, target, runtime, server = asked
    answers = ask_night(panel, target, runtime, 739_577)
    assert [answers[f"echo::c{i}"].grade for i in range(1, 5)] == [None, None, 0.0, 0.0]
    assert answers["echo::c4"].text == "wrong"
    assert len(answers) == 20
    assert {body["seed"] for body in server.requests} == {739_577}


def test_each_run_asks_each_case_once_with_a_seed_and_an_order_of_its_own(asked):
    panel, target, runtime, server = asked
    part = [(panel[0][0], [case for case in panel[0][1] if case.input not in ODD])]
    runs = ask_runs(part, target, runtime, range(1, 4), "runs")
    assert [len(run) for run in runs] == [16] * 3
    by_seed: dict[int, list[str]] = {}
    for body in server.requests:
        by_seed.setdefault(body["seed"], []).append(body["messages"][-1]["content"])
    assert {seed: len(texts) for seed, texts in by_seed.items()} == {1: 16, 2: 16, 3: 16}, (
        "draws of the set do not count"
    )
    assert len({tuple(texts) for texts in by_seed.values()}) == 3
    assert not list((runtime.settings.state_dir / "journal").glob("*")), (
        "nothing is taken from a journal or left in one"
    )
