"""`python -m bench.leakage`: rows a CPU-second of our leakage check beside its peers -> a table in bench/README.md."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import MappingProxyType

import numpy as np

from bench.in_domain import Benchmark
from bench.machine import cpu
from bench.peers import ENVIRONMENTS
from bench.table import README

ENVIRONMENT, DECON = ENVIRONMENTS / "leakage", ENVIRONMENTS / "decon"
INSTALL = ("datasketch==2.0.0", "rensa")
INSTALL_DECON = ("decontaminate==0.3.0.post4",)
SCRIPTS = Path(__file__).parent / "clients"
BEGIN, END = "<!-- leakage: begin (written by `make bench-leakage`) -->", "<!-- leakage: end -->"
GOLDENS, PLANTED, WORDS_A_ROW = 500, 100, 190
CHOICES = 13_869
"""Goldens of the multiple-choice benchmark: as many as MMLU's test questions."""
OURS = ("ftgate", "unfiltered")
PROJECTED = 10_000_000
TITLES = {
    "ftgate": "**ftgate**, all stages",
    "unfiltered": "the same, without its filter",
    "decon": "decon",
    "datasketch": "datasketch, as in its README",
    "bulk": "datasketch, `MinHash.bulk`",
    "rensa": "rensa",
}


@dataclass(frozen=True, slots=True)
class Join:
    """One run. index: CPU seconds. rate: rows a CPU-second. peak: MiB.

    pasted, edited: shares of planted goldens found. others: pairs found that were not planted.
    """

    index: float
    rate: float
    peak: float
    pasted: float
    edited: float
    others: int


Data = Mapping[str, str]
Draw = Callable[[], Data]


@dataclass(frozen=True, slots=True)
class Corpus:
    """golden, row: what draws the next one. count: of goldens. slow: too slow for what compares each row with all."""

    title: str
    golden: Draw
    row: Draw
    count: int = GOLDENS
    slow: bool = False


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


def _unrelated(words: int) -> Corpus:
    texts = Texts(1)
    return Corpus(
        f"nothing in common, goldens of {words} words, rows of {WORDS_A_ROW}",
        lambda: {"input": texts.text(words)},
        lambda: {"input": texts.text(WORDS_A_ROW)},
    )


def _problems() -> Corpus:
    title = "one benchmark: word problems of 45 words, rows of 85"
    return Corpus(title, _asked(Benchmark(1).problem), _asked(Benchmark(2).problem))


def _choices() -> Corpus:
    title = "one benchmark: multiple-choice questions of 60 words, rows as long"
    return Corpus(title, _asked(Benchmark(1).choice), _asked(Benchmark(2).choice), CHOICES, slow=True)


def _asked(draw: Callable[[], tuple[str, str]]) -> Draw:
    return lambda: dict(zip(("input", "expected"), draw(), strict=True))


CORPORA: Mapping[str, Callable[[], Corpus]] = MappingProxyType(
    {
        "40": lambda: _unrelated(40),
        "190": lambda: _unrelated(WORDS_A_ROW),
        "problems": _problems,
        "choices": _choices,
    }
)


def write_data(folder: Path, corpus: Corpus, count: int) -> tuple[Path, Path]:
    """Goldens; rows, the first of which hold the first goldens, pasted into another row, and edited alone."""
    draw = random.Random(2)
    goldens = [corpus.golden() for _ in range(corpus.count)]
    texts = [golden["input"] for golden in goldens[:PLANTED]]
    rows: list[Data] = [_pasted(text, corpus.row()) for text in texts]
    rows += [{"input": _edited(text, draw)} for text in texts]
    rows += [corpus.row() for _ in range(count - len(rows))]
    paths = folder / "goldens.jsonl", folder / "rows.jsonl"
    _write(paths[0], goldens)
    _write(paths[1], rows)
    return paths


