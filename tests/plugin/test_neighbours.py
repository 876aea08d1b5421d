"""The plugin beside others, and in projects that merely have it installed."""

from __future__ import annotations

import subprocess
import sys

ECHO = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(8)]
HEAVY = [
    "torch",
    "transformers",
    "peft",
    "trl",
    "mlflow",
    "anthropic",
    "sklearn",
    "scipy",
    "datasketch",
    "aiohttp",
    "jinja2",
    "yaml",
    "jsonschema",
    "rich",
    "pytest_ftgate.registry",
    "pytest_ftgate.train",
]


def test_merely_installed_it_prints_imports_and_makes_nothing(pytester):
    pytester.makepyfile("def test_mine():\n    pass\n")
    (pytester.path / "data.golden.jsonl").write_text("this is not ours\n")
    bare = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:pytest_ftgate")
    before = {path.name for path in pytester.path.iterdir()} | {"runpytest-1"}  # pytester's own folder
    with_us = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert with_us.ret == bare.ret == 0

    def told(result):
        return [
            line
            for line in result.outlines
            if not line.startswith(("plugins:", "=", "rootdir", "Using --randomly-seed"))
        ]

    assert told(with_us) == told(bare)
    assert {path.name for path in pytester.path.iterdir()} == before


def test_loading_the_plugin_imports_nothing_heavy():
    code = f"import sys, pytest_ftgate.plugin.hooks; print([m for m in {HEAVY!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_beside_other_plugins(project, answering):
    answering()
    project.pytester.makeini("[pytest]\n")
    project.golden("tiny", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n")
    project.write("test_mine.py", "def test_one():\n    pass\n")
    for extra in (["-n", "2"], ["--timeout", "300", "--reruns", "2", "--ff"], ["-p", "randomly"]):
        result = project.pytester.runpytest_subprocess(
            "--ftgate-base-url", project.server.base_url, "--ftgate-model", "mock", "-v", *extra
        )
        assert result.ret == 0, (extra, result.stdout.str(), result.stderr.str())
        passed = [line for line in result.outlines if "PASSED" in line]
        assert len(passed) == 8 + 1 + 1 + 2, (extra, result.stdout.str())
        ours = [line for line in passed if "golden.toml::" in line]
        assert "gate[" in ours[-1], (extra, ours)
        assert "gate[" in ours[-2], (extra, ours)
        assert "metric[" in ours[-3], (extra, ours)


def test_under_xdist_one_worker_asks_and_others_run_the_rest(project, answering):
    server = answering()
    project.golden("tiny", ECHO, "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.9\n")
    for name in "abcd":
        project.write(
            f"test_{name}.py", "import time\ndef test_one():\n    time.sleep(.2)\ndef test_two():\n    pass\n"
        )
    project.write(
        "test_case.py",
        "import pytest\n@pytest.mark.golden('tiny')\ndef test_c(case, response):\n    assert response.text\n",
    )
    result = project.pytester.runpytest_subprocess(
        "--ftgate-base-url", server.base_url, "--ftgate-model", "mock", "-v", "-n", "2"
    )
    assert result.ret == 10, result.stdout.str()
    ours = [line for line in result.outlines if line.startswith("[gw") and ("tiny" in line or "test_case" in line)]
    assert len({line.split("]")[0] for line in ours}) == 1, ours
    assert len(server.requests) == 8
    others = {line.split("]")[0] for line in result.outlines if "::test_one" in line and line.startswith("[gw")}
    assert others - {ours[0].split("]")[0]}, "the other worker runs tests of the user meanwhile"


def test_under_xdist_tests_that_ask_no_model_run_in_a_project_with_goldens(project):
    project.golden("tiny", ECHO)
    project.write("tests/test_mine.py", "def test_one():\n    pass\ndef test_two():\n    pass\n")
    result = project.pytester.runpytest_subprocess("-n", "2", "tests")
    assert result.ret == 0, result.stdout.str()
    result.assert_outcomes(passed=2)
