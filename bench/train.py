"""`python -m bench.train`: steps of a fine-tune by us, by TRL, at the machine's limit -> a table in bench/README.md."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.leakage import Texts
from bench.machine import cpu
from bench.table import README
from pytest_ftgate.serve.compute import COMPUTING
from pytest_ftgate.serve.precision import native_dtype

SCRIPT = Path(__file__).parent / "clients" / "train_steps.py"
MODEL = Path(".ftgate/models/SmolLM2-135M-Instruct")
BEGIN, END = "<!-- train: begin (written by `make bench-train`) -->", "<!-- train: end -->"
SPREAD = 1.5
"""Of the logarithm of the questions' lengths."""
MEDIAN_WORDS, MOST_WORDS, ROW_WORDS, WARM = 6, 180, 75, 2
TITLES = {
    "trl": "TRL's SFTTrainer, as in its README",
    "trl like ours": "the same, no gradient checkpoints, our precision",
    "ours": "**ftgate**",
    "ours by length": "**ftgate**, `group_by_length`",
    "ours packed": "**ftgate**, `packing`",
    "limit": "matrix products alone",
}


@dataclass(frozen=True, slots=True)
class Steps:
    """seconds: of all steps but the first. cpu: of all threads. tokens: read, padding not counted. learnt: of these.

    padded: tokens with padding.
    """

    seconds: float
    cpu: float
    tokens: int
    learnt: int
    padded: int
    count: int

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds


def write_rows(path: Path, rows: int, words: int = 0) -> None:
    """Questions of made-up words with short answers. words: of each question, 0 = lognormal."""
    made, draw = Texts(1), random.Random(2)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(rows):
            length = words or min(MOST_WORDS, max(2, round(draw.lognormvariate(0, SPREAD) * MEDIAN_WORDS)))
            asked = [{"role": "user", "content": made.text(length)}]
            said = [{"role": "assistant", "content": made.text(3)}]
            file.write(json.dumps({"prompt": asked, "completion": said}) + "\n")


def client(name: str, folder: Path, steps: int) -> list[list[float]]:
    """Run one in a process of its own."""
    env = os.environ | {
        "FTGATE_BENCH_MODEL": str(MODEL.resolve()),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(Path.cwd()),
    }
    if not name.startswith("trl"):
        env |= COMPUTING | {"OMP_NUM_THREADS": str(len(os.sched_getaffinity(0)))}
    command = [sys.executable, str(SCRIPT), name, str(folder), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-3000:]}")
    told: list[list[float]] = json.loads(done.stdout.splitlines()[-1])
    return told


def measured(name: str, folder: Path, steps: int) -> Steps:
    """The first steps do not count: memory is new to them."""
    told = client(name, folder, steps)
    told = told[WARM:] if len(told) > WARM else told
    seconds, cpu, tokens, learnt, padded = (sum(column) for column in zip(*told, strict=True))
    return Steps(seconds, cpu, int(tokens), int(learnt), int(padded), len(told))


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=14, help="of each client and round (default 14)")
    parser.add_argument("--rounds", type=int, default=3, help="each client once in each (default 3)")
    parser.add_argument("--rows", type=int, default=100_000, help="that are tokenised; 0 for none (default 100000)")
    parser.add_argument("--only", default="", help="names of clients, by commas")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(argv)
    names = args.only.split(",") if args.only else list(TITLES)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for line in _table(Path(folder), names, args.steps, args.rounds, args.rows):
            print(line, flush=True)
            lines.append(line)
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        text = "\n".join([BEGIN, *lines, END])
        README.write_text(pattern.sub(lambda _: text, README.read_text("utf-8")), "utf-8")


def _table(folder: Path, names: Sequence[str], steps: int, rounds: int, rows: int) -> Iterator[str]:
    write_rows(folder / "train.jsonl", steps * 8)
    found = _rounds(folder, names, steps, rounds)
    load = os.getloadavg()[0]
    yield f"{datetime.now(UTC):%Y-%m-%d}, {cpu()}, load average {load:.1f}: SmolLM2-135M, LoRA r = 8,"
    yield f"{native_dtype()}, medians of {rounds} alternating rounds of {steps} steps; TRL {version('trl')}."
    yield ""
    yield "| | tokens a second | x TRL | of the limit | s a step | CPU s a step |"
    yield "|---|--:|--:|--:|--:|--:|"
    rates = {name: median(each.rate for each in found[name]) for name in names}
    for name in names:
        seconds = median(each.seconds / each.count for each in found[name])
        cpu_s = median(each.cpu / each.count for each in found[name])
        over = " | ".join(_over(rates, name, other) for other in ("trl", "limit"))
        yield f"| {TITLES[name]} | {rates[name]:,.0f} | {over} | {seconds:.2f} | {cpu_s:.2f} |"
    yield ""
    if "ours" in found:
        tokens, padded = (sum(getattr(each, name) for each in found["ours"]) for name in ("tokens", "padded"))
        packed = _over(rates, "ours packed", "ours")
        yield f"Packed, x padded: {packed}; batches with padding hold {padded / tokens:.2f} x the tokens of their rows."
    yield "Wanted: ours >= 1.5 x TRL, >= 0.6 of the limit; packed >= 2 x padded."
    if rows:
        yield from _tokenised(folder, rows)


def _rounds(folder: Path, names: Sequence[str], steps: int, rounds: int) -> Mapping[str, list[Steps]]:
    """The limit last in each round, for as many tokens as ours had in a step."""
    found: dict[str, list[Steps]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            if name == "limit":
                one = next(found[each][-1] for each in ("ours", *names) if found.get(each))
                (folder / "tokens.json").write_text(json.dumps([one.tokens // one.count, one.learnt // one.count]))
            found[name].append(measured(name, folder, steps))
    return found


def _over(rates: Mapping[str, float], name: str, other: str) -> str:
    return f"{rates[name] / rates[other]:.2f}" if name in rates and other in rates else "-"


def _tokenised(folder: Path, rows: int) -> Iterator[str]:
    part = folder / "many"
    part.mkdir()
    write_rows(part / "train.jsonl", rows, ROW_WORDS)
    first, again, count, tokens, peak, child = client("tokenise", part, 0)
    yield ""
    yield (
        f"Tokenised once: {count:,} rows of {tokens / count:.0f} tokens in {first:,.0f} s, {count / first:,.0f} rows a "
        f"second; found again in {again:.1f} s; peak {peak:,.0f} MiB, and {child:,.0f} of each further process."
    )


if __name__ == "__main__":
    main()
