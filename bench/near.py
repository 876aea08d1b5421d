"""`python -m bench.near`: near rows found by us, datasketch and the exact join -> a table in bench/README.md."""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.leakage import Texts
from bench.machine import cpu
from bench.table import README
from pytest_ftgate.data.near.common_grams import common_grams, sampled
from pytest_ftgate.data.near.gram_codes import gram_codes, jaccard_of_codes, without
from pytest_ftgate.data.near.rolling_hash import Hashes
from pytest_ftgate.data.near.together import Together

SCRIPT = Path(__file__).parent / "clients" / "near_join.py"
BEGIN, END = "<!-- near: begin (written by `make bench-near`) -->", "<!-- near: end -->"
WORDS, EDITED, SOURCES, NEAR = 60, 0.05, 20_000, 0.8
EDITS = (1, 3, 5, 7, 8, 9, 12)
"""Letters of a copy that are others: Jaccard's index about .97 to .73."""
TITLES = {
    "pairs": "**ftgate**, check `near` and `data split`",
    "dedup": "**ftgate data dedup**, a process for each core",
    "exact": "the exact join (all with all)",
    "datasketch": "datasketch, `MinHash.bulk` and `MinHashLSH` for .7, not verified",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """path: of the rows. copies: pairs of lines, a text and its edited copy. templates: what is no evidence."""

    path: Path
    texts: Sequence[str]
    copies: Sequence[tuple[int, int]]
    templates: Hashes

    @property
    def planted(self) -> frozenset[tuple[int, int]]:
        """Copies at .8 or above."""
        return frozenset(pair for pair in self.copies if self.near(*pair))

    def near(self, one: int, other: int) -> bool:
        """Compared exactly."""
        codes = (without(gram_codes(self.texts[line]), self.templates) for line in (one, other))
        return jaccard_of_codes(*codes) >= NEAR


def write_rows(folder: Path, rows: int) -> Rows:
    """Made-up texts; one in twenty is a copy of an earlier one with some letters changed."""
    made, draw = Texts(1), random.Random(2)
    texts: list[str] = []
    sources: list[int] = []
    copies = []
    for line in range(rows):
        if sources and draw.random() < EDITED:
            source = draw.choice(sources)
            texts.append(_edited(texts[source], draw))
            copies.append((source, line))
            continue
        texts.append(made.text(WORDS))
        sources += [line] if len(sources) < SOURCES else []
    path = folder / f"rows-{rows}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"prompt": text, "completion": "yes"}) + "\n" for text in texts)
    return Rows(path, texts, copies, common_grams(sampled(texts)))


def _edited(text: str, draw: random.Random) -> str:
    letters = list(text)
    for place in draw.sample(range(len(letters)), draw.choice(EDITS)):
        letters[place] = draw.choice("xyz")
    return "".join(letters)


@dataclass(frozen=True, slots=True)
class Found:
    """seconds: CPU of all processes. peak: MiB of the largest, child: of the largest it started."""

    seconds: float
    peak: float
    child: float
    pairs: Sequence[tuple[int, int]]


def find(client: str, rows: Rows) -> Found:
    """Run one client in a process of its own."""
    done = subprocess.run([sys.executable, str(SCRIPT), client, rows.path], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    return Found(said["seconds"], said["peak"], said["child"], [(one, other) for one, other in said["found"]])


def recall(found: Found, wanted: frozenset[tuple[int, int]]) -> float:
    """Of pairs that are near those whose rows are in one group."""
    together = Together(found.pairs)
    return sum(together.of(one) == together.of(other) for one, other in wanted) / len(wanted)


def precision(found: Found, rows: Rows) -> float:
    """Of pairs that were found those that are near."""
    return sum(rows.near(*pair) for pair in found.pairs) / len(found.pairs)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1_000_000, help="rows of the largest measurement (default 1000000)")
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for line in _table(Path(folder), args.most):
            print(line, flush=True)
            lines.append(line)
    if not args.no_write:
        pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        text = "\n".join([BEGIN, *lines, END])
        README.write_text(pattern.sub(lambda _: text, README.read_text("utf-8")), "utf-8")


def _table(folder: Path, most: int) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}: rows of {WORDS} words, {cpu()}; CPU time of all processes."
    yield ""
    yield "| rows | | CPU s | rows a CPU-second | peak MiB | recall at .8 | precision |"
    yield "|--:|---|--:|--:|--:|--:|--:|"
    for size, clients in _sizes(most):
        rows, wanted = write_rows(folder, size), None
        for client in clients:
            found = find(client, rows)
            wanted = frozenset(found.pairs) if client == "exact" else wanted or rows.planted
            yield _line(client, rows, found, wanted)


def _sizes(most: int) -> Iterator[tuple[int, Sequence[str]]]:
    """The exact join first: its pairs are what the others are to find; of more rows, those that were planted."""
    yield most // 50, ("exact", "pairs", "dedup", "datasketch")
    yield most // 10, ("pairs", "dedup", "datasketch")
    yield most, ("dedup",)


def _line(client: str, rows: Rows, found: Found, wanted: frozenset[tuple[int, int]]) -> str:
    size, peak = len(rows.texts), f"{found.peak:,.0f}" + (f" + {found.child:,.0f} each" if found.child > 60 else "")
    told = "by group" if client == "dedup" else f"{precision(found, rows):.4f}"
    rate = f"{found.seconds:,.1f} | {size / found.seconds:,.0f}"
    return f"| {size:,} | {TITLES[client]} | {rate} | {peak} | {recall(found, wanted):.4f} | {told} |"


if __name__ == "__main__":
    main()
