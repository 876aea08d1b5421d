"""Which requests share a batch, and what becomes of errors. The model is replaced: `decode` is recorded."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pytest_ftgate.serve.hf import batcher as module
from pytest_ftgate.serve.hf.adapters import Adapters
from pytest_ftgate.serve.hf.batcher import Batcher
from pytest_ftgate.serve.hf.generate import generate
from pytest_ftgate.serve.hf.row import Answer, Job


@pytest.fixture
def batches(monkeypatch):
    """The batches (prompt lengths) that were computed; set `.gate` to let the thread go on."""

    class Seen(list):
        gate = threading.Event()
        error: Exception | None = None

    seen = Seen()
    seen.gate.set()

    def decode(model, tokenizer, jobs, on_answer, batch_size, known):
        seen.append([len(job.tokens) for job in jobs])
        seen.gate.wait(10)
        if seen.error:
            raise seen.error
        for i, job in enumerate(jobs):
            on_answer(i, Answer(str(len(job.tokens)), "stop", len(job.tokens), 1))

    monkeypatch.setattr(module, "decode", decode)
    return seen


def job(length: int) -> Job:
    return Job((1,) * length, 4)


def batcher(batch_size: int = 4) -> Batcher:
    adapters = Adapters(object())
    adapters.use = lambda name: __import__("contextlib").nullcontext(name)
    return Batcher(adapters, None, batch_size)


async def settled() -> None:
    await asyncio.sleep(0.1)


def test_requests_that_come_together_share_a_batch(batches):
    async def main():
        server = batcher()
        return await asyncio.gather(*[server.answer(job(n), None) for n in (3, 1, 2)])

    assert [a.text for a in asyncio.run(main())] == ["3", "1", "2"]
    assert len(batches) == 1


def test_a_batch_holds_the_oldest_and_those_nearest_in_length(batches):
    async def main():
        server = batcher(3)
        batches.gate.clear()
        first = asyncio.ensure_future(server.answer(job(1), None))
        await settled()
        rest = [asyncio.ensure_future(server.answer(job(n), None)) for n in (50, 1, 49, 2, 52)]
        await settled()
        batches.gate.set()
        await asyncio.gather(first, *rest)

    asyncio.run(main())
    assert [sorted(batch) for batch in batches] == [[1], [49, 50, 52], [1, 2]]


def test_a_batch_has_one_adapter(batches):
    async def main():
        server = batcher(8)
        await asyncio.gather(*[server.answer(job(n), name) for n, name in ((1, "a"), (2, None), (3, "a"), (4, None))])

    asyncio.run(main())
    assert [sorted(batch) for batch in batches] == [[1, 3], [2, 4]]


def test_a_cancelled_request_leaves_the_queue(batches):
    async def main():
        server = batcher(1)
        batches.gate.clear()
        first = asyncio.ensure_future(server.answer(job(1), None))
        await settled()
        dropped = asyncio.ensure_future(server.answer(job(7), None))
        await settled()
        dropped.cancel()
        await settled()
        batches.gate.set()
        await asyncio.gather(first, server.answer(job(2), None))

    asyncio.run(main())
    assert batches == [[1], [2]]


def test_an_error_reaches_each_request_of_its_batch_and_no_other(batches):
    async def main():
        server = batcher()
        batches.error = RuntimeError("out of memory")
        failed = await asyncio.gather(*[server.answer(job(n), None) for n in (1, 2)], return_exceptions=True)
        batches.error = None
        return failed, await server.answer(job(3), None), server.alive

    failed, later, alive = asyncio.run(main())
    assert [str(error) for error in failed] == ["out of memory"] * 2
    assert later.text == "3"
    assert alive


def test_a_call_runs_between_batches_and_its_error_comes_back(batches):
    async def main():
        server = batcher()
        threads = []
        await server.call(lambda: threads.append(threading.current_thread().name))
        with pytest.raises(KeyError):
            await server.call(lambda: {}["nothing"])
        return threads

    assert asyncio.run(main()) == ["batcher"]


def test_unloading_the_last_adapter_gives_the_base_back(tokenizer, adapter_dir):
    from tests.unit.serve.conftest import make_model

    talks = [[{"role": "user", "content": "hello there"}]]
    adapters = Adapters(make_model(len(tokenizer)))

    def said(name):
        with adapters.use(name) as model:
            return generate(model, tokenizer, talks, 8)[0].text

    base = said(None)
    for _ in range(2):
        adapters.load("a", str(adapter_dir))
        assert said("a") != base == said(None)
        adapters.unload("a")
        assert said(None) == base
    with pytest.raises(KeyError):
        adapters.unload("a")


def test_a_prefix_is_kept_for_its_adapter_until_an_adapter_comes_or_goes(monkeypatch):
    known = []

    def decode(model, tokenizer, jobs, on_answer, batch_size, prefix):
        known.append((model, prefix))
        for i, _ in enumerate(jobs):
            on_answer(i, Answer("", "stop", 1, 1))
        return f"prefix of {model}"

    monkeypatch.setattr(module, "decode", decode)

    async def main():
        server = batcher()
        for name in ("a", "b", "a"):
            await server.answer(job(1), name)
        await server.call(lambda: None)
        await server.answer(job(1), "a")

    asyncio.run(main())
    assert known == [("a", None), ("b", None), ("a", "prefix of a"), ("a", None)]
