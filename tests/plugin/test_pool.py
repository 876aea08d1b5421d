"""Draws, latency and cost limits, retries: the request pool as a user sees it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from tests.mock_openai import broken, too_many

ECHO = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(6)]
REPEATS = """
[request]
repeats = 3
temperature = 0.7
seed = 40
[gate]
[[gate.floor]]
metric = "pass_at_k"
min = 0.1
[[gate.floor]]
metric = "pass_hat_k"
min = 0.1
[[gate.floor]]
metric = "score"
min = 0.1
"""


def alternating(texts):
    """An answer that is right in the first two draws of "text 0" and in every draw of the others."""
    seen: dict[str, int] = {}

    def answer(messages):
        text = messages[-1]["content"]
        seen[text] = seen.get(text, 0) + 1
        return "other" if text in texts and seen[text] == 3 else text

    return answer


def properties(project, name):
    cases = {case.get("name"): case for case in ET.parse(project.path / "out.xml").iter("testcase")}
    found = {prop.get("name"): prop.get("value") for prop in cases[name].findall("properties/property")}
    return {key: json.loads(value) for key, value in found.items() if value.startswith("{")}


def test_every_draw_is_a_request_with_a_seed_and_a_key_of_its_own(project, answering):
    server = answering(alternating({"text 0"}))
    project.golden("drawn", ECHO, REPEATS)
    result = project.run("--junitxml=out.xml", "--ftgate-concurrency", "1")
    assert sorted(body["seed"] for body in server.requests) == sorted([40, 41, 42] * 6)
    lines = [json.loads(line) for line in (project.path / ".ftgate/journal/drawn.jsonl").read_text().splitlines()]
    assert len({line["key"] for line in lines}) == 18
    assert sorted(line["response"]["repeat"] for line in lines) == sorted([0, 1, 2] * 6)
    result.stdout.fnmatch_lines(["*pass_at_k*1.000*", "*pass_hat_k*0.833*", "*score*0.944*"])
    result.stdout.fnmatch_lines(["*drawn/golden.toml::a0: text 0 -> 2 of 3 repeats passed; repeat 3:*"])
    assert properties(project, "a0")["ftgate"]["repeats"] == [1.0, 1.0, 0.0]
    assert properties(project, "a0")["ftgate"]["outcome"]["passed"] is False
    assert project.run("--ftgate-resume").ret == result.ret
    assert len(server.requests) == 18


def test_a_failed_case_shows_all_its_draws(project, answering):
    answering(alternating({"text 0"}))
    project.golden("drawn", ECHO[:1], "[request]\nrepeats = 3\n")
    result = project.run("--ftgate-concurrency", "1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            *("*repeat 1 of 3: passed", "    answer: * text 0", "*repeat 2 of 3: passed", "    answer: * text 0"),
            *("*repeat 3 of 3: found 'other'*", "    answer: * other", "  expected: * text 0"),
        ]
    )


LIMITS = """
[request]
stream = true
[price]
input_per_million = 1
output_per_million = 10
[gate]
[[gate.floor]]
metric = "p95_ms"
max = {p95}
[[gate.floor]]
metric = "cost_per_1k"
max = {cost}
"""
SIXTY = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(60)]


def test_latency_and_cost_limits_pass(project, answering):
    answering(delay_s=0.02, token_delay_s=0.01)
    project.golden("fast", SIXTY, LIMITS.format(p95=30_000, cost=0.0221))
    result = project.run("--junitxml=out.xml")
    assert result.ret == 0, result.stdout.str()
    assert properties(project, "metric[cost_per_1k]")["ftgate_metric"]["value"] == 0.022
    assert properties(project, "metric[p95_ms]")["ftgate_metric"]["lower"] > 40
    assert properties(project, "a1")["ftgate"]["ttft_s"] > 0.02
    result.stdout.fnmatch_lines(
        [
            "requests: 60 answered, 0 failed, 0 retries",
            "*fast*60 by the model; p50/p95/p99: total*first token*tokens/s*",
        ]
    )
    suite = {
        prop.get("name"): prop.get("value")
        for prop in ET.parse(project.path / "out.xml").iterfind("testsuite/properties/property")
    }
    latency = json.loads(suite["ftgate_latency"])
    assert latency["set"] == "fast"
    assert 40 < latency["total_ms"][0] <= latency["total_ms"][1] <= latency["total_ms"][2]
    assert 20 < latency["ttft_ms"][0] < latency["total_ms"][2]
    assert latency["tokens_per_s"][0] >= latency["tokens_per_s"][2] > 0
    assert json.loads(suite["ftgate_requests"])["finished"] == 60


def test_latency_and_cost_limits_reject(project, answering):
    answering(delay_s=0.02)
    project.golden("slow", SIXTY, LIMITS.format(p95=10, cost=0.01))
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*floors*REJECT*p95_ms*> 10*cost_per_1k*> 0.01*"])


def test_a_latency_limit_on_too_few_cases_is_a_hold_that_says_so(project, answering):
    answering()
    project.golden("few", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'p95_ms'\nmax = 9000\n")
    result = project.run()
    assert result.ret == 10
    result.stdout.fnmatch_lines(["*floors*HOLD*at least 59 answers*"])


def test_prices_can_come_from_the_configuration(project, answering):
    answering()
    project.golden("paid", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'cost_per_1k'\nmax = 1\n")
    without = project.run()
    without.stdout.fnmatch_lines(["*cost_per_1k needs prices*"])
    assert project.run("--ftgate-price", "1 10").ret == 0


def test_limits_that_make_no_sense_are_faults(project, answering):
    answering()
    project.golden(
        "wrong", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'p95_ms'\nmin = 3\n[[gate.floor]]\nmetric = 'score'\nmax = 3\n"
    )
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*golden.toml:4:*p95_ms*needs `max`*", "*golden.toml:7:*found 3, expected 0 or more*"])


def test_retries_are_counted_by_kind(project, answering):
    troubles = {"text 0": [too_many("0.01"), broken(503)], "text 1": [too_many("0.01")]}

    def answer(messages):
        text = messages[-1]["content"]
        return troubles[text].pop() if troubles.get(text) else text

    answering(answer)
    project.single("tiny", *ECHO)
    result = project.run()
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["requests: 6 answered, 0 failed, 3 retries (2 rate limited, 1 server error)"])


def test_counts_come_home_from_a_worker_of_xdist(project, answering):
    answering()
    project.single("tiny", *ECHO)
    project.run("-n2", "--junitxml=out.xml").stdout.fnmatch_lines(["requests: 6 answered*", "*tiny*6 by the model*"])
    assert "ftgate_latency" in (project.path / "out.xml").read_text()
