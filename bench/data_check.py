"""`python -m bench.data_check`: rows a CPU-second of each data check -> a table in bench/README.md.

A process for each check, so that what it alone imports is in its figure; the rows are read before its clock starts.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import cpu
from bench.table import README
from pytest_ftgate.data.readers.row import DataRow

BEGIN, END = "<!-- data check: begin (written by `make bench-data`) -->", "<!-- data check: end -->"
WORDS_ASKED, WORDS_ANSWERED = 30, 10
WANTED = 1000
"""Rows a second on one core, of all checks but label errors."""
PERSONAL = ("anna@birch.org", "+49 30 1234567", "4539 1488 0343 6467", "PESEL 44051401359", "536-22-8726")
STARTING, READING = "starting", "reading"


def write_rows(path: Path, count: int) -> None:
    """Of made-up words and some numbers; every twentieth row holds personal data, every tenth is nearly another."""
    draw = random.Random(3)
    syllables = [first + vowel for first in "bcdfghklmnprstvw" for vowel in "aeiou"]
    words = ["".join(draw.choices(syllables, k=draw.choice((1, 2, 2, 3, 3, 4)))) for _ in range(20_000)]
    weights = [1 / (place + 1) for place in range(len(words))]

    def text(length: int) -> str:
        return " ".join([*draw.choices(words, weights, k=length - 1), str(draw.randint(1, 10_000_000))])

    with path.open("w", encoding="utf-8") as file:
        asked = text(WORDS_ASKED)
        for place in range(count):
            asked = f"{asked} {place}" if place % 10 == 9 else text(WORDS_ASKED)
            answer = text(WORDS_ANSWERED) + (f" {draw.choice(PERSONAL)}" if place % 20 == 0 else "")
            file.write(json.dumps({"prompt": asked, "completion": answer}) + "\n")


def seconds(path: Path, name: str) -> tuple[int, float]:
    """What a check finds, and its CPU seconds in this process; of reading, or of starting, if that is the name."""
    begin = time.process_time()
    from pytest_ftgate.data.checks.all_checks import every_check
    from pytest_ftgate.data.readers.reader import read_entries

    if name == STARTING:
        return 0, time.process_time() - begin
    begin = time.process_time()
    rows = [row for row in read_entries(path) if isinstance(row, DataRow)]
    if name == READING:
        return len(rows), time.process_time() - begin
    check = next(each for each in every_check() if each.name == name)
    begin = time.process_time()
    found = sum(len(list(check.see(row))) for row in rows) + len(list(check.close()))
    return found, time.process_time() - begin


def measured(path: Path, name: str) -> float:
    """CPU seconds, in a process of its own."""
    code = "import sys, pathlib, bench.data_check as b; print(*b.seconds(pathlib.Path(sys.argv[1]), sys.argv[2]))"
    done = subprocess.run([sys.executable, "-c", code, str(path), name], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def lines(counts: tuple[int, int]) -> Iterator[str]:
    """The table in Markdown. counts: rows of two files; what time grows with is the ratio of the two."""
    from pytest_ftgate.data.checks.all_checks import every_check

    names = [STARTING, READING, *(check.name for check in every_check())]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{count}.jsonl" for count in counts]
        for path, count in zip(paths, counts, strict=True):
            write_rows(path, count)
        spent = {name: [measured(path, name) for path in paths] for name in names}
    yield f"{datetime.now(UTC):%Y-%m-%d}, {cpu()}: CPU seconds of each check, with what it alone imports."
    yield ""
    linear = f"growth ({counts[1] / counts[0]:g} is linear)"
    yield f"| check | {counts[0]:,} rows | {counts[1]:,} rows | {linear} | rows a second |"
    yield "| --- | --: | --: | --: | --: |"
    for name, (few, many) in spent.items():
        growth = f"{many / few:.1f}" if few > 0.05 else ""
        rate = "" if name == STARTING else f"{counts[1] / max(many, 0.001):,.0f}"
        yield f"| {name} | {few:.2f} | {many:.2f} | {growth} | {rate} |"
    whole = sum(many for name, (_, many) in spent.items() if name != "mislabelled")
    yield ""
    yield f"All of them but `mislabelled`: {counts[1] / whole:,.0f} rows a CPU-second (wanted: {WANTED:,})."


def main() -> None:
    """Print the table; put it into bench/README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs=2, default=(2_000, 20_000))
    parser.add_argument("--no-write", action="store_true")
    args = parser.parse_args()
    text = "\n".join(lines((args.rows[0], args.rows[1])))
    print(text)
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        old = README.read_text(encoding="utf-8")
        README.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


if __name__ == "__main__":
    main()
