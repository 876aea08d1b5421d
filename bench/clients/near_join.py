"""`python near_join.py CLIENT ROWS` -> JSON: CPU seconds, peak MiB, and the pairs of near rows found, by line."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

PERMUTATIONS, THRESHOLD, BATCH, BLOCK = 128, 0.7, 1000, 2000
Pairs = Iterator[tuple[int, int]]


def texts(path: Path) -> Iterator[str]:
    """The prompts of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["prompt"]


def pairs(path: Path) -> Pairs:
    """What the check `near` and `ftgate data split` do."""
    from pytest_ftgate.data.near.near_pairs_within import near_pairs

    for pair in near_pairs(list(texts(path))):
        yield pair.one, pair.other


def dedup(path: Path) -> Pairs:
    """`ftgate data dedup`, files and all: each row that was dropped with the one that stands for it."""
    from pytest_ftgate.data.dedup.dedup import Job, deduplicate

    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        report = Path(name) / "report.jsonl"
        deduplicate(Job([path], Path(name) / "out.jsonl", report=report))
        for line in report.read_text("utf-8").splitlines():
            told = json.loads(line)
            yield tuple(int(told[key].rpartition(":")[2]) - 1 for key in ("row", "kept"))  # type: ignore[misc]


def exact(path: Path) -> Pairs:
    """The join of the leakage check, of blocks of rows with all rows: loses none; the square of their number."""
    from pytest_ftgate.data.near.jaccard_join import Fuzzy
    from pytest_ftgate.data.near.normalized import Golden, Sample

    words = [tuple(text.split()) for text in texts(path)]
    for start in range(0, len(words), BLOCK):
        join = Fuzzy([Golden("", each, each) for each in words[start : start + BLOCK]])
        for number in range(start, len(words)):
            for hit in join.find(Sample(words[number], words[number])):
                if start + hit.golden < number and hit.verdict == "leak":
                    yield start + hit.golden, number


def datasketch(path: Path) -> Pairs:
    """`MinHash.bulk` of a thousand rows at a time, then a query and an insert for each."""
    from datasketch import MinHash, MinHashLSH

    def grams(text: str) -> list[bytes]:
        return [gram.encode() for gram in {text[place : place + 5] for place in range(len(text) - 4)}]

    index, left, line = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS), texts(path), 0
    while some := list(islice(left, BATCH)):
        for made in MinHash.bulk([grams(text) for text in some], num_perm=PERMUTATIONS):
            yield from ((number, line) for number in index.query(made))
            index.insert(line, made)
            line += 1


CLIENTS: dict[str, Callable[[Path], Pairs]] = {each.__name__: each for each in (pairs, dedup, exact, datasketch)}

if __name__ == "__main__":
    found = list(CLIENTS[sys.argv[1]](Path(sys.argv[2])))
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    peak = usages[0].ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "child": usages[1].ru_maxrss / 1024, "found": found}))
