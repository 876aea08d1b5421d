"""`ftgate reconcile`: several (fake) vLLM servers come to serve exactly the champion, whatever happens to them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from pytest_ftgate.cli import reconcile as command
from pytest_ftgate.cli.router_files import configuration
from pytest_ftgate.cli.router_route import Route, Served
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.pipeline.production.reconcile import Reconciler, Rules
from pytest_ftgate.pipeline.production.wanted import Wanted
from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.model_tags import name_of, tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.client import control_http
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.attached import running_server
from tests.fake_vllm_server import FakeVllm
from tests.nginx_here import ask, free_port, need_nginx, running_nginx
from tests.unit.kills import Fuse, in_a_child
from tests.unit.serve.vllm.adapters import make_adapter

KEY = "a-secret-key"


@pytest.fixture
def registry(request: pytest.FixtureRequest, no_tracking_server: None, tmp_path: Path) -> Registry:
    """In memory, or with the parameter "mlflow" as several processes can read it."""
    (tmp_path / "state").mkdir()
    template = request.getfixturevalue(f"{getattr(request, 'param', 'plain')}_template")
    shutil.copy(template, tmp_path / "state" / "mlflow.db")
    return open_registry(None, tmp_path / "state")


@pytest.fixture
def add(registry: Registry, base: Path, tmp_path: Path) -> Callable[..., str]:
    """add(task, verdict) -> the name of one more version, whose adapter is real; promoted if the gate says so."""
    seeds = iter(range(1, 20))

    def make(task: str = "spam", verdict: str = "PROMOTE", *, promote: bool = True) -> str:
        seed = next(seeds)
        folder = make_adapter(tmp_path / f"adapter-{seed}", 8, seed)
        run = registry.log_run(task, {}, {}, {}, {}, {})
        tags = tags_of(Model(str(base), None, adapter=folder)) | {"verdict": verdict}
        version = registry.add_version(task, folder, adapter_digest(folder), run, tags)
        if promote:
            registry.promote(task, version.number, "all checks passed")
        return name_of(version)

    return make


@pytest.fixture
def serving(base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeVllm]]:
    """serving(plan) -> a running fake vLLM with the base model."""
    monkeypatch.setenv("FTGATE_API_KEY", KEY)
    running: list[FakeVllm] = []

    def start(plan: dict | None = None, port: int = 0) -> FakeVllm:
        running.append(FakeVllm("company-model", port, 8, plan or {}, str(base), KEY))
        return running[-1].__enter__()

    yield start
    for server in running:
        if server._thread.is_alive():
            server.__exit__()


@pytest.fixture
def three(serving) -> list[FakeVllm]:
    return [serving() for _ in range(3)]


def servers(*running: FakeVllm) -> list[str]:
    return [word for server in running for word in ("--server", server.base_url)]


def urls(running: list[FakeVllm]) -> list[str]:
    return [server.base_url.removesuffix("/v1") for server in running]


def names(running: list[FakeVllm]) -> list[set[str]]:
    return [set(server.adapters) for server in running]


def test_all_servers_serve_the_champion_and_a_second_pass_changes_nothing(add, three, ftgate):
    v1 = add()
    code, out, err = ftgate("reconcile", "spam", *servers(*three))
    assert (code, err) == (0, "")
    assert names(three) == [{v1}] * 3
    assert out.count(f"request it as: {v1}") == 3
    assert out.splitlines()[-1] == f"3 of 3 servers serve spam v1 ({v1})"
    code, out, _ = ftgate("reconcile", "spam", *servers(*three))
    assert (code, out) == (0, f"3 of 3 servers serve spam v1 ({v1})\n")
    assert KEY not in out


def test_one_that_is_down_is_named_and_the_others_are_served(add, three, ftgate):
    v1 = add()
    three[1].__exit__()
    code, out, _ = ftgate("reconcile", "spam", *servers(*three))
    assert code == 1
    assert names(three)[::2] == [{v1}] * 2
    assert f"{three[1].base_url}: no response (" in out
    assert out.splitlines()[-1] == f"2 of 3 servers serve spam v1 ({v1})"


def test_a_server_that_answers_as_its_base_model_is_found_out_also_if_the_name_was_loaded_there(add, serving, ftgate):
    v1 = add()
    silent = serving({"same": True})
    silent.adapters[v1] = "/where/nothing/is"
    code, out, _ = ftgate("reconcile", "spam", *servers(serving(), silent))
    assert code == 1
    assert "all log-probabilities equal the base model's" in out


def test_a_restarted_server_gets_it_again(add, three, registry):
    v1 = add()
    reconciler = Reconciler(registry, "spam", Rules())
    assert reconciler.run(urls(three)).well
    three[2].adapters.clear()
    made = reconciler.run(urls(three))
    assert made.well
    assert [len(replica.deployed) for replica in made.replicas] == [0, 0, 1]
    assert names(three) == [{v1}] * 3


def test_the_candidate_is_the_newest_that_was_not_rejected_or_the_one_that_is_named(add, three, ftgate):
    v1 = add()
    held, rejected = add(verdict="HOLD", promote=False), add(verdict="REJECT", promote=False)
    assert ftgate("reconcile", "spam", *servers(*three[:1]), "--candidate")[0] == 0
    code, out, _ = ftgate("reconcile", "spam", *servers(*three[1:2]), "--candidate", "v3")
    assert (code, out.count("spam v3 was refused by the gate (REJECT)")) == (0, 1)
    assert ftgate("reconcile", "spam", *servers(*three[2:]))[0] == 0
    assert names(three) == [{v1, held}, {v1, rejected}, {v1}]


def test_only_what_is_superseded_is_unloaded_and_nothing_that_is_not_ours(add, three, ftgate):
    v1, v2 = add(), add()
    other, twin = add("other"), "ftgate-0123456789abcdef0123"
    v3 = add()
    for server in three:
        server.adapters.update(dict.fromkeys((v1, v2, other, twin, "by-hand"), "/somewhere"))
    foreign = {other, twin, "by-hand"}
    assert ftgate("reconcile", "spam", *servers(*three))[0] == 0
    assert names(three) == [{v1, v2, v3} | foreign] * 3, "nothing is unloaded unless it is asked for"
    code, out, _ = ftgate("reconcile", "spam", *servers(*three), "--unload", "0")
    assert code == 0
    assert names(three) == [{v2, v3} | foreign] * 3, "one former champion stays for a rollback"
    assert out.count(f"{v1} unloaded") == 3
    assert ftgate("reconcile", "spam", *servers(*three), "--unload", "0.1", "--keep", "0")[0] == 0
    assert names(three) == [{v3} | foreign] * 3


def test_nothing_is_unloaded_while_one_server_lacks_the_champion(add, three, ftgate):
    v1, v2 = add(), add()
    for server in three:
        server.adapters[v1] = "/somewhere"
    three[0].plan["same"] = True
    code, _, _ = ftgate("reconcile", "spam", *servers(*three), "--unload", "0", "--keep", "0")
    assert code == 1
    assert names(three) == [{v1}, {v1, v2}, {v1, v2}]


def test_a_model_that_two_tasks_share_is_not_unloaded(add, serving, registry, base, ftgate, tmp_path):
    v1, _ = add(), add()
    run = registry.log_run("other", {}, {}, {}, {}, {})
    folder = tmp_path / "adapter-1"
    tags = tags_of(Model(str(base), None, adapter=folder)) | {"verdict": "PROMOTE"}
    registry.add_version("other", folder, adapter_digest(folder), run, tags)
    server = serving()
    server.adapters[v1] = str(folder)
    assert ftgate("reconcile", "spam", *servers(server), "--unload", "0", "--keep", "0")[0] == 0
    assert v1 in server.adapters


def test_the_plan_changes_nothing(add, three, ftgate):
    add()
    v2 = add()
    three[0].adapters[v2] = "/somewhere"
    three[2].__exit__()
    code, out, _ = ftgate("reconcile", "spam", *servers(*three), "--dry-run")
    assert code == 1
    assert names(three[:2]) == [{v2}, set()]
    first, second, *third = out.splitlines()
    assert first.endswith(": as it should be")
    assert second == f"{urls(three)[1]}: load v2 ({v2})"
    assert "no response" in third[0]
    assert ftgate("reconcile", "spam", *servers(three[0]), "--dry-run")[0] == 0


def test_the_pointer_moves_during_a_pass(add, serving, ftgate, monkeypatch):
    add()
    probe, first, moved = FakeVllm._completions, [True], []

    async def meanwhile(self, request):
        if first:
            first.clear()
            moved.append(add())
        return await probe(self, request)

    monkeypatch.setattr(FakeVllm, "_completions", meanwhile)
    three = [serving() for _ in range(3)]
    code, out, _ = ftgate("reconcile", "spam", *servers(*three))
    assert code == 0
    assert "the champion moved meanwhile" in out
    assert all(moved[0] in served for served in names(three))
    assert out.splitlines()[-1] == f"3 of 3 servers serve spam v2 ({moved[0]})"


def test_two_reconcilers_at_once_do_not_take_from_each_other(add, serving, registry, monkeypatch):
    """Both see that it is missing; the second is refused by the server, and leaves what the first has loaded."""
    v1 = add()
    both, load = threading.Barrier(2, timeout=30), FakeVllm._load

    async def together(self, request):
        import asyncio

        await asyncio.to_thread(both.wait)
        return await load(self, request)

    monkeypatch.setattr(FakeVllm, "_load", together)
    server, found = serving(), []
    runs = [
        threading.Thread(target=lambda: found.append(Reconciler(registry, "spam", Rules()).run(urls([server]))))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [made.well for made in found] == [True, True]
    assert sorted(made.replicas[0].deployed[0].new for made in found) == [False, True]
    assert set(server.adapters) == {v1}


def test_killed_at_any_request_it_leaves_what_answers_and_the_next_one_finishes(add, serving, registry, monkeypatch):
    """Each kill is followed by a look at the servers: champion or former champion answers, and nothing else is gone."""
    v1, v2 = add(), add()
    registry.fetch(registry.champion("spam"))
    rules, running = Rules(keep=0, unload_s=0), [serving(), serving()]
    send = control_http._send

    def start() -> None:
        for server in running:
            server.adapters.clear()
            server.adapters.update({v1: "/former", "by-hand": "/elsewhere"})

    def killed_at(k: int) -> Fuse:
        fuse = Fuse(k)
        monkeypatch.setattr(control_http, "_send", lambda *args: (fuse.burn(), send(*args))[1])
        return fuse

    start()
    counted = killed_at(0)
    assert Reconciler(registry, "spam", rules).run(urls(running)).well
    assert names(running) == [{v2, "by-hand"}] * 2
    for k in range(1, len(counted.steps) + 1, 3):
        start()
        killed_at(k)
        assert in_a_child(lambda: Reconciler(registry, "spam", rules).run(urls(running)))() == signal.SIGKILL
        left = names(running)
        assert all("by-hand" in served and {v1, v2} & served for served in left), left
        assert all(v1 in served for served in left) or all(v2 in served for served in left), left
        killed_at(0)
        assert Reconciler(registry, "spam", rules).run(urls(running)).well
        assert names(running) == [{v2, "by-hand"}] * 2


def test_the_router_is_told_before_anything_is_unloaded_and_once(add, three, registry, ftgate, tmp_path):
    v1, v2, told = add(), add(), tmp_path / "told"
    for server in three:
        server.adapters[v1] = "/somewhere"
    options = [*servers(*three), "--unload", "0", "--keep", "0"]
    code, out, _ = ftgate("reconcile", "spam", *options, "--then", "echo no router; exit 3")
    assert code == 1
    assert "--then: exit code 3" in out
    assert "no router" in out
    assert names(three) == [{v1, v2}] * 3, "clients still ask for the former champion"
    assert ftgate("reconcile", "spam", *options, "--then", f"echo $FTGATE_CHAMPION >> {told}")[0] == 0
    assert told.read_text() == f"{v2}\n"
    assert names(three) == [{v2}] * 3

    heard = []
    reconciler = Reconciler(registry, "spam", Rules(), lambda wanted: heard.append(wanted.names) or "")
    for _ in range(2):
        assert reconciler.run(urls(three)).well
    v3 = add()
    assert reconciler.run(urls(three)).well
    assert heard == [(v2,), (v3,)]


def test_a_champion_that_is_a_whole_model_is_told_once(registry, serving, ftgate, tmp_path):
    folder = tmp_path / "whole"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    tags = tags_of(Model(str(folder))) | {"verdict": "PROMOTE"}
    registry.add_version("spam", folder, Model(str(folder)).base_digest, run, tags)
    registry.promote("spam", 1, "all checks passed")
    code, _, err = ftgate("reconcile", "spam", *servers(serving(), serving()))
    assert (code, err.count("spam v1 is a full model, which cannot be loaded into a running server")) == (2, 1)


def test_a_file_of_servers_and_what_is_wrong_in_it(add, three, ftgate, tmp_path):
    v1, file = add(), tmp_path / "servers.txt"
    file.write_text(f"# replicas\n{three[0].base_url}  # first\n\n{urls(three)[1]}\n{three[0].base_url}\n")
    code, out, _ = ftgate("reconcile", "spam", "--servers-file", str(file))
    assert (code, out.splitlines()[-1]) == (0, f"2 of 2 servers serve spam v1 ({v1})")
    file.write_text("10.0.0.5:8000\n")
    code, _, err = ftgate("reconcile", "spam", "--servers-file", str(file))
    assert (code, err.startswith(f"ftgate: {file}:1: is not the address of a server")) == (2, True)
    code, _, err = ftgate("reconcile", "spam")
    assert (code, "no server given" in err) == (2, True)


def test_without_a_champion(add, three, ftgate):
    add(promote=False)
    code, _, err = ftgate("reconcile", "spam", *servers(*three))
    assert (code, "spam has no champion yet" in err) == (2, True)


def test_the_ready_file_tells_of_what_answers_not_of_what_is_newest(add, serving, registry, ftgate, tmp_path):
    add()
    server, file = serving(), tmp_path / "ready"
    options = [*servers(server), "--ready-file", str(file)]
    assert ftgate("reconcile", "spam", *options)[0] == 0
    assert file.exists()
    server.plan["same"] = True
    assert ftgate("reconcile", "spam", *options)[0] == 1
    assert not file.exists()

    server.plan.clear()
    reconciler = Reconciler(registry, "spam", Rules())
    assert reconciler.run(urls([server])).well
    add()
    server.plan["fixed"] = True
    assert not reconciler.run(urls([server])).well
    assert reconciler.ready(urls([server])), "the former champion still answers"
    server.adapters.clear()
    reconciler.run(urls([server]))
    assert not reconciler.ready(urls([server]))


def test_the_ready_file_goes_though_the_registry_is_down_or_the_addresses_cannot_be_read(
    add, serving, registry, ftgate, tmp_path, monkeypatch
):
    add()
    server, file, listed = serving(), tmp_path / "ready", tmp_path / "servers.txt"
    reconciler = Reconciler(registry, "spam", Rules())
    assert reconciler.run(urls([server])).well
    with monkeypatch.context() as down:
        down.setattr(Reconciler, "_wanted", Mock(side_effect=RegistryError("down")))
        with pytest.raises(RegistryError):
            reconciler.run(urls([server]))
        assert reconciler.ready(urls([server])), "it answers on"
        server.adapters.clear()
        with pytest.raises(RegistryError):
            reconciler.run(urls([server]))
        assert not reconciler.ready(urls([server]))

    file.touch()
    listed.write_bytes(b"\xff")
    code, _, err = ftgate("reconcile", "spam", "--servers-file", str(listed), "--ready-file", str(file))
    assert (code, f"{listed}:1: is not UTF-8" in err, file.exists()) == (2, True, False)


def test_the_ready_file_of_an_earlier_life_goes_before_the_first_pass(add, serving, ftgate, tmp_path, monkeypatch):
    add()
    file, run, found = tmp_path / "ready", Reconciler.run, []
    file.touch()
    monkeypatch.setattr(Reconciler, "run", lambda self, given: (found.append(file.exists()), run(self, given))[1])
    assert ftgate("reconcile", "spam", *servers(serving()), "--ready-file", str(file))[0] == 0
    assert (found, file.exists()) == ([False], True)


def test_what_a_server_keeps_is_not_called_unloaded(add, serving, ftgate):
    v1, v2 = add(), add()
    server = serving({"keeps": True})
    server.adapters[v1] = "/somewhere"
    code, out, _ = ftgate("reconcile", "spam", *servers(server), "--unload", "0", "--keep", "0")
    assert (code, f"{v1} unloaded" in out, set(server.adapters)) == (1, False, {v1, v2})
    assert f"{server.base_url}: cannot unload {v1}: HTTP 500: it stays" in out
    server.plan.clear()
    running_server(server.base_url).unload("ftgate-never-loaded")  # HTTP 404: there is nothing to tell


def test_a_command_that_does_not_end_is_ended_with_its_children(add, serving, ftgate, tmp_path, monkeypatch):
    add()
    monkeypatch.setattr(command, "THEN_S", 0.5)
    late = tmp_path / "late"
    code, out, _ = ftgate("reconcile", "spam", *servers(serving()), "--then", f"(sleep 1; touch {late}) & wait")
    assert (code, "--then: no end within 0.5 s" in out) == (1, True)
    time.sleep(1.5)
    assert not late.exists()


def test_clients_behind_nginx_see_no_error_over_promotions_and_a_restarted_server(add, three, registry, tmp_path):
    """Promote, reconcile, write the router anew, reload it, unload: while users go on asking."""
    need_nginx()
    written, port, v1 = tmp_path / "ftgate.conf", free_port(), add()
    replies: Counter[tuple[int, str]] = Counter()
    over = threading.Event()

    def route(wanted: Wanted) -> str:
        served = Served("champion", wanted.names[0], tuple(urls(three)))
        written.write_text(configuration(Route("spam", served, listen=f"127.0.0.1:{port}")))
        if (pid := tmp_path / "nginx.pid").exists():
            os.kill(int(pid.read_text()), signal.SIGHUP)
            until(lambda: answered(url)[1] == wanted.names[0])
        return ""

    def answered(url: str) -> tuple[int, str]:
        body = {"model": "spam", "messages": [{"role": "user", "content": "hello"}]}
        status, _, reply = ask(url, "", body, Authorization=f"Bearer {KEY}")
        return status, json.loads(reply)["model"] if status == 200 else reply.decode()[:200]

    def users() -> None:
        while not over.is_set():
            replies[answered(url)] += 1

    reconciler = Reconciler(registry, "spam", Rules(keep=0, unload_s=1), route)
    assert reconciler.run(urls(three)).well
    for server in three:
        server.delay_s = 0.02
    with running_nginx(tmp_path, written, port, reloads=True) as url:
        asking = [threading.Thread(target=users, daemon=True) for _ in range(4)]
        for each in asking:
            each.start()
        champions = [v1]
        for number in range(3):
            champions.append(add())
            three[number].adapters.clear()  # it was started again
            until(lambda: reconciler.run(urls(three)).well and names(three) == [{champions[-1]}] * 3)
            enough = replies.total() + 20
            until(lambda enough=enough: replies.total() > enough)
        over.set()
        for each in asking:
            each.join()
    assert set(replies) == {(200, champion) for champion in champions}


# --- as a loop, in a process of its own -------------------------------------------------------------------------------


class Loop:
    """`ftgate reconcile --loop 1` as a process."""

    def __init__(self, registry: Registry, running: list[FakeVllm], *more: str) -> None:
        command = [sys.executable, "-m", "pytest_ftgate.cli.main", "reconcile", "spam", "--loop", "1", *more]
        command += [*servers(*running), "--state-dir", str(registry.state_dir)]
        self.log = registry.state_dir / "loop.log"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        return self.process.wait(120), self.log.read_text()


def until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


@pytest.mark.parametrize("registry", ["mlflow"], indirect=True)
def test_the_loop_outlives_servers_registry_and_its_own_death(add, registry, serving, three):
    v1, port = add(), three[1].port
    killed = Loop(registry, three)
    until(lambda: any(names(three)))
    assert killed.end(signal.SIGKILL)[0] == -signal.SIGKILL

    three[1].__exit__()
    for server in three:
        server.adapters.clear()
    loop = Loop(registry, three, "--unload", "0", "--keep", "0")
    until(lambda: names(three)[::2] == [{v1}] * 2)
    three[1] = serving(port=port)
    until(lambda: names(three) == [{v1}] * 3)

    log = registry.log.path
    v2 = add()
    until(lambda: names(three) == [{v2}] * 3)
    moved = log.rename(log.with_name("gone.jsonl"))
    until(lambda: "the audit log does not hold the promotion of v2" in loop.log.read_text())
    three[0].adapters.clear()
    assert loop.process.poll() is None
    moved.rename(log)
    until(lambda: names(three) == [{v2}] * 3)
    code, out = loop.end(signal.SIGTERM)
    assert (code, out.splitlines()[-1]) == (0, "stopped")
    assert "Traceback" not in out
    assert f"{three[1].base_url}: no response (" in out
    assert f"3 of 3 servers serve spam v2 ({v2})" in out
    assert len(out.splitlines()) < 30, "what has not changed is not said again"
