"""One NVIDIA GPU, no network, no real weights -> what works on CUDA, one line each with peak memory and tokens/s.

make gpu-wheels            where packages can be had: the wheels for a bare CUDA machine, into .whl/
python -m bench.gpu_check  there, in under ten minutes; see docs/how-to/gpus.md

On a machine without a GPU it rehearses the same on a tiny model. Not seen by it: vLLM, and more than one GPU.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch

from bench.gpu_models import EIGHT, LARGE_VOCABULARY, TINY, VOCABULARY, base, job
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.serve import gpu_memory
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.serve.hf.engine import TransformersEngine
from pytest_ftgate.serve.model import Model
from pytest_ftgate.train.events import read_events
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch import train
from pytest_ftgate.train.manifest import Manifest

ROOT = Path(__file__).resolve().parent.parent
CUDA = torch.cuda.is_available()
BEGUN = time.monotonic()
SMALL_CARD_GIB = "23.5"
"""What a card of 24 GB has."""

CUSTOMIZE = """
import os, sys
if "pytest_ftgate.train.worker" in sys.orig_argv and (gib := os.environ.get("CHECK_CAP_GIB")):
    import torch
    torch.cuda.set_per_process_memory_fraction(float(gib) * 2**30 / torch.cuda.mem_get_info()[1])
"""
"""A trainer that has no more memory than a smaller card."""

UNITS = [
    "serve/hf/test_generate.py",
    "serve/hf/test_reference_logprobs.py",
    "train/test_loss.py",
    "train/test_run.py",
    "train/test_dpo.py",
    "train/test_kto.py",
]
"""Tests of our own that compute on what there is. Digests of adapters may differ between runs on CUDA."""

Act = Callable[[], str]


class Peak(threading.Thread):
    """The most memory that was in use on the first GPU while a check ran, in GiB, by nvidia-smi."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.mib, self._going = 0, True

    def run(self) -> None:
        while self._going:
            self.mib = max(self.mib, *gpu_memory.used_mib().values(), 0)
            time.sleep(0.3)

    def __enter__(self) -> Peak:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._going = False
        self.join()


