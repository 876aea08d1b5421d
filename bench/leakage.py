"""`python -m bench.leakage`: rows a CPU-second of our leakage check beside its peers -> a table in bench/README.md."""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

from bench.machine import cpu
from bench.peers import ENVIRONMENTS
from bench.table import README

ENVIRONMENT = ENVIRONMENTS / "leakage"
INSTALL = ("datasketch==2.0.0", "rensa")
SCRIPT = Path(__file__).parent / "clients" / "leakage_join.py"
BEGIN, END = "<!-- leakage: begin (written by `make bench-leakage`) -->", "<!-- leakage: end -->"
GOLDENS, PLANTED, WORDS_A_ROW = 500, 100, 190
OURS = ("ftgate", "unfiltered")
PROJECTED = 10_000_000
TITLES = {
    "ftgate": "**ftgate**, all stages",
    "unfiltered": "the same, without its filter",
    "datasketch": "datasketch, as in its README",
    "bulk": "datasketch, `MinHash.bulk`",
    "rensa": "rensa",
}


@dataclass(frozen=True, slots=True)
class Join:
    """One run. rate: rows a CPU-second. peak: MiB. pasted, edited: shares of planted goldens found. false: pairs."""

    rate: float
    peak: float
    pasted: float
    edited: float
    false: int


class Texts:
    """Seeded texts of made-up words, the n-th of which is drawn about 1/n as often as the first (Zipf)."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        syllables = [first + vowel for first in "bcdfghklmnprstvw" for vowel in "aeiou"]
        draw = random.Random(0)
        self._words = ["".join(draw.choices(syllables, k=draw.choice((1, 2, 2, 3, 3, 4)))) for _ in range(20_000)]
        weights = np.cumsum(1 / np.arange(1, len(self._words) + 1))
        self._shares = weights / weights[-1]

    def text(self, words: int) -> str:
        """One text."""
        return " ".join(self._words[place] for place in np.searchsorted(self._shares, self._draw.random(words)))


def write_data(folder: Path, count: int, words: int) -> tuple[Path, Path]:
    """Goldens of so many words; rows, the first of which hold the first goldens, pasted, and edited alone."""
    texts, draw = Texts(1), random.Random(2)
    goldens = [texts.text(words) for _ in range(GOLDENS)]
    rows = [f"{texts.text(WORDS_A_ROW // 2)} {golden} {texts.text(WORDS_A_ROW // 2)}" for golden in goldens[:PLANTED]]
    rows += [_edited(golden, draw) for golden in goldens[:PLANTED]]
    paths = folder / f"goldens{words}.jsonl", folder / f"rows{words}-{count}.jsonl"
    with paths[0].open("w") as file:
        file.writelines(json.dumps({"input": text}) + "\n" for text in goldens)
    with paths[1].open("w") as file:
        file.writelines(json.dumps({"input": text}) + "\n" for text in rows)
        file.writelines(json.dumps({"input": texts.text(WORDS_A_ROW)}) + "\n" for _ in range(count - len(rows)))
    return paths


def _edited(golden: str, draw: random.Random) -> str:
    """Every fiftieth letter is another: Jaccard's index of character 5-grams falls to about .8."""
    letters = list(golden)
    for place in draw.sample(range(len(letters)), len(letters) // 50):
        letters[place] = draw.choice("xyz")
    return "".join(letters)


def join(client: str, goldens: Path, rows: Path, count: int) -> Join:
    """Run one client in a process of its own."""
    python = sys.executable if client in OURS else str(ENVIRONMENT / "bin" / "python")
    done = subprocess.run([python, str(SCRIPT), client, goldens, rows], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    found = {(golden, line) for golden, line in said["found"]}
    pasted = {(n, n) for n in range(PLANTED)}
    edited = {(n, PLANTED + n) for n in range(PLANTED)}
    false = len(found - pasted - edited)
    shares = len(found & pasted) / PLANTED, len(found & edited) / PLANTED
    return Join(count / said["seconds"], said["peak"], *shares, false)


def install() -> None:
    """The peers' environment, made once."""
    if not (ENVIRONMENT / ".ready").exists():
        ENVIRONMENTS.mkdir(exist_ok=True)
        (ENVIRONMENTS / ".gitignore").write_text("*\n")
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", *INSTALL], check=True)
        (ENVIRONMENT / ".ready").touch()


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="of each client (default 20000)")
    parser.add_argument("--memory-rows", type=int, default=1_000_000, help="of ours, for its memory (default 1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="alternating; the table has medians (default 3)")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(argv)
    install()
    with tempfile.TemporaryDirectory() as folder:
        lines = list(_table(args, Path(folder)))
    print("\n".join(lines))
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        text = "\n".join([BEGIN, *lines, END])
        README.write_text(pattern.sub(lambda _: text, README.read_text("utf-8")), "utf-8")


def _table(args: argparse.Namespace, folder: Path) -> list[str]:
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}: {args.rows:,} rows of {WORDS_A_ROW} words against {GOLDENS} goldens, "
        f"one of {cpu()}, medians of {args.rounds} alternating rounds.",
        "",
        "| | golden's words | rows a CPU-second | pasted found | edited found | false pairs | peak MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for words in (40, WORDS_A_ROW):
        goldens, rows = write_data(folder, args.rows, words)
        rounds = [{name: join(name, goldens, rows, args.rows) for name in TITLES} for _ in range(args.rounds)]
        for name, title in TITLES.items():
            rate, last = median(each[name].rate for each in rounds), rounds[-1][name]
            shares = f"{last.pasted:.0%} | {last.edited:.0%} | {last.false}"
            lines.append(f"| {title} | {words} | {rate:,.0f} | {shares} | {last.peak:,.0f} |")
    return [*lines, "", *_memory(args.memory_rows, folder)]


def _memory(most: int, folder: Path) -> list[str]:
    """Measured at a tenth of the rows and at all of them, and on the line through both at ten million."""
    few, many = (
        (count, join("ftgate", *write_data(folder, count, WORDS_A_ROW), count)) for count in (most // 10, most)
    )
    measured = ", ".join(f"{seen.peak:,.0f} MiB at {count:,} rows" for count, seen in (few, many))
    slope = max(0.0, (many[1].peak - few[1].peak) / (many[0] - few[0]))
    projected = many[1].peak + slope * (PROJECTED - many[0])
    hours = PROJECTED / many[1].rate / 3600
    told = (
        f"Our peak memory, goldens of {WORDS_A_ROW} words: {measured}; projected to {PROJECTED:,}: {projected:,.0f} MiB"
    )
    return [f"{told} and {hours:.1f} CPU hours, at {many[1].rate:,.0f} rows a CPU-second.", "Wanted: under 300 MiB."]


if __name__ == "__main__":
    main()
