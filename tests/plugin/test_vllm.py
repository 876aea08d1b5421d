"""--ftgate-engine vllm, --ftgate-vllm, --ftgate-vllm-args and the fixture `vllm_server`, with a fake vllm command."""

from __future__ import annotations

import json

import psutil
import pytest

from tests.fake_vllm import make_executable
from tests.hub_server import COMMIT, HubServer
from tests.projects import lock, write_model, write_pipeline, write_rows

ECHO = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(8)]
USING = """
import json

def test_asks(vllm_server):
    assert vllm_server.address.startswith("http://127.0.0.1:")
    assert vllm_server.client.text("hello") == "hello"
    assert "INFO starting" in vllm_server.logs()

def test_asks_again(vllm_server):
    assert vllm_server.client.text("again") == "again"
"""


@pytest.fixture
def fake(project, monkeypatch):
    """Arguments that name the fake and a base model."""
    base = project.path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}")
    monkeypatch.setenv("FAKE_VLLM_RECORD", str(project.path / "record.json"))
    monkeypatch.setenv("FAKE_VLLM", "{}")
    executable = make_executable(project.path / "bin")
    return "--ftgate-engine", "vllm", "--ftgate-vllm", executable, "--ftgate-model", base


def left_over(project) -> list:
    return [
        p for p in psutil.process_iter(["cmdline"]) if str(project.path / "bin") in " ".join(p.info["cmdline"] or [])
    ]


def test_golden_sets_and_the_fixture_share_one_server(project, fake):
    project.golden("echo", ECHO)
    project.write("test_mine.py", USING)
    result = project.run(*fake, "--ftgate-vllm-args", "--max-num-seqs 7 --seed=3", "goldens", "test_mine.py")
    result.assert_outcomes(passed=10)
    assert json.loads((project.path / "record.json").read_text())["argv"][-3:] == ["--max-num-seqs", "7", "--seed=3"]
    assert len(list((project.path / ".ftgate" / "logs").glob("*.log"))) == 1
    assert not left_over(project)


def test_the_fixture_alone_starts_the_server(project, fake):
    project.write("test_mine.py", USING)
    project.run(*fake).assert_outcomes(passed=2)
    assert not left_over(project)


def test_the_fixture_attaches_to_a_running_server(project, answering):
    answering()
    project.write("test_mine.py", "def test_asks(vllm_server):\n    assert vllm_server.client.text('hi') == 'hi'\n")
    project.run().assert_outcomes(passed=1)


def test_without_vllm_the_fixture_skips(project):
    project.write("test_mine.py", USING)
    result = project.run("-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*vllm_server needs --ftgate-engine vllm or --ftgate-base-url URL*"])


def test_a_server_that_does_not_start_is_told_once_and_not_for_each_case(project, fake, monkeypatch):
    monkeypatch.setenv("FAKE_VLLM", json.dumps({"say": "ValueError: LoRA is not enabled", "exit": 1}))
    project.golden("echo", ECHO)
    result = project.run(*fake, "goldens")
    text = result.stdout.str() + result.stderr.str()
    shown, short = text.split("short test summary info")  # pytest cuts its lines to the terminal, but not in CI
    assert shown.count("the server was started without LoRA") == 3  # at once, of the first case, in the summary
    assert short.count("not asked: the vllm server") == 1
    assert "remove --no-enable-lora from [serve] args or --ftgate-vllm-args (ini: ftgate_vllm_args)" in text
    assert "Traceback" not in text
    assert result.ret != 0
    assert not left_over(project)


def test_settings_in_the_ini_file(project, fake, pytester):
    _, _, _, executable, _, base = fake
    pytester.makeini(
        f"[pytest]\naddopts = -p no:randomly\nftgate_engine = vllm\nftgate_vllm = {executable}\n"
        f"ftgate_vllm_args = --seed 5\nftgate_model = {base}\n"
    )
    project.golden("echo", ECHO)
    project.run("goldens").assert_outcomes(passed=8)
    assert json.loads((project.path / "record.json").read_text())["argv"][-2:] == ["--seed", "5"]


