"""The pointer moves, and the server follows: on a fake `vllm` in a process of its own, a registry in memory."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from pytest_ftgate.cli.own_options import in_own_options
from pytest_ftgate.errors import FtgateError, RegistryError, ServeError
from pytest_ftgate.pipeline.production import follow
from pytest_ftgate.pipeline.production.engines import Engines
from pytest_ftgate.pipeline.production.follow import Follower
from pytest_ftgate.pipeline.production.served_engine import choose
from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.serve.servers.engine_pool import EngineSettings
from pytest_ftgate.serve.servers.local import LocalEngine
from pytest_ftgate.serve.vllm.engine import VllmEngine
from tests.unit.pipeline.production.champions import TASK
from tests.unit.serve.conftest import make_model, make_tokenizer
from tests.unit.serve.front.fronts import Running, running

NEVER = 0.0


@dataclass
class Served:
    """A front that follows, what it said, and the engine of now."""

    front: Running
    follower: Follower
    said: list[str]

    @property
    def engine(self):
        return self.follower._loaded.engine

    @property
    def metrics(self) -> str:
        return self.front.state.metrics.text().decode()

    async def version(self) -> str:
        """Which version answers; header and text agree."""
        status, headers, said = await self.front.chat()
        assert status == 200, said
        text = said["choices"][0]["message"]["content"]
        assert text == f"it is {headers['X-Ftgate-Version']}"
        return headers["X-Ftgate-Version"]

    async def settled(self) -> None:
        """What is no longer asked is unloaded."""
        await asyncio.gather(*self.follower._retiring)

    async def until(self, condition) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.05)


def own_options(text: str) -> str:
    """As `ftgate serve` has them."""
    return in_own_options(text, argparse.Namespace(start_limit=None))


@asynccontextmanager
async def served(champions, vllm, *arguments, kind="auto") -> AsyncIterator[Served]:
    said = []
    settings = EngineSettings(kind, champions.folder / "logs", vllm=vllm, vllm_args=arguments, start_limit_s=60)
    engines = Engines(champions.registry, settings, silent(), None, "serve")
    async with running() as front:
        follower = Follower(front.state, engines, TASK, NEVER, said.append)
        follower.worded = own_options
        try:
            await follower.begin()
            yield Served(front, follower, said)
        finally:
            engines.stop()


def test_it_follows_promotions_and_rollbacks_on_one_engine_and_keeps_one_adapter(champions, vllm):
    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            pid, seen = server.engine.pid, [await server.version()]
            for move in (champions.promote, lambda: champions.registry.rollback(TASK, "worse")):
                move()
                await server.follower.look()
                seen.append(await server.version())
                await server.settled()
                assert len(server.engine._loaded) == 1
            assert server.engine.pid == pid
            return seen, server.metrics

    seen, metrics = asyncio.run(ask())
    assert seen == ["v1", "v2", "v1"]
    assert "ftgate_swaps_total 2.0" in metrics
    assert 'version="v1"} 1.0' in metrics


def test_a_request_on_its_way_keeps_its_adapter_until_it_ends(champions, vllm):
    async def ask():
        champions.promote(slow={"text": "it is v1", "delay_s": 3})
        async with served(champions, vllm) as server:
            slow = asyncio.create_task(server.front.chat(messages=[{"role": "user", "content": "slow"}]))
            await server.until(lambda: server.front.state.metrics.in_flight)
            for move in (champions.promote, lambda: champions.registry.rollback(TASK, "worse"), champions.promote):
                move()
                await server.follower.look()
            assert await server.version() == "v3"
            assert slow.done() or len(server.engine._loaded) >= 2
            status, headers, _ = await slow
            await server.settled()
            return status, headers["X-Ftgate-Version"], len(server.engine._loaded)

    assert asyncio.run(ask()) == (200, "v1", 1)


def test_a_candidate_that_fails_the_probe_does_not_take_over(champions, vllm):
    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            champions.promote(Hello={"status": 500, "text": "NaN in the logits"})
            for _ in range(3):
                await server.follower.look()
                assert await server.version() == "v1"
            assert len(server.engine._loaded) == 1, "it was unloaded again"
            assert server.front.state.facts()["ready"] is True
            assert server.front.state.rejected.startswith("v2: ")
            failed = server.metrics
            champions.promote()
            await server.follower.look()
            assert (await server.version(), server.front.state.rejected) == ("v3", "")
            return server.said, failed

    said, failed = asyncio.run(ask())
    assert "ftgate_failed_swaps_total 1.0" in failed, "it is not tried again every two seconds"
    [refused] = [line for line in said if "does not take over" in line]
    assert refused.startswith("spam v2 does not take over, v1 goes on; tried again in 30 s: ")
    assert "NaN in the logits" in refused


def test_of_two_promotions_during_one_swap_the_last_one_answers(champions, vllm):
    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            champions.promote(Hello={"text": "Hello", "delay_s": 5})
            looking = asyncio.create_task(server.follower.look())
            await server.until(lambda: server.said)
            champions.promote()
            champions.promote()
            await looking
            assert await server.version() == "v1", "v2 was no champion any more when it was ready"
            assert len(server.engine._loaded) == 1
            await server.follower.look()
            return await server.version(), server.said

    version, said = asyncio.run(ask())
    assert version == "v4"
    assert "spam v2 is no longer the champion: not used" in said


@pytest.mark.parametrize(
    "promote",
    [
        lambda them: them.promote("another"),
        lambda them: them.promote(rank=64),
        lambda them: them.promote_whole(),
        lambda them: them.promote_form(),
    ],
    ids=["another base", "a higher rank", "a whole model", "a form that was gated"],
)
def test_what_the_engine_cannot_take_gets_a_second_one_and_the_first_ends(champions, vllm, promote):
    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            first = server.engine
            promote(champions)
            await server.follower.look()
            assert await server.version() == "v2"
            await server.settled()
            return first is server.engine, first.pid

    assert asyncio.run(ask()) == (False, None)


def test_a_gguf_takes_over_on_the_real_llama_cpp(champions, vllm):
    tokenizer = make_tokenizer()
    tiny = champions.folder / "tiny"
    make_model(len(tokenizer)).save_pretrained(tiny)
    tokenizer.save_pretrained(tiny)

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            first = server.engine
            champions.promote_gguf(tiny)
            await server.follower.look()
            await server.settled()
            status, headers, said = await server.front.chat(max_tokens=2, temperature=0)
            assert (status, said["model"]) == (200, "spam"), said
            return headers["X-Ftgate-Version"], server.engine.name, first.pid, server.said

    version, engine, first, said = asyncio.run(ask())
    assert (version, engine, first) == ("v2", "llamacpp", None), said


def test_a_second_engine_that_does_not_start_leaves_the_first(champions, vllm, monkeypatch):
    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            monkeypatch.setenv("FAKE_VLLM", '{"say": "torch.OutOfMemoryError: CUDA out of memory", "exit": 1}')
            champions.promote("another")
            await server.follower.look()
            return await server.version(), server.said[-1]

    version, said = asyncio.run(ask())
    assert version == "v1"
    assert "both must fit into memory" in said


def test_a_registry_that_is_not_what_was_recorded_ends_nothing_and_is_said_once(champions, vllm):
    log = champions.registry.log.path

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            content = log.read_bytes()
            log.unlink()
            for _ in range(3):
                await server.follower.look()
                assert await server.version() == "v1"
            facts = server.front.state.facts()
            log.write_bytes(content)
            champions.promote()
            await server.follower.look()
            return facts, await server.version(), server.said, server.metrics

    facts, version, said, metrics = asyncio.run(ask())
    assert facts["ready"] is True
    assert facts["registry_error"]
    assert version == "v2"
    assert len([line for line in said if line.startswith("registry: ")]) == 2, "once, and that it is back"
    assert "ftgate_registry_errors_total 3.0" in metrics
    assert "ftgate_registry_last_answer_timestamp_seconds 1." in metrics


def test_an_engine_that_dies_is_started_again_and_health_says_so(champions, vllm, monkeypatch):
    monkeypatch.setattr(follow, "WATCH_S", 0.1)

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            watching = asyncio.create_task(server.follower.run())
            pid = server.engine.pid
            os.killpg(pid, signal.SIGKILL)
            await server.until(lambda: server.front.state.engine_error)
            await server.until(lambda: not server.front.state.engine_error)
            version, new = await server.version(), server.engine.pid
            watching.cancel()
            return version, new != pid, server.metrics

    version, another, metrics = asyncio.run(ask())
    assert (version, another) == ("v1", True)
    assert "ftgate_engine_restarts_total 1.0" in metrics


def test_an_engine_that_does_not_stay_alive_ends_the_server(champions, vllm, monkeypatch):
    monkeypatch.setattr(follow, "WATCH_S", 0.02)

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            monkeypatch.setenv("FAKE_VLLM", '{"exit": 1}')
            os.killpg(server.engine.pid, signal.SIGKILL)
            async with asyncio.timeout(60):
                await server.follower.run()

    with pytest.raises(ServeError, match=r"is not running|ended with exit code"):
        asyncio.run(ask())


def test_copies_of_adapters_that_a_killed_server_left_are_removed(champions, vllm):
    left = champions.folder / "logs" / "serve" / "adapter-left"
    left.mkdir(parents=True)

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            return await server.version(), [path.name for path in left.parent.glob("adapter-*")]

    version, copies = asyncio.run(ask())
    assert (version, len(copies), left.name in copies) == ("v1", 1, False)


def test_without_a_champion_it_does_not_begin(champions, vllm):
    async def ask():
        async with served(champions, vllm):
            pass

    with pytest.raises(RegistryError, match="spam has no champion yet"):
        asyncio.run(ask())


def test_the_engine_is_the_one_of_the_gate_or_a_refusal(champions, vllm):
    champions.promote(engine="vllm 0.32 --quantization fp8")
    version = champions.registry.champion(TASK)
    with pytest.raises(FtgateError, match=r"spam v1 was gated with vllm 0.32 --quantization fp8; here is vllm\n"):
        choose(version, EngineSettings("auto", Path(), vllm=vllm))
    chosen = choose(version, EngineSettings("vllm", Path(), vllm=vllm))
    assert (chosen.kind, "answers may differ" in chosen.warning) == ("vllm", True)
    assert choose(version, EngineSettings("transformers", Path())).kind == "transformers"
    with pytest.raises(FtgateError, match="spam v1 is not a GGUF"):
        choose(version, EngineSettings("llamacpp", Path()))


def answers_of(adapter: Path) -> str:
    return json.loads((adapter / "answers.json").read_text())["Hi"]


def test_a_champion_that_kills_the_engine_is_not_tried_again(champions, vllm, monkeypatch):
    """The version before is started again, which does not count as one of its own deaths."""
    monkeypatch.setattr(follow, "WATCH_S", 0.1)
    load, tries = VllmEngine._load, []

    def killing(self, adapter, name):
        if answers_of(adapter) == "it is v2":
            tries.append(name)
            os.killpg(self.pid, signal.SIGKILL)
        return load(self, adapter, name)

    monkeypatch.setattr(VllmEngine, "_load", killing)

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            first = server.engine
            champions.promote()
            await server.follower.look()
            watching = asyncio.create_task(server.follower.run())
            await server.until(lambda: server.engine is not first)
            for _ in range(3):
                await server.follower.look()
            assert server.front.state.rejected.startswith("v2: ")
            assert server.follower._restarts == []
            seen = [await server.version()]
            champions.registry.rollback(TASK, "worse")
            await server.follower.look()
            assert server.front.state.rejected == "", "the pointer has moved"
            champions.promote()
            await server.follower.look()
            watching.cancel()
            return [*seen, await server.version()], server.said

    seen, said = asyncio.run(ask())
    assert (seen, len(tries)) == (["v1", "v3"], 1), said
    assert [line for line in said if "not tried again before another version is promoted" in line]


def test_a_rollback_is_followed_while_the_engine_cannot_start(champions, vllm, monkeypatch):
    monkeypatch.setattr(follow, "WATCH_S", 0.1)

    async def ask():
        champions.promote()
        champions.promote()
        async with served(champions, vllm) as server:
            load = server.follower.engines.load

            def failing(version):
                if version.number == 2:
                    champions.registry.rollback(TASK, "worse")
                    raise ServeError("v2 does not start")
                return load(version)

            server.follower.engines.load = failing
            watching = asyncio.create_task(server.follower.run())
            os.killpg(server.engine.pid, signal.SIGKILL)
            await server.until(lambda: "spam v1 answers again" in server.said or watching.done())
            version = await server.version()
            watching.cancel()
            return version

    assert asyncio.run(ask()) == "v1"


def test_an_old_engine_that_hangs_is_ended_with_what_waits_for_it(champions, vllm, monkeypatch):
    monkeypatch.setattr(follow, "WATCH_S", 0.1)
    monkeypatch.setattr(LocalEngine, "health_s", 1.0)
    monkeypatch.setattr(VllmEngine, "grace_s", 0.5)

    async def ask():
        champions.promote(slow={"text": "never", "delay_s": 300})
        async with served(champions, vllm) as server:
            slow = asyncio.create_task(server.front.chat(messages=[{"role": "user", "content": "slow"}]))
            await server.until(lambda: server.front.state.metrics.in_flight)
            old = server.engine
            champions.promote("another")
            await server.follower.look()
            stop_all_of(old.pid)
            watching = asyncio.create_task(server.follower.run())
            async with asyncio.timeout(60):
                status, _, _ = await slow
            await server.settled()
            watching.cancel()
            return status >= 500, old.pid, await server.version()

    assert asyncio.run(ask()) == (True, None, "v2")


def stop_all_of(group: int) -> None:
    """SIGSTOP to the server, not to its supervisor."""
    for pid in subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True, check=True).stdout.split():
        os.kill(int(pid), signal.SIGSTOP)


def test_what_an_old_version_answers_too_long_is_cut_off(champions, vllm, monkeypatch):
    monkeypatch.setattr(follow, "DRAIN_S", 0.2)

    async def ask():
        champions.promote(slow={"text": "never", "delay_s": 300})
        async with served(champions, vllm) as server:
            slow = asyncio.create_task(server.front.chat(messages=[{"role": "user", "content": "slow"}]))
            await server.until(lambda: server.front.state.metrics.in_flight)
            champions.promote()
            await server.follower.look()
            async with asyncio.timeout(60):
                with pytest.raises(aiohttp.ClientError):
                    await slow
                await server.settled()
            return await server.version(), len(server.engine._loaded), server.said[-1]

    assert asyncio.run(ask()) == ("v2", 1, "v1: 1 requests took longer than 0 s: cut off")


def test_logs_that_were_removed_end_nothing(champions, vllm, monkeypatch):
    monkeypatch.setattr(follow, "WATCH_S", 0.1)

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            shutil.rmtree(champions.folder / "logs")
            champions.promote()
            await server.follower.look()
            seen = [server.front.state.current.version]
            shutil.rmtree(champions.folder / "logs")
            watching = asyncio.create_task(server.follower.run())
            os.killpg(server.engine.pid, signal.SIGKILL)
            await server.until(lambda: "spam v2 answers again" in server.said or watching.done())
            seen.append(await server.version())
            watching.cancel()
            return seen

    assert asyncio.run(ask()) == ["v2", "v2"]


def test_a_server_that_is_leaving_starts_no_engine_again(champions, vllm, monkeypatch):
    monkeypatch.setattr(follow, "WATCH_S", 0.1)

    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:
            server.front.state.leaving = True
            os.killpg(server.engine.pid, signal.SIGKILL)
            watching = asyncio.create_task(server.follower.run())
            await server.until(lambda: server.front.state.engine_error)
            await asyncio.sleep(0.3)
            watching.cancel()
            return server.said

    assert asyncio.run(ask()) == []


def test_ready_names_the_options_of_the_command(champions, vllm, monkeypatch):
    async def ask():
        champions.promote()
        async with served(champions, vllm) as server:

            def late(_):
                raise ServeError("it was not ready; raise --ftgate-start-limit\nlog")

            monkeypatch.setattr(server.follower.engines, "load", late)
            champions.promote()
            await server.follower.look()
            return server.front.state.facts()["rejected"]

    assert asyncio.run(ask()) == "v2: it was not ready; raise --start-limit"