class Checks:
    """Runs one after the other, prints a line each, and counts those that did not end as they should."""

    def __init__(self, work: Path, out: Path) -> None:
        self.work, self.out, self.failed = work, out, 0

    def __call__(self, name: str, act: Act) -> None:
        begin = time.monotonic()
        with Peak() as peak:
            try:
                told, good = act(), True
            except (FtgateError, AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as error:
                told, good = " | ".join(str(error).strip().splitlines()[-4:])[:700], False
        now = time.monotonic()
        spent = f"{now - begin:.0f} s, peak {peak.mib / 1024:.1f} GiB, {now - BEGUN:.0f} s in"
        print(f"{'OK  ' if good else 'FAIL'} {name}: {told} [{spent}]", flush=True)
        self.failed += not good

    def train(self, work: TrainJob, **environment: str) -> Manifest:
        """Fine-tune; the log is kept. environment: of the trainer."""
        folder = self.work / "runs" / work.name
        os.environ.update(environment)
        try:
            return train(work, folder, lambda _: None)
        finally:
            for name in environment:
                del os.environ[name]
            if (folder / "train.log").is_file():
                shutil.copy(folder / "train.log", self.out / f"{work.name}.log")

    def trained(self, work: TrainJob, **environment: str) -> str:
        """The same in a line."""
        manifest = self.train(work, **environment)
        events = read_events(manifest.path.with_name("events.jsonl"))
        said = [event["text"] for event in events if event["event"] in {"warning", "validation"}]
        found = manifest.metrics
        rate, seconds = found["tokens_per_second"], found["train_seconds"]
        return f"{rate:.0f} tokens/s, train {seconds:.0f} s, loss {found['train_loss']:.2f}; {said[-1]}"


def versions() -> str:
    import accelerate
    import bitsandbytes
    import peft
    import transformers
    import trl

    where = "cuda" if CUDA else "cpu"
    layer = bitsandbytes.nn.Linear4bit(64, 64, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4").to(where)
    assert layer(torch.randn(4, 64, device=where, dtype=torch.bfloat16)).isfinite().all()
    names = [f"{m.__name__} {m.__version__}" for m in (torch, transformers, trl, peft, accelerate, bitsandbytes)]
    device = this_device()
    return f"{device.name}, capability {device.capability}, driver {device.driver or None}, {', '.join(names)}"


def reference(model: Path, adapter: Path) -> str:
    """The same adapter under another kernel of attention: how far are two right programs of this size apart? (F22)"""
    from pytest_ftgate.serve.hf.adapters import Adapters
    from pytest_ftgate.serve.hf.reference_logprobs import greedy, read_proof
    from pytest_ftgate.serve.hf.weights import load_weights
    from pytest_ftgate.serve.vllm.probe import agreement

    dtype = this_device_dtype()
    network = load_weights(str(model), None, getattr(torch, dtype), attn_implementation="eager")
    adapters = Adapters(network.to("cuda" if CUDA else "cpu").eval())
    adapters.load("candidate", str(adapter))
    ours: list[float] = []
    theirs: list[float] = []
    with adapters.use("candidate") as tuned:
        for said in read_proof(adapter).said:
            tokens, logprobs = greedy(tuned, said.prompt)
            same = next((n for n, pair in enumerate(zip(said.tokens, tokens, strict=True)) if len({*pair}) > 1), None)
            ours += said.logprobs[:same]
            theirs += logprobs[:same]
    found = agreement(ours, theirs)
    assert found.within(dtype), str(found)
    return str(found)


def this_device_dtype() -> str:
    from pytest_ftgate.serve.precision import native_dtype

    return native_dtype()


def served(model: Path, adapter: Path, log: Path) -> str:
    """64 answers of differing length, in batches; then the memory comes back."""
    before = gpu_memory.used_mib()
    tuned = Model(str(model), adapter=adapter)
    engine = TransformersEngine(tuned, log)
    begin = time.monotonic()
    engine.start(lambda _: None)
    ready = time.monotonic() - begin
    talks = [[{"role": "user", "content": "win " * (10 + 9 * number)}] for number in range(64)]
    asked = [Request(str(n), "c", talk, {"max_tokens": 4 + n % 30}) for n, talk in enumerate(talks)]
    begin = time.monotonic()
    with Pool() as pool:
        pending = pool.submit(engine.endpoint(tuned), tuned.digest, asked, check=engine.check)
        answers = [answer.result(120) for answer in pending.values()]
    spent = time.monotonic() - begin
    engine.stop()
    held = gpu_memory.wait_until_free(before)
    broken = [answer.error for answer in answers if answer.broken]
    assert not broken, broken[0]
    assert not held, held
    return f"ready after {ready:.0f} s, 64 answers in {spent:.1f} s, memory back"


def units(out: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=line"]
    files = [str(ROOT / "tests" / "unit" / name) for name in UNITS]
    done = subprocess.run([*command, *files], capture_output=True, text=True, timeout=150, cwd=ROOT, check=False)
    (out / "units.txt").write_text(done.stdout + done.stderr)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert done.returncode == 0, " | ".join(failed) or done.stdout[-300:]
    return done.stdout.splitlines()[-1]


def eight_billion(check: Checks) -> None:
    """A model of 8B's shape, on the whole card and on as much of it as a smaller card has."""
    model = base(check.work / "eight", EIGHT, LARGE_VOCABULARY, "cuda")
    print(f"     a random model of 8B's shape is there, {time.monotonic() - BEGUN:.0f} s in", flush=True)
    cap = {"CHECK_CAP_GIB": SMALL_CARD_GIB}
    check("8B qlora, r = 16, short answers, whole card", lambda: check.trained(job(model, "whole")))
    adapter = check.work / "runs" / "whole" / "adapter"
    if (adapter / "proof.json").is_file():
        check("8B, eager attention beside the usual one", lambda: reference(model, adapter))
        check("8B with its adapter, transformers server", lambda: served(model, adapter, check.out / "server.log"))
    nf4 = job(model, "small-nf4", quantization="bitsandbytes", epochs=2)
    long = job(model, "small-long", words=60, answer=340)
    check("8B qlora, packing", lambda: check.trained(job(model, "packed", packing=True)))
    check("8B qlora, 24 GB card", lambda: check.trained(job(model, "small"), **cap))
    check("8B qlora, 24 GB card, [serve] quantization", lambda: check.trained(nf4, **cap))
    check("8B qlora, 24 GB card, answers of 700 tokens", lambda: check.trained(long, **cap))


def main() -> int:
    """Exit code: 1 if a check failed."""
    out = Path(os.environ.get("OUT") or tempfile.mkdtemp(prefix="ftgate-gpu-out-"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ftgate-gpu-") as folder:
        work = Path(folder)
        (work / "site").mkdir()
        (work / "site" / "sitecustomize.py").write_text(CUSTOMIZE)
        paths = [str(work / "site"), str(ROOT), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        os.environ["HF_HUB_OFFLINE"] = "1"
        check = Checks(work, out)
        check("versions, one layer in NF4", versions)
        tiny = base(work / "tiny", TINY, VOCABULARY, "cuda" if CUDA else "cpu")
        small = {"words": 4, "max_length": 96, "count": 64 if CUDA else 16}
        check("qlora, tiny", lambda: check.trained(job(tiny, "tiny", learning_rate=5e-3, **small)))
        adapter = work / "runs" / "tiny" / "adapter"
        check("tiny, eager attention beside the usual one", lambda: reference(tiny, adapter))
        if CUDA:
            same = [job(tiny, f"same-{n}", deterministic=True, **small) for n in (1, 2)]
            check("deterministic, the same weights twice", lambda: equal(*[check.train(one) for one in same]))
            eight_billion(check)
            check("our own tests on CUDA", lambda: units(out))
        print(f"{check.failed} failed; logs in {out}")
    return 1 if check.failed else 0


def equal(first: Manifest, second: Manifest) -> str:
    assert first.digest == second.digest, f"{first.digest[:12]} and {second.digest[:12]}"
    return first.digest[:12]


if __name__ == "__main__":
    sys.exit(main())
