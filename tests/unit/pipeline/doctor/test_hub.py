"""Access to the base model, asked of a server that speaks the Hub's protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pytest_ftgate.pipeline.doctor.finding import Level, error, ok
from pytest_ftgate.pipeline.doctor.hub import base
from pytest_ftgate.serve.device import Device

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CODES = {"gated": (403, "GatedRepo"), "absent": (401, "RepoNotFound"), "gguf": (404, "EntryNotFound")}

SCRIPT = """
import json, sys
from pathlib import Path
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.doctor.hub import base
from pytest_ftgate.pipeline.doctor.patient import Patient
from pytest_ftgate.pipeline.doctor.memory import memory
from pytest_ftgate.serve.device import Device
patients = [Patient(read_pipeline(Path(path)), Device("cpu", "a CPU"), Path("state")) for path in sys.argv[1:]]
print(json.dumps([[[f.level, f.text, f.fix] for check in (base, {also}) for f in check(patient)] for patient in patients]))
"""


class Hub(BaseHTTPRequestHandler):
    """HEAD /org/NAME/resolve/REVISION/config.json, as huggingface.co answers it."""

    def do_HEAD(self) -> None:
        _, _, name, _, revision, _ = self.path.split("/")
        code, why = CODES.get(name, (200, "") if revision in {"main", COMMIT} else (404, "RevisionNotFound"))
        self.send_response(code)
        if why:
            self.send_header("X-Error-Code", why)
        for key, value in (("X-Repo-Commit", COMMIT), ("ETag", '"etag"'), ("Content-Length", "2")):
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Broken(BaseHTTPRequestHandler):
    """Hangs up without a word."""

    asked = 0

    def do_HEAD(self) -> None:
        type(self).asked += 1
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def asked(endpoint: str, folder: Path, *bases: str, also: str = "", **environment: str) -> list[list[list[str]]]:
    """The findings for each base, in a process of its own: the address is read when huggingface_hub is imported."""
    files = []
    for number, lines in enumerate(bases):
        files.append(folder / f"p{number}/pipeline.toml")
        files[-1].parent.mkdir()
        files[-1].write_text(f'goldens = ["g"]\n[base]\n{lines}\n[data]\ntrain = "t.jsonl"\nvalidation = "v.jsonl"\n')
    own = {"HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(folder / "cache"), "HF_HUB_OFFLINE": "0"} | environment
    clean = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{also}", also), *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
        env=clean | {"HF_HOME": str(folder / "home"), "HF_TOKEN": ""} | own,
    )
    return json.loads(done.stdout)


def test_what_the_hub_says_becomes_what_to_do(endpoint, tmp_path):
    fine, pinned, gated, absent, gguf, lost = asked(
        endpoint,
        tmp_path,
        'model = "org/fine"',
        f'model = "org/fine"\nrevision = "{COMMIT}"',
        'model = "org/gated"',
        'model = "org/absent"',
        'model = "org/gguf"',
        'model = "org/fine"\nrevision = "lost"',
    )
    assert fine[0] == ["ok", "org/fine: can be fetched", ""]
    assert fine[1][0] == "warning"
    assert fine[1][2] == f'set base.revision = "{COMMIT}"'
    assert pinned == [["ok", "org/fine: can be fetched", ""]]
    terms = "https://huggingface.co/org/gated"
    assert gated[0][1] == "org/gated: gated: the hub gives it only to accounts that accepted its terms"
    assert gated[0][2] == f"accept its terms at {terms}, and set HF_TOKEN to a token of that account"
    assert absent[0][1] == "org/absent: not found on the hub, or private"
    assert gguf[0][1] == "org/gguf: has no config.json"
    assert lost[0][1] == "org/fine@lost: the model has no such revision"
    assert {each[0][0] for each in (gated, absent, gguf, lost)} == {"error"}


def test_a_hub_that_does_not_answer_is_asked_once(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    ((found, unknown),) = asked(address, tmp_path, 'model = "org/fine"', also="memory")
    server.shutdown()
    assert Broken.asked == 1
    assert found[0] == "error"
    assert unknown == ["warning", "not estimated: org/fine: the base cannot be reached", ""]


def test_a_token_is_never_shown_and_the_advice_is_another(endpoint, tmp_path):
    ((found,),) = asked(endpoint, tmp_path, 'model = "org/gated"', HF_TOKEN="hf_secretsecretsecretsecretsecret")
    assert found[2] == "accept its terms at https://huggingface.co/org/gated, with the account of your HF_TOKEN"
    assert "hf_secret" not in str(found)


def test_without_the_hub_the_cache_decides(tmp_path):
    dead = "http://127.0.0.1:9"
    ((found,),) = asked(dead, tmp_path, 'model = "org/fine"')
    assert found[0] == "error"
    assert ": not on this machine, and http://127.0.0.1:9 does not answer" in found[1]
    kept = tmp_path / "cache/models--org--fine"
    for name, text in (
        ("refs/main", COMMIT),
        (f"snapshots/{COMMIT}/config.json", "{}"),
        (f"snapshots/{COMMIT}/model.safetensors", "weights"),
    ):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).write_text(text)
    (tmp_path / "again").mkdir()
    here, unpinned = asked(dead, tmp_path / "again", 'model = "org/fine"', HF_HUB_CACHE=str(tmp_path / "cache"))[0]
    assert here[0] == "ok"
    assert here[1].startswith("org/fine: on this machine; ")
    assert unpinned[2] == f'set base.revision = "{COMMIT}"'


def test_a_folder_that_is_there_and_one_that_is_not(patient, tmp_path):
    one = patient(Device("cpu", "a CPU"))
    assert list(base(one)) == [ok("base", str(one.folder))]
    (one.folder / "config.json").unlink()
    (finding,) = base(one)
    assert finding.level is Level.ERROR
    lost = patient(Device("cpu", "a CPU"), base={"model": str(tmp_path / "lost"), "made_by": "make model"})
    place = f"{lost.pipeline.path}:{lost.pipeline.line_of('base', 'model')}"
    assert list(base(lost)) == [error("base", f"{place}: base.model: {tmp_path / 'lost'} not found", "run: make model")]