def _write(path: Path, lines: Iterable[Data]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _pasted(golden: str, row: Data) -> Data:
    words = row["input"].split()
    half = len(words) // 2
    return {"input": f"{' '.join(words[:half])} {golden} {' '.join(words[half:])}"}


def _edited(golden: str, draw: random.Random) -> str:
    """Every fiftieth letter is another: Jaccard's index of character 5-grams falls to about .8."""
    letters = list(golden)
    for place in draw.sample(range(len(letters)), len(letters) // 50):
        letters[place] = draw.choice("xyz")
    return "".join(letters)


def join(client: str, goldens: Path, rows: Path, count: int) -> Join:
    """Run one client in a process of its own."""
    done = subprocess.run([*_command(client), goldens, rows], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    found = {(golden, line) for golden, line in said["found"]}
    pasted = {(n, n) for n in range(PLANTED)}
    edited = {(n, PLANTED + n) for n in range(PLANTED)}
    shares = len(found & pasted) / PLANTED, len(found & edited) / PLANTED
    return Join(said["index"], count / said["rows"], said["peak"], *shares, len(found - pasted - edited))


def _command(client: str) -> list[Path | str]:
    if client == "decon":
        return [DECON / "bin" / "python", SCRIPTS / "leakage_decon.py"]
    python = sys.executable if client in OURS else ENVIRONMENT / "bin" / "python"
    return [python, SCRIPTS / "leakage_join.py", client]


def install() -> str:
    """The peers' environments, made once. Returns why there is no decon, or nothing."""
    _install(ENVIRONMENT, sys.executable, INSTALL)
    python = next((each for each in _pythons() if _is_312(each)), None)
    if python is None:
        return "decon is left out: its package is for CPython 3.12 alone, and this machine has none"
    _install(DECON, python, INSTALL_DECON)
    return ""


def _pythons() -> list[str]:
    return ["python3.12", *map(str, Path.home().glob(".pyenv/versions/3.12*/bin/python3.12"))]


def _is_312(python: str) -> bool:
    try:
        code = "import sys; sys.exit(sys.version_info[:2] != (3, 12))"
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install(folder: Path, python: str, packages: Sequence[str]) -> None:
    if not (folder / ".ready").exists():
        ENVIRONMENTS.mkdir(exist_ok=True)
        (ENVIRONMENTS / ".gitignore").write_text("*\n")
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
        (folder / ".ready").touch()


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="of each client (default 20000)")
    parser.add_argument("--memory-rows", type=int, default=1_000_000, help="of ours, for its memory (default 1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="alternating; the table has medians (default 3)")
    parser.add_argument("--only", choices=CORPORA, action="append", help="a corpus; may be given again (default all)")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(argv)
    missing = install()
    with tempfile.TemporaryDirectory() as folder:
        lines = list(_table(args, Path(folder), missing))
    print("\n".join(lines))
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        text = "\n".join([BEGIN, *lines, END])
        README.write_text(pattern.sub(lambda _: text, README.read_text("utf-8")), "utf-8")


def _table(args: argparse.Namespace, folder: Path, missing: str) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}: {args.rows:,} rows, one of {cpu()}, {os_load()},"
    yield f"medians of {args.rounds} alternating rounds.{f' {missing}.' if missing else ''}"
    clients = [name for name in TITLES if not (missing and name == "decon")]
    for name in args.only or CORPORA:
        corpus = CORPORA[name]()
        yield from ("", f"{corpus.title[0].upper()}{corpus.title[1:]}; {corpus.count:,} goldens:", "")
        yield "| | rows a CPU-second | index, CPU s | pasted found | edited found | other pairs | peak MiB |"
        yield "|---|--:|--:|--:|--:|--:|--:|"
        yield from _lines(
            args, write_data(folder, corpus, args.rows), [each for each in clients if _is_fit(each, corpus)]
        )
    yield from ("", *_memory(args.memory_rows, folder))


def _is_fit(client: str, corpus: Corpus) -> bool:
    return not (corpus.slow and client == "unfiltered")


def _lines(args: argparse.Namespace, data: tuple[Path, Path], clients: Sequence[str]) -> Iterator[str]:
    rounds = [{name: join(name, *data, args.rows) for name in clients} for _ in range(args.rounds)]
    for name in clients:
        rate, index = (median(getattr(each[name], what) for each in rounds) for what in ("rate", "index"))
        last = rounds[-1][name]
        shares = f"{last.pasted:.0%} | {last.edited:.0%} | {last.others:,}"
        yield f"| {TITLES[name]} | {rate:,.0f} | {index:.1f} | {shares} | {last.peak:,.0f} |"


def os_load() -> str:
    """As in "load average 0.3"; with more than one process a core CPU time is slower too."""
    return f"load average {os.getloadavg()[0]:.1f}"


def _memory(most: int, folder: Path) -> list[str]:
    """Measured at a tenth of the rows and at all of them, and on the line through both at ten million."""
    few, many = (
        (count, join("ftgate", *write_data(folder, _unrelated(WORDS_A_ROW), count), count))
        for count in (most // 10, most)
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
