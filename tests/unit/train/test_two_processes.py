"""Two gloo processes on the CPU: the same training as one with twice the batch, killed, resumed, and no orphan."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train import launch
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.manifest import Manifest, read_manifest
from pytest_ftgate.train.run import run
from tests.projects import write_rows

pytestmark = pytest.mark.timeout(900)

FSDP_WORKER = Path(__file__).with_name("fsdp_worker.py")
LOSS, WEIGHT = 1e-5, 1e-5
"""Relative and absolute tolerance in float32: two halves of a batch are summed in another order. Measured: 3e-7."""


def silent(_event):
    """An event nobody listens to."""


def exact(job):
    """In float32, whatever the machine computes natively."""
    return replace(job, dtype="float32")


def in_this_process(job, out: Path) -> Manifest:
    out.mkdir()
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


def weights(manifest: Manifest):
    from safetensors.torch import load_file

    return load_file(next(manifest.adapter.glob("*.safetensors")))


def assert_same_training(two: Manifest, one: Manifest) -> None:
    steps, losses = zip(*two.curves["loss"], strict=True)
    assert steps == tuple(step for step, _ in one.curves["loss"])
    assert losses == pytest.approx([loss for _, loss in one.curves["loss"]], rel=LOSS)
    mine, theirs = weights(two), weights(one)
    assert mine.keys() == theirs.keys()
    assert all((mine[name] - theirs[name]).abs().max() < WEIGHT for name in mine)
    assert [epoch.score for epoch in two.epochs] == [epoch.score for epoch in one.epochs]


def ranks(out: Path) -> dict[str, int]:
    """Rank -> process id of the workers of a folder that are alive."""
    found = {}
    listed = subprocess.run(["pgrep", "-f", str(out)], capture_output=True, text=True, check=False).stdout
    for pid in map(int, listed.split()):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        found.update({e[5:].decode(): pid for e in environment if e.startswith(b"RANK=")})
    return found


def wait_until_gone(out: Path, limit_s: float = 120.0) -> None:
    end = time.monotonic() + limit_s
    while subprocess.run(["pgrep", "-f", str(out)], capture_output=True, check=False).stdout:
        assert time.monotonic() < end, "a process outlived the trainer"
        time.sleep(0.2)


class KillOne:
    """Kills a process of the training with SIGKILL, once an epoch is validated and kept: at the next step."""

    def __init__(self, out: Path, choose, epoch: int = 1) -> None:
        self.out, self.choose, self.epoch, self.validated, self.killed = out, choose, epoch, False, False

    def __call__(self, event) -> None:
        self.validated = self.validated or (event["event"] == "validation" and event["epoch"] >= self.epoch)
        if event["event"] == "step" and self.validated and not self.killed:
            self.killed = True
            os.kill(self.choose(self.out), signal.SIGKILL)


def launcher(out: Path) -> int:
    return int(Path(f"/proc/{ranks(out)['0']}/stat").read_text().rpartition(")")[2].split()[1])


def test_two_processes_train_as_one_with_twice_the_batch_also_killed_and_resumed(make_job, tmp_path):
    settings = {"method": "lora", "epochs": 3}
    one = in_this_process(exact(make_job(batch_size=8, **settings)), tmp_path / "one")
    job, out = exact(make_job(batch_size=4, gpus=2, **settings)), tmp_path / "two"
    with pytest.raises(TrainError, match=r"process 1 \(from 0\) was killed, probably out of memory"):
        launch.train(job, out, KillOne(out, lambda out: ranks(out)["1"]))
    wait_until_gone(out)
    assert not (out / "manifest.json").exists()

    events: list[dict[str, object]] = []
    two = launch.train(job, out, events.append)
    texts = [str(event.get("text")) for event in events]
    assert any(re.match(r"resuming after step [36] of 9", text) for text in texts), "it may have gone on a little"
    assert_same_training(two, one)
    assert sum(event["event"] == "validation" for event in read_events(out / "events.jsonl")) == 3
    assert len(list(out.glob("*manifest*"))) == 1
    wait_until_gone(out)


@pytest.mark.parametrize(
    "settings",
    [{}, pytest.param({"packing": True, "group_by_length": True}, marks=pytest.mark.slow)],
    ids=["padded", "packed"],
)
def test_no_row_is_learnt_twice_where_the_last_step_is_short(make_job, tmp_path, settings):
    """Of 26 rows two are left for the last step of 8, and nothing for the second process."""
    settings |= {"method": "lora", "epochs": 2}
    one = in_this_process(exact(make_job(rows=26, batch_size=8, **settings)), tmp_path / "one")
    two = launch.train(exact(make_job(rows=26, batch_size=4, gpus=2, **settings)), tmp_path / "two", silent)
    assert len(two.curves["loss"]) == 8
    assert_same_training(two, one)


SLOW = pytest.mark.slow


@pytest.mark.parametrize("method", [pytest.param("dpo", marks=SLOW), pytest.param("kto", marks=SLOW), "orpo"])
def test_no_preference_is_learnt_twice_where_the_last_step_is_short(make_job, tmp_path, method):
    """Of 5 rows one is left for the last step of 4, and nothing for the second process."""
    kinds = {
        "kto": lambda i: {"prompt": f"a {i}", "completion": f"b {i}", "label": i % 2 == 0},
        "dpo": lambda i: {"prompt": f"a {i}", "chosen": f"b {i}", "rejected": f"c {i}"},
    }
    train = write_rows(tmp_path / "preferences.jsonl", map(kinds.get(method, kinds["dpo"]), range(5)))
    settings = {"method": method, "epochs": 1, "learning_rate": 1e-3, "load_in_4bit": False}

    def job(**more):
        digest = hashlib.sha256(train.read_bytes()).hexdigest()
        return replace(exact(make_job(**settings, **more)), train_file=str(train), train_digest=digest)

    one = in_this_process(job(batch_size=4), tmp_path / "one")
    two = launch.train(job(batch_size=2, gpus=2), tmp_path / "two", silent)
    assert [step for step, _ in two.curves["loss"]] == [step for step, _ in one.curves["loss"]] == [1, 2]
    mine, theirs = weights(two), weights(one)
    assert all((mine[name] - theirs[name]).abs().max() < WEIGHT for name in mine)


def test_no_process_outlives_the_launcher_and_a_crash_of_one_is_told_in_a_line(make_job, tmp_path):
    job = replace(make_job(method="lora", epochs=20, gpus=2, learning_rate=0.0, patience=20), dtype="bfloat16")
    out = tmp_path / "out"
    with pytest.raises(TrainError):
        launch.train(job, out, KillOne(out, launcher, epoch=2))
    wait_until_gone(out)

    (out / "epochs" / "1-3" / "score.json").write_text("{}")  # whichever process looks at it first
    with pytest.raises(TrainError, match=r"the trainer crashed in process [01] of 2 \(from 0\): \w*Error: ") as caught:
        launch.train(job, out, silent)
    assert len(str(caught.value).splitlines()) == 2
    wait_until_gone(out)


@pytest.mark.slow
def test_a_second_machine_follows_the_first_one(make_job, tmp_path, monkeypatch):
    """Both are this one here; they meet by address and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        there = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    for name, value in (there | {"NODE_RANK": "0"}).items():
        monkeypatch.setenv(name, value)
    followers = []

    def follow(event) -> None:
        _, invited, folder = str(event.get("text")).partition("pytest_ftgate.train.strategies.follow ")
        if invited:
            line = [sys.executable, "-m", "pytest_ftgate.train.strategies.follow", folder]
            followers.append(subprocess.Popen(line, env=os.environ | there | {"NODE_RANK": "1"}))

    job = make_job(method="lora", epochs=1, nodes=2)
    manifest = launch.train(job, tmp_path / "out", follow)
    assert [follower.wait(60) for follower in followers] == [0]
    assert [step for step, _ in manifest.curves["loss"]] == [1, 2, 3]  # of 24 rows, 8 in a step


@pytest.mark.parametrize("method", ["lora", pytest.param("qlora", marks=pytest.mark.slow)])
def test_shared_out_by_fsdp_the_same_adapter_is_gathered(make_job, tmp_path, monkeypatch, method):
    """torch's FSDP on two gloo processes; on GPUs it was never run."""
    one = in_this_process(exact(make_job(method=method, batch_size=8)), tmp_path / "one")
    real = launch.command

    def command(*arguments):
        line = real(*arguments)
        at = line.index("--module")
        return [*line[:at], str(FSDP_WORKER), *line[at + 2 :]]

    monkeypatch.setattr(launch, "command", command)
    monkeypatch.setattr(launch, "check_libraries", lambda *_: None)  # it refuses FSDP on a CPU
    job = exact(make_job(method=method, batch_size=4, gpus=2, strategy="fsdp"))
    out = tmp_path / "two"
    if method == "lora":  # its checkpoints are shared out too
        with pytest.raises(TrainError, match="was killed"):
            launch.train(job, out, KillOne(out, lambda out: ranks(out)["1"]))
        wait_until_gone(out)
    two = launch.train(job, out, silent)
    assert_same_training(two, one)
