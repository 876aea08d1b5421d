"""The response cache: it asks less, and never in secret."""

from __future__ import annotations

import pytest

ECHO = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(6)]
LOCAL = ("--ftgate-cache", "local")


def test_an_attached_server_is_not_cached_unless_asked_for(project, answering):
    server = answering()
    project.single("tiny", *ECHO)
    project.run()
    project.run()
    assert len(server.requests) == 12
    assert not (project.path / ".ftgate/cache").exists()


def test_a_second_run_asks_only_what_is_new_and_says_so(project, answering):
    server = answering(lambda messages: "wrong" if messages[-1]["content"] == "text 1" else messages[-1]["content"])
    project.single("tiny", *ECHO[:4])
    project.run(*LOCAL)
    project.single("renamed", *[case | {"id": f"b{case['id']}"} for case in ECHO])
    (project.path / "goldens/tiny.golden.jsonl").unlink()
    result = project.run(*LOCAL, "--junitxml=out.xml")
    assert len(server.requests) == 4 + 2
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["ftgate: renamed: answers from the cache (.ftgate/cache): 4"])
    result.stdout.fnmatch_lines(["*answer (from the cache): wrong"])
    result.stdout.fnmatch_lines(["*renamed*2 by the model, 4 from the cache (.ftgate/cache)*"])
    assert (project.path / "out.xml").read_text().count("&quot;cached&quot;: true") == 4
    assert len((project.path / ".ftgate/journal/renamed.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "toml",
    [
        "[request]\ntemperature = 0.5\n",
        "[gate]\n[[gate.floor]]\nmetric = 'p95_ms'\nmax = 9000\n",
    ],
)
def test_it_is_off_where_an_answer_is_drawn_or_timed(project, answering, toml):
    server = answering()
    project.golden("fresh", ECHO, toml)
    project.run(*LOCAL)
    project.run(*LOCAL)
    assert len(server.requests) == 12


@pytest.mark.parametrize("change", ["[request]\nmax_tokens = 7\n", "[prompt]\nsystem = 'Be brief.'\n"])
def test_what_decides_an_answer_is_part_of_its_key(project, answering, change):
    server = answering()
    project.golden("tiny", ECHO)
    project.run(*LOCAL)
    project.golden("tiny", ECHO, change)
    project.run(*LOCAL)
    assert len(server.requests) == 12
    project.golden("tiny", [case | {"expected": "other"} for case in ECHO], change)
    project.run(*LOCAL).assert_outcomes(failed=6)
    assert len(server.requests) == 12, "what judges an answer does not decide it"


def test_answers_that_broke_are_not_kept(project, answering):
    from tests.mock_openai import Fault

    faults = [Fault(status=400, text="no")]
    server = answering(lambda messages: faults.pop() if faults else messages[-1]["content"])
    project.single("tiny", *ECHO[:1])
    project.run(*LOCAL).assert_outcomes(failed=1)
    project.run(*LOCAL).assert_outcomes(passed=1)
    assert len(server.requests) == 2


def test_a_team_cache_that_is_down_is_told_and_the_model_asked(project, answering):
    server = answering()
    project.single("tiny", *ECHO)
    result = project.run("--ftgate-cache-url", "redis://:secret@127.0.0.1:9/0")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        ["ftgate: no response from the cache at redis://***@127.0.0.1:9/0*continuing without it"]
    )
    assert "secret" not in result.stdout.str()
    assert len(server.requests) == 6


def test_a_word_that_is_no_cache(project, answering):
    answering()
    project.single("tiny", *ECHO)
    result = project.run("--ftgate-cache", "on")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--ftgate-cache: found 'on', allowed: local, off*"])
