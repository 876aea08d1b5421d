"""The worst case of a rollback, and a start from a backup: no server, no adapter, no base model, not even an audit log.

The registry is on PostgreSQL with its files in S3. Every step is printed with its seconds, and both end with an answer in
under five minutes; the figures in the documentation are those of the real model.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_ftgate.pipeline.production.base_models import keep_base
from pytest_ftgate.registry import open_registry
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.model import Model, model_files
from tests.e2e.patience import patience, slowness
from tests.e2e.vllm_models import BASE, make_adapter
from tests.e2e.workshop import need_model
from tests.postgres import cluster
from tests.s3_server import s3_server

FTGATE = (sys.executable, "-m", "pytest_ftgate.cli.main")
TASK = "sms_spam"
LIMIT_S = 300
"""As it was promised, for a machine on which nothing else is at work."""


@dataclass(frozen=True)
class Registered:
    """Two champions of a task, v2 the one of now. state: of the machine that promoted them. uri: of the registry."""

    state: Path
    uri: str


def make_base(folder: Path, size: str) -> Path:
    """size: "real", the whole model; "small", random weights of its architecture with its tokenizer."""
    from transformers import AutoConfig, AutoModelForCausalLM

    folder.mkdir()
    for file in model_files(BASE):
        if size == "real" or file.suffix != ".safetensors":
            shutil.copy(file, folder)
    if size == "small":
        config = AutoConfig.from_pretrained(BASE)
        config.hidden_size, config.intermediate_size, config.num_hidden_layers = 64, 128, 2
        config.num_attention_heads, config.num_key_value_heads, config.head_dim = 4, 2, 16
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[:2]
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["small", pytest.param("real", marks=pytest.mark.slow)])
def registered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registered]:
    """The base model's folder is gone once the registry holds it."""
    need_model()
    folder = tmp_path_factory.mktemp("trained")
    base = make_base(folder / "base", request.param)
    with (
        tempfile.TemporaryDirectory(prefix="ftgate-pg-", dir="/tmp") as place,
        cluster(Path(place)) as uri,
        s3_server() as s3,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        registry = open_registry(uri, folder / "state")
        for seed in (1, 2):
            model = Model(str(base), dtype="float32", adapter=make_adapter(folder / f"adapter{seed}", seed, base=base))
            keep_base(registry, model)
            run = registry.log_run(TASK, {}, {}, {}, {}, {})
            tags = {"verdict": "PROMOTE", "reason": "all checks pass"} | tags_of(model)
            version = registry.add_version(TASK, model.adapter, adapter_digest(model.adapter), run, tags)
            registry.promote(TASK, version.number, "all checks pass")
        shutil.rmtree(base)
        yield Registered(folder / "state", uri)


def ftgate(*args: object) -> str:
    done = subprocess.run(
        [*FTGATE, *map(str, args)], capture_output=True, text=True, timeout=patience(120), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answer_of(*args: object) -> tuple[str, str]:
    """(an answer of `ftgate serve`, what the command printed until then)."""
    command = [*FTGATE, "serve", TASK, "--port", "0", *map(str, args)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        said = ""
        try:
            while "-d '" not in said:
                said += (line := server.stdout.readline())
                assert line, said
            name, address = re.search(r"serving (\S+) at (\S+) until", said).groups()
            text = Client(Endpoint(address, name)).text("Is the sky blue?", max_tokens=8)
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.stdout.read().endswith("stopped\n")
    return text, said


def steps(said: str) -> str:
    """The lines with seconds in them."""
    return "".join(f"  {line.strip()}\n" for line in said.splitlines() if re.search(r"\d\.\d s\b", line))


def test_rollback_and_serve_on_a_machine_with_nothing(registered, tmp_path, capsys):
    where = ("--state-dir", tmp_path / "state", "--tracking-uri", registered.uri)
    begin = time.monotonic()
    moved = ftgate("rollback", TASK, *where)
    text, served = answer_of(*where)
    seconds = time.monotonic() - begin
    with capsys.disabled():
        print(f"\nrollback and serve on an empty machine: {seconds:.0f} s\n{steps(moved)}{steps(served)}  {text!r}")
    for step in ("find", "verify", "lock", "move"):
        assert re.search(rf"{step} \d+\.\d s", moved), moved
    assert f"{TASK}: v1 is the champion again (was v2)" in moved
    for step in ("find", "fetch and verify", "base model", "verify base model", "start and probe"):
        assert re.search(rf"{step} \d+\.\d s", served), served
    assert "fetching it from the registry" in served
    assert seconds < LIMIT_S * slowness()


def test_restore_and_serve_on_a_machine_with_nothing(registered, tmp_path, capsys, no_tracking_server):
    """SQLite and files of this machine, from an archive of PostgreSQL and S3."""
    backup = tmp_path / "backup.tar.gz"
    made = ftgate("backup", backup, "--base", "--state-dir", registered.state, "--tracking-uri", registered.uri)
    where = ("--state-dir", tmp_path / "state")
    begin = time.monotonic()
    restored = ftgate("restore", backup, *where)
    text, served = answer_of(*where)
    seconds = time.monotonic() - begin
    with capsys.disabled():
        print(f"\nrestore and serve on an empty machine: {seconds:.0f} s")
        print(f"{steps(made)}{steps(restored)}{steps(served)}  {text!r}")
    assert "lines, intact" in restored
    assert re.search(r"v\d ready after ", served)
    assert seconds < LIMIT_S * slowness()