def test_arguments_of_the_pipeline_stand_before_those_of_the_command_line(project, fake):
    """They are part of what answers: with others nothing of the journal is taken."""
    record = project.path / "record.json"
    fake = fake[:4]  # without --ftgate-model: the base of the pipeline
    project.golden("echo", ECHO)
    lock(project.path / "goldens" / "echo")
    folder = project.path / "pipelines" / "echo"
    write_rows(folder / "rows.jsonl", [{"input": "a", "expected": "a"}])
    write_model(folder / "model")
    serve = '[serve]\nargs = ["--kv-cache-dtype", "fp8"]\ncontext = 3000\n'
    write_pipeline(folder, "echo", train="rows.jsonl", validation="rows.jsonl", more=serve)
    asked = [*fake, "--ftgate-resume", "goldens"]
    project.run(*asked, "--ftgate-vllm-args", "--max-num-seqs 7").assert_outcomes(passed=8)
    line = " ".join(json.loads(record.read_text())["argv"])
    assert "--max-model-len 3000 " in line
    assert line.endswith("--kv-cache-dtype fp8 --max-num-seqs 7")
    record.unlink()
    project.run(*asked, "--ftgate-vllm-args", "--max-num-seqs 9").assert_outcomes(passed=8)
    assert not record.exists(), "the same answers: nothing was asked"
    project.run(*asked, "--ftgate-vllm-args", "--kv-cache-dtype auto").assert_outcomes(passed=8)
    assert record.exists()
    assert not left_over(project)


def test_a_model_of_the_hub_is_here_at_a_commit_before_its_server_starts(project, fake, monkeypatch):
    files = {"config.json": b"{}", "model.safetensors": b"weights"}
    record = project.path / "record.json"
    project.golden("echo", ECHO)
    with HubServer({"org/tiny": files, "org/gated": files}, ("org/gated",)) as hub:
        for name, value in {"HF_ENDPOINT": hub.url, "HF_HOME": project.path / "hub", "HF_HUB_DISABLE_XET": "1"}.items():
            monkeypatch.setenv(name, str(value))
        for name in ("HF_HUB_OFFLINE", "HF_TOKEN"):
            monkeypatch.delenv(name, raising=False)

        def run(model: str) -> pytest.RunResult:
            words = ["-p", "no:randomly", *map(str, fake[:4]), "--ftgate-model", model, "goldens"]
            return project.pytester.runpytest_subprocess(*words)

        refused = run("org/gated")
        assert not record.exists(), "nothing was started"
        run("org/tiny").assert_outcomes(passed=8)
    seen = json.loads(record.read_text())
    assert seen["argv"][:2] == ["serve", "org/tiny"]
    assert f"--revision {COMMIT} " in " ".join(seen["argv"])
    assert seen["env"]["HF_HUB_OFFLINE"] == "1"
    told = refused.stdout.str() + refused.stderr.str()
    assert "gated: the hub gives it only to accounts that accepted its terms" in told
    assert "set HF_TOKEN" in told
    assert "Traceback" not in told
    assert not left_over(project)


def test_a_start_may_be_given_less_time(project, fake, monkeypatch):
    monkeypatch.setenv("FAKE_VLLM", json.dumps({"hang": True}))
    project.golden("echo", ECHO)
    result = project.run(*fake, "--ftgate-start-limit", "2", "goldens")
    assert "not ready within 2 s; raise --ftgate-start-limit" in result.stdout.str() + result.stderr.str()
    assert not left_over(project)


def test_arguments_that_are_no_words(project, fake):
    result = project.run(*fake, "--ftgate-vllm-args", "'unclosed")
    result.stderr.fnmatch_lines(["*--ftgate-vllm-args: cannot parse *No closing quotation*"])
    assert result.ret == 4


def test_of_several_models_one_is_in_memory_at_a_time(project, fake):
    other = project.path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"other": true}')
    (other / "answers.json").write_text(json.dumps({"text 3": "something else"}))
    project.golden("echo", ECHO)
    project.golden("more", ECHO[:2])
    project.write(
        "conftest.py",
        "import pathlib, psutil\n"
        "def pytest_runtest_logstart(nodeid):\n"
        "    here = str(pathlib.Path(__file__).parent / 'bin')\n"
        "    up = [p for p in psutil.process_iter(['cmdline']) if here in ' '.join(p.info['cmdline'] or [])]\n"
        "    served = {word for p in up for word in p.info['cmdline'] if word.endswith(('base', 'other'))}\n"
        "    pathlib.Path(__file__).with_name('up').write_text(' '.join(served))\n",
    )
    result = project.run(*fake, "--ftgate-model", other, "goldens")
    result.assert_outcomes(passed=19, failed=1)
    result.stdout.fnmatch_lines([f"ftgate: asking {project.path}/base*", f"ftgate: asking {other}*"])
    result.stdout.fnmatch_lines(["echo in 2 columns, compared on 8 cases", "*fixed, broken * 0, 1"])
    assert (project.path / "up").read_text() == str(other)
    assert not left_over(project)
