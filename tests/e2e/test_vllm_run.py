"""A whole pytest run against real vLLM on the CPU: golden set, fixture and adapter share one server."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.e2e.vllm_models import BASE, make_adapter, need_vllm

pytestmark = pytest.mark.timeout(400)

TEST = """
import sys

def test_the_adapter_answers_beside_the_base_model(vllm_server):
    tuned = vllm_server.load_adapter({adapter!r})
    assert tuned.text("What is a cat?", max_tokens=6) != vllm_server.client.text("What is a cat?", max_tokens=6)
    assert len([line for line in vllm_server.logs(500).splitlines() if "Started server process" in line]) == 1
"""


def test_one_server_for_golden_sets_and_tests(tmp_path):
    need_vllm()
    cases = [{"id": f"c{i}", "input": f"Is {i} a number?", "expected": "yes"} for i in range(8)]
    folder = tmp_path / "goldens" / "yes"
    folder.mkdir(parents=True)
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
    (folder / "golden.toml").write_text(
        "[request]\nmax_tokens = 4\nchoices = ['yes', 'no']\nlogprobs = 2\n[[grader]]\nkind = 'one_of'\nlabels = ['yes', 'no']\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:randomly\n")
    (tmp_path / "test_mine.py").write_text(TEST.format(adapter=str(make_adapter(tmp_path / "adapter", 1))))
    asked = ["--ftgate-engine=vllm", f"--ftgate-model={BASE}"]  # with a space, pytest takes the path for a root
    argv = [sys.executable, "-m", "pytest", *asked, "goldens", "test_mine.py"]
    run = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=380, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "9 passed" in run.stdout
